"""CustomField elements as `Field` values.

Owns the defaults that Salesforce applies when an element is left out, and which types are writable.
Types that the org cannot hold (external lookups, files) become no field at all: the caller
lists them as unsupported, so that whatever uses them fails by name. Roll-ups are read elsewhere,
after all others.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

from lxml import etree

from sandbox.metadata.documents import child, children, flag, number, text, texts
from sandbox.org.schema import (
    Field,
    FieldType,
    FilterItem,
    LookupFilter,
    PicklistValue,
)

_TYPES = {member.value: member for member in FieldType} | {
    "EncryptedText": FieldType.TEXT,
    "Hierarchy": FieldType.LOOKUP,
}
_LENGTHS = {
    FieldType.TEXT_AREA: 255,
    FieldType.EMAIL: 80,
    FieldType.PHONE: 40,
    FieldType.URL: 255,
    FieldType.PICKLIST: 255,
    FieldType.MULTISELECT: 4099,
    FieldType.AUTO_NUMBER: 30,
    FieldType.LOOKUP: 18,
    FieldType.MASTER_DETAIL: 18,
}
ValueSets = dict[str, tuple[PicklistValue, ...]]


def is_supported_type(element: etree._Element) -> bool:
    """True when the org can hold values of the field's type."""
    return text(element, "type") in _TYPES


def read_field(element: etree._Element, name: str, value_sets: ValueSets) -> Field:
    """A custom field from its element, which the Metadata schema has accepted."""
    kind = _TYPES[text(element, "type") or ""]
    formula = text(element, "formula")
    computed = formula is not None or kind is FieldType.AUTO_NUMBER
    values = read_values(element, value_sets)
    master = kind is FieldType.MASTER_DETAIL
    target = text(element, "referenceTo")
    return Field(
        name=name,
        type=kind,
        label=text(element, "label") or name,
        length=number(element, "length") or _LENGTHS.get(kind),
        precision=number(element, "precision"),
        scale=number(element, "scale") or 0,
        required=flag(element, "required") or master,
        unique=flag(element, "unique"),
        case_sensitive=flag(element, "caseSensitive"),
        external_id=flag(element, "externalId"),
        custom=True,
        createable=not computed,
        updateable=not computed and (not master or flag(element, "reparentableMasterDetail")),
        reference_to=(target,) if target else (),
        relationship_name=f"{name[:-1]}r" if target else None,
        child_relationship_name=_children_name(element),
        delete_constraint=text(element, "deleteConstraint") or ("Cascade" if master else "SetNull"),
        values=values,
        restricted=_is_restricted(element),
        default=text(element, "defaultValue") or _default_of(values),
        formula=formula,
        blanks_as_zero=text(element, "formulaTreatBlanksAs") != "BlankAsBlank",
        track_history=flag(element, "trackHistory"),
        lookup_filter=_read_filter(element),
        display_format=text(element, "displayFormat"),
        starting_number=number(element, "startingNumber") or 1,
        description=text(element, "description") or "",
        help_text=text(element, "inlineHelpText") or "",
        visible_lines=number(element, "visibleLines"),
        controller=_read_controller(element),
    )


def _read_controller(element: etree._Element) -> str | None:
    value_set = child(element, "valueSet")
    return text(value_set, "controllingField") if value_set is not None else None


def read_name_field(element: etree._Element) -> Field:
    """The Name of a custom object: a text that people fill in, or an auto number."""
    field = read_field(element, "Name", {})
    if field.type is FieldType.AUTO_NUMBER:
        return replace(field, custom=False)
    return replace(field, custom=False, length=80, required=True)


def change_standard_field(known: Field, element: etree._Element, value_sets: ValueSets) -> Field:
    """A standard field with what a field file says about it; the rest stays Salesforce's."""
    values = read_values(element, value_sets)
    return replace(
        known,
        label=text(element, "label") or known.label,
        track_history=flag(element, "trackHistory", known.track_history),
        description=text(element, "description") or known.description,
        help_text=text(element, "inlineHelpText") or known.help_text,
        lookup_filter=_read_filter(element) or known.lookup_filter,
        values=values or known.values,
        default=_default_of(values) or known.default,
    )


