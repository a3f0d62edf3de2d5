"""What one field looks like to clients.

Owns the translation of Metadata API field types into describe's own vocabulary.
Source: REST API guide, "sObject Describe"; SOAP API guide, "Field".
"""

from __future__ import annotations

from base64 import b64encode

from sandbox.org.access import Access
from sandbox.org.field_security import is_permissionable
from sandbox.org.schema import Field, FieldType, PicklistValue, SObject

#: describe's `type` and `soapType` for each type of the Metadata API.
_TYPES = {
    FieldType.ID: ("id", "tns:ID"),
    FieldType.TEXT: ("string", "xsd:string"),
    FieldType.TEXT_AREA: ("textarea", "xsd:string"),
    FieldType.LONG_TEXT_AREA: ("textarea", "xsd:string"),
    FieldType.HTML: ("textarea", "xsd:string"),
    FieldType.EMAIL: ("email", "xsd:string"),
    FieldType.PHONE: ("phone", "xsd:string"),
    FieldType.URL: ("url", "xsd:string"),
    FieldType.PICKLIST: ("picklist", "xsd:string"),
    FieldType.MULTISELECT: ("multipicklist", "xsd:string"),
    FieldType.CHECKBOX: ("boolean", "xsd:boolean"),
    FieldType.NUMBER: ("double", "xsd:double"),
    FieldType.CURRENCY: ("currency", "xsd:double"),
    FieldType.PERCENT: ("percent", "xsd:double"),
    FieldType.DATE: ("date", "xsd:date"),
    FieldType.DATETIME: ("datetime", "xsd:dateTime"),
    FieldType.TIME: ("time", "xsd:time"),
    FieldType.AUTO_NUMBER: ("string", "xsd:string"),
    FieldType.LOOKUP: ("reference", "tns:ID"),
    FieldType.MASTER_DETAIL: ("reference", "tns:ID"),
}
#: Lengths of types whose metadata does not say one.
_LENGTHS = {
    FieldType.ID: 18,
    FieldType.LOOKUP: 18,
    FieldType.MASTER_DETAIL: 18,
    FieldType.TEXT: 255,
    FieldType.TEXT_AREA: 255,
    FieldType.EMAIL: 80,
    FieldType.PHONE: 40,
    FieldType.URL: 255,
    FieldType.PICKLIST: 255,
    FieldType.MULTISELECT: 4099,
    FieldType.AUTO_NUMBER: 80,
    FieldType.LONG_TEXT_AREA: 32768,
    FieldType.HTML: 32768,
}
_UNSORTABLE = frozenset({FieldType.LONG_TEXT_AREA, FieldType.HTML, FieldType.MULTISELECT})
_UNFILTERABLE = frozenset({FieldType.LONG_TEXT_AREA, FieldType.HTML})


def field_types(field: Field) -> tuple[str, str]:
    """describe's `type` and `soapType` of a field."""
    if field.holds_any_type:
        return "anyType", "xsd:anyType"
    if field.type is FieldType.NUMBER and field.scale == 0 and not field.custom:
        # Only standard fields are int; every custom Number is a double, whatever its scale.
        return "int", "xsd:int"
    return _TYPES[field.type]


def describe_field(sobject: SObject, field: Field, access: Access) -> dict[str, object]:
    """One field as describe shows it to a user with these rights."""
    kind, soap_type = field_types(field)
    return {
        **_text_facts(field),
        **_number_facts(field, kind),
        **_access_facts(sobject, field, access),
        **_picklist_facts(sobject, field),
        **reference_facts(field),
        "autoNumber": field.type is FieldType.AUTO_NUMBER,
        "calculated": _is_calculated(field),
        "calculatedFormula": field.formula,
        "custom": field.custom,
        "defaultValue": False if field.type is FieldType.CHECKBOX else None,
        "defaultValueFormula": field.default,
        "defaultedOnCreate": _is_defaulted(field),
        "externalId": field.external_id,
        "extraTypeInfo": _extra_type(field),
        "formulaTreatNullNumberAsZero": field.is_formula and field.blanks_as_zero,
        "idLookup": field.external_id or field.type is FieldType.ID,
        "inlineHelpText": field.help_text or None,
        "label": field.label or field.name,
        "name": field.name,
        "nameField": field.name == "Name",
        "nillable": _is_nillable(field),
        "soapType": soap_type,
        "type": kind,
        "unique": field.unique,
    }


def _is_calculated(field: Field) -> bool:
    is_summary = field.summary is not None
    return field.is_formula or is_summary or field.type is FieldType.AUTO_NUMBER


def _text_facts(field: Field) -> dict[str, object]:
    length = field.length or _LENGTHS.get(field.type, 0)
    return {
        "byteLength": length * 3 if field.type not in _ID_TYPES else length,
        "caseSensitive": field.case_sensitive,
        "encrypted": False,
        "htmlFormatted": field.type is FieldType.HTML,
        "length": length,
        "mask": None,
        "maskType": None,
    }


