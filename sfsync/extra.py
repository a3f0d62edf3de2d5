"""The text of the column `extra`: values of fields that the org has and our mapping does not know.

Owns that text: a JSON object by API name, names sorted, empty values left out, each value in one
spelling whichever way it came, so that equal values are equal texts. A record without any has no
text at all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from sfsync import jsonio
from sfsync.checksums import spell_number


def spell_extra(values: Mapping[str, object]) -> str | None:
    """The values, as `sfsync.values` reads them, as text; None when all of them are empty."""
    held = {name: _plain(value) for name, value in values.items() if value is not None}
    return jsonio.dumps(held, sort_keys=True) if held else None


def parse_extra(text: str | None) -> dict[str, Any]:
    """The values by API name: numbers exact, dates and instants as Salesforce spells them."""
    return {} if text is None else dict(jsonio.loads(text))


def keep_extra(new: str | None, old: str | None, kept: Collection[str]) -> str | None:
    """The new text with what the old one holds of the fields that are `kept`."""
    if not kept or old is None:
        return new
    last = {name: value for name, value in parse_extra(old).items() if name in kept}
    return spell_extra({**last, **parse_extra(new)})


def _plain(value: object) -> object:
    return Decimal(spell_number(str(value))) if isinstance(value, Decimal) else value