def with_values(field: Field, values: tuple[PicklistValue, ...]) -> Field:
    """A picklist with another value set, and that set's default."""
    return replace(field, values=values, default=_default_of(values))


def read_values(element: etree._Element, value_sets: ValueSets) -> tuple[PicklistValue, ...]:
    """The values of a picklist field, its own or those of the global set that it names."""
    value_set = child(element, "valueSet")
    if value_set is None:
        return ()
    shared = text(value_set, "valueSetName")
    if shared:
        return _depend(value_set, value_sets.get(shared, ()))
    definition = child(value_set, "valueSetDefinition")
    values = read_value_list(definition, "value") if definition is not None else ()
    return _depend(value_set, values)


def _depend(
    value_set: etree._Element, values: tuple[PicklistValue, ...]
) -> tuple[PicklistValue, ...]:
    """The values with those of the controlling field that offer them."""
    if text(value_set, "controllingField") is None:
        return values
    offered: dict[str, list[str]] = {value.value: [] for value in values}
    for setting in children(value_set, "valueSettings"):
        controls = [word for word, _ in texts(setting, "controllingFieldValue")]
        offered.setdefault(text(setting, "valueName") or "", []).extend(controls)
    return tuple(replace(value, valid_for=tuple(offered[value.value])) for value in values)


def read_offers(record_type: etree._Element) -> dict[str, frozenset[str]]:
    """The values that a record type offers of each picklist; its file escapes them like a URL."""
    return {
        text(entry, "picklist") or "": frozenset(
            unquote(text(value, "fullName") or "") for value in children(entry, "values")
        )
        for entry in children(record_type, "picklistValues")
    }


def read_type_defaults(record_type: etree._Element) -> dict[str, str]:
    """The values that a record type gives new records, by picklist."""
    chosen = {
        text(entry, "picklist") or "": ";".join(
            unquote(text(value, "fullName") or "")
            for value in children(entry, "values")
            if flag(value, "default")
        )
        for entry in children(record_type, "picklistValues")
    }
    return {picklist: value for picklist, value in chosen.items() if value}


def missing_value_set(element: etree._Element, value_sets: ValueSets) -> str | None:
    """The global value set that a picklist names and that nobody has brought; None otherwise."""
    value_set = child(element, "valueSet")
    shared = text(value_set, "valueSetName") if value_set is not None else None
    return shared if shared and shared not in value_sets else None


def read_value_list(holder: etree._Element, tag: str) -> tuple[PicklistValue, ...]:
    """The values listed under `tag`, in file order, which is their sort order."""
    return tuple(_read_value(element) for element in children(holder, tag))


def _read_value(element: etree._Element) -> PicklistValue:
    name = text(element, "fullName") or ""
    category = text(element, "groupingString") or ""
    for tag in ("won", "closed"):
        category = category or (tag.title() if flag(element, tag) else "")
    return PicklistValue(
        value=name,
        label=text(element, "label") or name,
        is_default=flag(element, "default"),
        is_active=flag(element, "isActive", True),
        category=category,
        probability=number(element, "probability"),
        forecast=text(element, "forecastCategory") or "",
    )


def _default_of(values: tuple[PicklistValue, ...]) -> str | None:
    for value in values:
        if value.is_default:
            escaped = value.value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
    return None


def _is_restricted(element: etree._Element) -> bool:
    value_set = child(element, "valueSet")
    if value_set is None:
        return False
    # Fields on a global value set are always restricted to it.
    return flag(value_set, "restricted") or text(value_set, "valueSetName") is not None


def _children_name(element: etree._Element) -> str | None:
    name = text(element, "relationshipName")
    return f"{name}__r" if name else None


def _read_filter(element: etree._Element) -> LookupFilter | None:
    found = child(element, "lookupFilter")
    if found is None:
        return None
    items = tuple(
        FilterItem(
            text(item, "field") or "",
            text(item, "operation") or "",
            text(item, "value"),
            text(item, "valueField"),
        )
        for item in children(found, "filterItems")
    )
    return LookupFilter(
        items,
        flag(found, "active"),
        flag(found, "isOptional"),
        text(found, "booleanFilter"),
        text(found, "errorMessage"),
    )
