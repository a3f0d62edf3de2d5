"""Cuts rows into pieces of bounded size: transactions, messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def chunked(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """The values in lists of `size`, the last one shorter; no values, no list."""
    remaining = iter(values)
    while chunk := list(islice(remaining, size)):
        yield chunk
