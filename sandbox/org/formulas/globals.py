"""Global values that the engine knows by itself, such as `$System.OriginDateTime`.

Owns only constants. Everything that depends on the user, the org or the record comes from the
context.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.org.formulas.interface import ResultType, Value


@dataclass(frozen=True)
class SystemValue:
    """A constant with its type."""

    type: ResultType
    value: Value


#: By lower-case name. Source: Salesforce help, "Global Variables": 1900-01-01 00:00:00.
SYSTEM_VALUES = {
    "$system.origindatetime": SystemValue(ResultType.DATETIME, datetime(1900, 1, 1, tzinfo=UTC)),
}
