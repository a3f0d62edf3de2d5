"""GEOLOCATION and DISTANCE.

Owns the earth's size: the mean radius that Salesforce uses, 3,958.761 miles or 6,371.009 km. The
distance is computed along a great circle in doubles, as Salesforce does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from sandbox.org.formulas.arithmetic import as_float, from_float
from sandbox.org.formulas.errors import FormulaError, FormulaTypeError
from sandbox.org.formulas.interface import FormulaContext, Value
from sandbox.org.formulas.nodes import Call, Literal
from sandbox.org.formulas.signature import (
    LOCATION,
    NUMBER,
    TEXT,
    Bound,
    Function,
    check_count,
    check_kind,
)

RADIUS = {"mi": Decimal("3958.761"), "km": Decimal("6371.009")}
MAX_LATITUDE, MAX_LONGITUDE = 90, 180


@dataclass(frozen=True)
class Location:
    """A point on the earth in degrees; both parts are blank or none."""

    latitude: Decimal | None
    longitude: Decimal | None


def _geolocation(latitude: Value, longitude: Value) -> Location:
    if (latitude is None) != (longitude is None):
        raise FormulaError("GEOLOCATION() needs both a latitude and a longitude, or neither")
    if latitude is not None and latitude.copy_abs() > MAX_LATITUDE:
        raise FormulaError(f"Latitude {latitude} is not between -90 and 90")
    if longitude is not None and longitude.copy_abs() > MAX_LONGITUDE:
        raise FormulaError(f"Longitude {longitude} is not between -180 and 180")
    return Location(latitude, longitude)


def _unit_vector(latitude: Decimal, longitude: Decimal) -> tuple[float, float, float]:
    north, east = math.radians(as_float(latitude)), math.radians(as_float(longitude))
    return math.sin(east) * math.cos(north), math.cos(east) * math.cos(north), math.sin(north)


def _distance(here: Value, there: Value, unit: Value) -> Value:
    radius = RADIUS.get(unit or "")
    if radius is None:
        raise FormulaError(f"DISTANCE() knows the units 'mi' and 'km', not '{unit or ''}'")
    if here is None or there is None or here.latitude is None or there.latitude is None:
        return None
    chord = math.dist(
        _unit_vector(here.latitude, here.longitude), _unit_vector(there.latitude, there.longitude)
    )
    return from_float(2 * as_float(radius) * math.asin(min(chord / 2, 1)))


def _bind_distance(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 3, 3)
    here, there, unit = arguments
    check_kind(call, here, (LOCATION,))
    check_kind(call, there, (LOCATION,))
    check_kind(call, unit, (TEXT,))
    if isinstance(unit.node, Literal) and unit.node.value not in RADIUS:
        raise FormulaTypeError(
            f"DISTANCE() knows the units 'mi' and 'km', not '{unit.node.value}'",
            unit.node.line,
            unit.node.column,
        )

    def run(context: FormulaContext) -> Value:
        return _distance(here.run(context), there.run(context), unit.run(context))

    return Bound(NUMBER, run, call)


FUNCTIONS = (
    Function("DISTANCE", binding=_bind_distance),
    Function("GEOLOCATION", ((NUMBER,), (NUMBER,)), LOCATION, _geolocation, takes_blank=True),
)
