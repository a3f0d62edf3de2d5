"""A table on disk that is read page by page, however large it is.

Owns the way to row number N of a file whose rows may hold line breaks: the place of every row is
kept beside it, eight bytes each, so neither writing nor reading holds the rows in memory.
"""

from __future__ import annotations

import random
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from sandbox.bulk.dialect import Dialect

_PLACE = 8
_PIECE = 256 * 1024


class ResultWriter:
    """Writes a table row by row. Use it in `with`; `path` gets a companion `.places`."""

    def __init__(self, path: Path, dialect: Dialect, header: Sequence[str]) -> None:
        self._file = path.open("wb")
        self._places = path.with_suffix(".places").open("wb")
        self._pieces: list[str] = []
        self._rows = dialect.writer(self._pieces.append)
        self._end = 0
        self.count = -1
        self.write([header])

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Add rows; None is an empty cell."""
        pieces = self._pieces
        pieces.clear()
        self._rows.writerows(rows)
        text = "".join(pieces)
        data = text.encode()
        lengths = map(len, pieces) if len(data) == len(text) else (len(p.encode()) for p in pieces)
        ends = array("Q", accumulate(lengths, initial=self._end))
        self._end = ends.pop()
        self.count += len(ends)
        self._file.write(data)
        self._places.write(ends.tobytes())

    def __enter__(self) -> ResultWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._places.write(array("Q", [self._end]).tobytes())
        self._file.close()
        self._places.close()


class ResultFile:
    """A finished table."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places = path.with_suffix(".places")

    @property
    def count(self) -> int:
        """How many rows there are, the header not counted."""
        return self._places.stat().st_size // _PLACE - 2

    def read(self, first: int, count: int) -> tuple[int, Iterator[bytes]]:
        """The header with `count` rows from row `first` (0): their size in bytes, and the bytes."""
        last = min(first + count, self.count)
        header_end, start, end = self._place(1), self._place(first + 1), self._place(last + 1)
        size = header_end + max(0, end - start)
        return size, self._stream([(0, header_end), (start, max(start, end))])

    def shuffle(self, seed: int) -> None:
        """Put the rows into another order, the same for the same seed."""
        places = array("Q", self._places.read_bytes())
        order = list(range(1, len(places) - 1))
        random.Random(seed).shuffle(order)  # noqa: S311 - repeatable on purpose
        order.insert(0, 0)
        draft = self._path.with_suffix(".shuffled")
        with self._path.open("rb") as old, draft.open("wb") as new:
            for row in order:
                old.seek(places[row])
                new.write(old.read(places[row + 1] - places[row]))
        sizes = (places[row + 1] - places[row] for row in order)
        self._places.write_bytes(array("Q", accumulate(sizes, initial=0)).tobytes())
        draft.replace(self._path)

    def _place(self, row: int) -> int:
        with self._places.open("rb") as file:
            file.seek(row * _PLACE)
            return int.from_bytes(file.read(_PLACE), sys.byteorder)

    def _stream(self, spans: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            for start, end in spans:
                file.seek(start)
                left = end - start
                while left and (piece := file.read(min(left, _PIECE))):
                    left -= len(piece)
                    yield piece
