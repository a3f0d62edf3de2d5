"""The canonical JSON of frozen values, and back.

It owns the form in which a decision's inputs are stored, so that equal facts always give the same
bytes: sorted keys, no spaces, pure ASCII, decimals as shortest exact text, instants in UTC, empty
fields left out. Anything else than the value types of the model is refused, floats above all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def dump(plain: object) -> str:
    """Plain lists, dicts and scalars as canonical JSON text."""
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def to_plain(value: object) -> Any:
    """A frozen value as plain JSON-ready data. Raises TypeError for what the model never holds."""
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Decimal):
        return tell_decimal(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if is_dataclass(value):
        pairs = ((name, getattr(value, name)) for name in _names_of(cast(Hashable, type(value))))
        return {name: to_plain(item) for name, item in pairs if item is not None}
    raise TypeError(f"{value!r} has no canonical form; use the value types of tenders.model.")


def from_plain(kind: type[T], plain: Mapping[str, Any]) -> T:
    """The frozen value of dataclass `kind` that `to_plain` made this from.

    A field that is missing was empty; one that did not exist yet takes its default.
    Raises KeyError, TypeError or ValueError for data that `to_plain` never made.
    """
    values = {}
    for name, hint, has_default in _shape_of(cast(Hashable, kind)):
        if name in plain:
            values[name] = _reader_of(hint)(plain[name])
        elif NoneType in get_args(hint):
            values[name] = None
        elif not has_default:
            raise KeyError(f"{kind.__name__}.{name} is missing from the stored inputs.")
    return kind(**values)


def tell_decimal(number: Decimal) -> str:
    """The shortest exact text of a decimal: 1000.10 and 1000.1 are both `1000.1`."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@cache
def _names_of(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _shape_of(kind: Any) -> tuple[tuple[str, Any, bool], ...]:
    hints = get_type_hints(kind)
    return tuple(
        (
            field.name,
            hints[field.name],
            field.default is not MISSING or field.default_factory is not MISSING,
        )
        for field in fields(kind)
    )


@cache
def _reader_of(hint: Any) -> Callable[[Any], Any]:
    if get_origin(hint) is UnionType:
        inner = next(part for part in get_args(hint) if part is not NoneType)
        return _reader_of(inner)
    if get_origin(hint) is tuple:
        read_item = _reader_of(get_args(hint)[0])
        return lambda plain: tuple(read_item(item) for item in plain)
    if get_origin(hint) is dict:
        read_value = _reader_of(get_args(hint)[1])
        return lambda plain: {key: read_value(item) for key, item in plain.items()}
    if is_dataclass(hint):
        return partial(from_plain, cast(type[Any], hint))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    return _SCALARS[hint]


#: How each scalar of the model is read back.
_SCALARS: dict[Any, Callable[[Any], Any]] = {
    str: str,
    int: int,
    bool: bool,
    Decimal: Decimal,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}
