"""What an org's describe says of a field, reduced to what a mirror of it depends on.

Owns that reduction. Source: REST
API guide, "sObject Describe"; SOAP API guide, "Field" of DescribeSObjectResult (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sfsync import jsonio
from sfsync.mapping import DESCRIBED_TYPES, Kind

#: The kind that holds a field's values, by its type. A type that is not here is not mirrored.
KIND_OF_TYPE = {name: kind for kind, names in DESCRIBED_TYPES.items() for name in names}
PICKLISTS = frozenset({"picklist", "multipicklist"})
#: Longer than this, values are counted and not named in a sentence.
MOST_NAMED = 5


@dataclass(frozen=True)
class Description:
    """One field as the org describes it to us."""

    type: str
    length: int = 0  #: characters; 0 where it means nothing
    precision: int = 0  #: digits in all
    scale: int = 0  #: digits behind the point
    nillable: bool = True
    updateable: bool = True
    values: tuple[str, ...] = ()  #: active values of a picklist
    targets: tuple[str, ...] = ()  #: sObjects that a lookup may point at
    is_formula: bool = False
    label: str = ""
    is_filterable: bool = True
    relationship: str = ""  #: the name of a lookup in paths and in written references

    @property
    def kind(self) -> Kind | None:
        """The kind that holds its values; None for a type that is not mirrored."""
        return KIND_OF_TYPE.get(self.type)

    @property
    def is_picklist(self) -> bool:
        """Whether its values are a list."""
        return self.type in PICKLISTS

    @property
    def whole_digits(self) -> int:
        """Digits before the point."""
        return self.precision - self.scale

    @property
    def words(self) -> str:
        """The field's shape for people: `currency (18, 2)`, `picklist of 4 values`."""
        formula = "formula of " if self.is_formula else ""
        return f"{formula}{self.type}{self._size()}"

    def _size(self) -> str:
        if self.is_picklist:
            return f" of {len(self.values)} values"
        if self.targets:
            return f" to {' or '.join(self.targets)}"
        if self.kind is Kind.DECIMAL:
            return f" ({self.precision}, {self.scale})"
        return f" ({self.length})" if self.length and self.kind is Kind.TEXT else ""

    def spell(self) -> str:
        """The description as JSON text, to be kept."""
        return jsonio.dumps(asdict(self), sort_keys=True)


def parse_description(text: str) -> Description:
    """What `Description.spell` wrote."""
    facts: dict[str, Any] = jsonio.loads(text)
    return Description(**facts | {name: tuple(facts[name]) for name in ("values", "targets")})


def read_descriptions(describe: Mapping[str, Any]) -> dict[str, Description]:
    """Every field of an sObject's describe, by API name."""
    return {str(each["name"]): _read(each) for each in describe["fields"]}


def find_described(descriptions: Mapping[str, Description], path: str) -> Description | None:
    """The field behind a path of ours; of a path through a lookup, the lookup; None: not there.

    What lies behind a lookup belongs to another sObject, which this describe says nothing of.
    """
    head, _, rest = path.partition(".")
    if not rest:
        return descriptions.get(head)
    lookups = (each for each in descriptions.values() if each.relationship == head)
    return next(lookups, None)


def custom_fields(describe: Mapping[str, Any]) -> Iterator[str]:
    """The API names of the customer's own fields, of types that can be mirrored."""
    for each in describe["fields"]:
        if each.get("custom") and each["type"] in KIND_OF_TYPE:
            yield str(each["name"])


def name_values(values: Mapping[str, object] | frozenset[str] | tuple[str, ...]) -> str:
    """Some values in a sentence, the first of them when there are many."""
    named = sorted(values)
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return ", ".join(repr(each) for each in named[:MOST_NAMED]) + more


def _read(field: Mapping[str, Any]) -> Description:
    is_whole = field["type"] in ("int", "long")
    return Description(
        type=str(field["type"]),
        length=int(field.get("length") or 0),
        precision=int(field.get("digits" if is_whole else "precision") or 0),
        scale=int(field.get("scale") or 0),
        nillable=bool(field.get("nillable", True)),
        updateable=bool(field.get("updateable", True)),
        values=tuple(each["value"] for each in field.get("picklistValues") or () if each["active"]),
        targets=tuple(field.get("referenceTo") or ()),
        is_formula=bool(field.get("calculated")),
        label=str(field.get("label") or ""),
        is_filterable=bool(field.get("filterable", True)),
        relationship=str(field.get("relationshipName") or ""),
    )
