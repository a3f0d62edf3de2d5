"""Produces values in a second thread, a few ahead of the one that consumes them.

Owns the overlap of the network and the database: while one waits, the other works. What is ready
and not yet taken is bounded, so that a fast org cannot fill the memory.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import Full, Queue
from typing import Generic, TypeVar

T = TypeVar("T")

#: How often a producer whose queue is full looks whether anybody still wants its values.
LOOK_EVERY_S = 0.1


@contextmanager
def ahead(values: Iterable[T], depth: int) -> Iterator[Iterator[T]]:
    """The values, at most `depth` of them ready before they are asked for.

    What raises in `values` is raised to the consumer in its place. The thread has ended when the
    block has, however it ends; `values` must not block for ever.
    """
    producer = _Producer(values, depth)
    producer.thread.start()
    try:
        yield producer.take()
    finally:
        producer.stop()


class _Producer(Generic[T]):
    """The thread and its queue, in which an end is a tuple with the error or nothing."""

    def __init__(self, values: Iterable[T], depth: int) -> None:
        self.thread = threading.Thread(target=self._run, name="readahead", daemon=True)
        self._values = values
        self._queue: Queue[list[T] | BaseException | None] = Queue(depth)
        self._is_wanted = True

    def take(self) -> Iterator[T]:
        """The values as they come."""
        while True:
            found = self._queue.get()
            if found is None:
                return
            if isinstance(found, BaseException):
                raise found
            yield found[0]

    def stop(self) -> None:
        """Ends the thread; what it had ready is dropped."""
        self._is_wanted = False
        self.thread.join()

    def _run(self) -> None:
        try:
            for value in self._values:
                # In a list, so that a value is told from an end.
                if not self._put([value]):
                    return
        except BaseException as error:
            self._put(error)
        else:
            self._put(None)

    def _put(self, item: list[T] | BaseException | None) -> bool:
        while self._is_wanted:
            try:
                self._queue.put(item, timeout=LOOK_EVERY_S)
            except Full:
                continue
            return True
        return False
