"""Auto numbers: `OP-{0000000000}` and the number that comes next.

Owns the display format. Numbers are never given twice; a save that is undone leaves a gap, as in a
real org. Source: help.salesforce.com, "Custom Field Types", auto number.
"""

from __future__ import annotations

import re
from datetime import datetime

from sandbox.org.save import Save

_TOKEN = re.compile(r"\{(0+|YYYY|YY|MM|DD)\}")
_DATE_TOKENS = {"YYYY": "%Y", "YY": "%y", "MM": "%m", "DD": "%d"}


def format_number(display_format: str, number: int, now: datetime) -> str:
    """The auto number as people see it; a number wider than its zeros is not cut."""

    def fill(token: re.Match[str]) -> str:
        name = token.group(1)
        date_format = _DATE_TOKENS.get(name)
        return now.strftime(date_format) if date_format else str(number).zfill(len(name))

    return _TOKEN.sub(fill, display_format)


def assign_auto_numbers(save: Save) -> None:
    """Give a new record its numbers."""
    for field in save.plan.auto_numbers:
        sequence = f"number:{save.sobject.name}.{field.name}"
        number = save.core.store.next_number(sequence, field.starting_number)
        form = field.display_format or "{0}"
        save.record[field.name] = format_number(form, number, save.now)
