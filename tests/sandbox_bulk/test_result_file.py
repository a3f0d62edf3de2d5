from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.bulk.dialect import DELIMITERS, LINE_ENDINGS, BadTableError, Dialect
from sandbox.bulk.result_file import ResultFile, ResultWriter

CELLS = st.text(st.characters(codec="utf-8"), max_size=12)
DIALECTS = st.builds(Dialect, st.sampled_from(list(DELIMITERS)), st.sampled_from(["LF", "CRLF"]))


def write(path: Path, dialect: Dialect, rows: list[list[str]]) -> ResultFile:
    with ResultWriter(path, dialect, ["a", "b"]) as writer:
        for row in rows:
            writer.write([row])
    return ResultFile(path)


def content(file: ResultFile, first: int, count: int) -> bytes:
    size, pieces = file.read(first, count)
    data = b"".join(pieces)
    assert len(data) == size
    return data


@settings(max_examples=60)
@given(dialect=DIALECTS, rows=st.lists(st.tuples(CELLS, CELLS).map(list), max_size=6))
def test_every_cell_survives_a_round_trip(
    tmp_path_factory: pytest.TempPathFactory, dialect: Dialect, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("table") / "t.csv"

    write(path, dialect, rows)

    assert list(dialect.read(path)) == [["a", "b"], *rows]


@settings(max_examples=60)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS).map(list), max_size=8),
    size=st.integers(min_value=1, max_value=9),
)
def test_pages_put_together_are_the_whole_table(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], size: int
) -> None:
    file = write(tmp_path_factory.mktemp("table") / "t.csv", Dialect(), rows)
    read: list[list[str]] = []

    for first in range(0, file.count, size):
        text = content(file, first, size).decode()
        header, *page = csv.reader(io.StringIO(text, newline=""))
        assert header == ["a", "b"]
        read += page

    assert read == rows


def test_shuffling_keeps_every_row_and_repeats_with_its_seed(tmp_path: Path) -> None:
    rows = [[str(number), "x\ny"] for number in range(50)]
    orders = []
    for seed in (7, 7, 8):
        path = tmp_path / f"{len(orders)}.csv"
        write(path, Dialect(), rows).shuffle(seed)
        orders.append(list(Dialect().read(path)))

    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert orders[0][0] == ["a", "b"]
    assert sorted(orders[0][1:]) == sorted(rows)


@pytest.mark.parametrize("ending", LINE_ENDINGS)
def test_a_file_with_the_other_line_ending_is_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "t.csv"
    other = "\r\n" if ending == "LF" else "\n"
    path.write_bytes(f'"Na\nme"{other}A{other}'.encode())

    with pytest.raises(BadTableError, match=f"Current LineEnding setting is {ending}"):
        list(Dialect(line_ending=ending).read(path))


@pytest.mark.parametrize("data", [b'Name\n"A', b"Name\n\xff\n", b'Name\n"A"B\n'])
def test_what_is_no_table_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)

    with pytest.raises(BadTableError, match="InvalidBatch"):
        list(Dialect().read(path))


def test_a_mark_at_the_start_and_empty_lines_are_no_data(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbfName\n\nA\n")

    assert list(Dialect().read(path)) == [["Name"], ["A"]]
