"""Geolocations: CustomField elements of the type Location, held by their two halves.

Owns the names of the halves and what they take from the field. The compound field, which clients
can only read, is not here: the caller lists it, so that whatever uses it fails by name. Source:
developer.salesforce.com, Object Reference, "Geolocation Compound Field".
"""

from __future__ import annotations

from lxml import etree

from sandbox.metadata.documents import flag, number, text
from sandbox.org.schema import Field, FieldType

_HALVES = ("Latitude", "Longitude")
#: Both halves lie within 180 degrees of nought.
_WHOLE_DIGITS = 3


def is_geolocation(element: etree._Element) -> bool:
    """True for a custom field that stands for a latitude and a longitude."""
    return text(element, "type") == "Location"


def read_halves(element: etree._Element, name: str) -> list[Field]:
    """The fields that records hold for a geolocation."""
    scale = number(element, "scale") or 0
    label = text(element, "label") or name
    return [
        Field(
            _name_half(name, half),
            FieldType.NUMBER,
            label=f"{label} ({half})",
            precision=scale + _WHOLE_DIGITS,
            scale=scale,
            required=flag(element, "required"),
            custom=True,
            track_history=flag(element, "trackHistory"),
            description=text(element, "description") or "",
            help_text=text(element, "inlineHelpText") or "",
        )
        for half in _HALVES
    ]


def reason_for(name: str) -> str:
    """Why the compound field itself is not here."""
    halves = " and ".join(_name_half(name, half) for half in _HALVES)
    return f"type Location is not supported as a whole: use {halves}"


def _name_half(name: str, half: str) -> str:
    """`Place__Latitude__s` of `Place__c`."""
    return f"{name.removesuffix('c')}{half}__s"