_ID_TYPES = frozenset({FieldType.ID, FieldType.LOOKUP, FieldType.MASTER_DETAIL})


def _number_facts(field: Field, kind: str) -> dict[str, object]:
    precision = field.precision or 0
    return {
        "digits": precision if kind == "int" else 0,
        "precision": 0 if kind == "int" else precision,
        "scale": field.scale,
    }


def _access_facts(sobject: SObject, field: Field, access: Access) -> dict[str, object]:
    may = access.rights(sobject).words
    is_plain = not field.holds_any_type
    may_set = _is_writable(field) and access.can_set(sobject, field)
    return {
        "aggregatable": field.type is not FieldType.CHECKBOX and field.type not in _UNFILTERABLE,
        "aiPredictionField": False,
        "createable": may_set and field.createable and "create" in may,
        "dependentPicklist": field.controller is not None,
        "deprecatedAndHidden": False,
        "filterable": is_plain and field.type not in _UNFILTERABLE,
        "groupable": is_plain and not field.is_formula and field.type not in _UNSORTABLE,
        "permissionable": is_permissionable(sobject, field),
        "polymorphicForeignKey": len(field.reference_to) > 1,
        "queryByDistance": False,
        "searchPrefilterable": field.is_reference,
        "sortable": field.type not in _UNSORTABLE,
        "updateable": may_set and field.updateable and "edit" in may,
    }


def _picklist_facts(sobject: SObject, field: Field) -> dict[str, object]:
    controls = _control_values(sobject.field(field.controller) if field.controller else None)
    return {
        "controllerName": field.controller,
        "filteredLookupInfo": _filtered_lookup(field),
        "picklistValues": [
            {
                "active": value.is_active,
                "defaultValue": value.is_default,
                "label": value.label,
                "validFor": _valid_for(value, controls),
                "value": value.value,
            }
            for value in field.values
        ],
        "restrictedPicklist": field.restricted,
    }


def _control_values(controller: Field | None) -> list[str]:
    """The values of a controlling field, in the order of the bits of `validFor`."""
    if controller is None:
        return []
    if controller.type is FieldType.CHECKBOX:
        return ["unchecked", "checked"]
    return [value.value for value in controller.values]


def _valid_for(value: PicklistValue, controls: list[str]) -> str | None:
    """Base64 of one bit a controlling value, the first one highest.

    Source: Object Reference, "PicklistEntry", `validFor`.
    """
    if value.valid_for is None or not controls:
        return None
    bits = bytearray((len(controls) + 7) // 8)
    for place, control in enumerate(controls):
        if control in value.valid_for:
            bits[place // 8] |= 0x80 >> place % 8
    return b64encode(bits).decode()


def reference_facts(field: Field) -> dict[str, object]:
    """What describe tells about a lookup; empty for other fields."""
    is_master = field.type is FieldType.MASTER_DETAIL
    return {
        "cascadeDelete": is_master or field.delete_constraint == "Cascade",
        "referenceTargetField": None,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship_name,
        "relationshipOrder": 0 if is_master else None,
        "restrictedDelete": field.is_reference and field.delete_constraint == "Restrict",
        "writeRequiresMasterRead": is_master,
        "displayLocationInDecimal": False,
        "highScaleNumber": False,
        "namePointing": len(field.reference_to) > 1,
    }


def _filtered_lookup(field: Field) -> dict[str, object] | None:
    if field.lookup_filter is None or not field.lookup_filter.active:
        return None
    items = field.lookup_filter.items
    names = [item.value_field or "" for item in items] + [item.field for item in items]
    controlling = sorted({n.split(".", 1)[1] for n in names if n.startswith("$Source.")})
    return {
        "controllingFields": controlling,
        "dependent": bool(controlling),
        "optionalFilter": field.lookup_filter.is_optional,
    }


def _is_writable(field: Field) -> bool:
    return not field.is_formula and field.type not in {FieldType.AUTO_NUMBER, FieldType.ID}


def _is_defaulted(field: Field) -> bool:
    if field.type in {FieldType.CHECKBOX, FieldType.AUTO_NUMBER, FieldType.ID}:
        return True
    has_default_value = any(value.is_default for value in field.values)
    return field.default is not None or has_default_value or not field.createable


def _is_nillable(field: Field) -> bool:
    never_empty = {FieldType.CHECKBOX, FieldType.AUTO_NUMBER, FieldType.ID}
    return not field.required and field.type not in never_empty


def _extra_type(field: Field) -> str | None:
    if field.type is FieldType.HTML:
        return "richtextarea"
    return "plaintextarea" if _TYPES[field.type][0] == "textarea" else None
