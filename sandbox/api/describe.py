"""What an sObject looks like to clients: describe results built from the schema and their rights.

Source: REST API guide, "sObject Describe"; SOAP API guide, "DescribeSObjectResult".
"""

from __future__ import annotations

from sandbox.api.changes import find_stamp
from sandbox.api.describe_fields import describe_field, reference_facts
from sandbox.org.access import Access
from sandbox.org.schema import ChildRelationship, RecordType, Schema, SObject
from sandbox.sosl.running import is_searchable


def describe_briefly(sobject: SObject, data_url: str, access: Access) -> dict[str, object]:
    """The entry of an sObject in the global list, as a user with these rights sees it."""
    base = f"{data_url}/sobjects/{sobject.name}"
    may = access.rights(sobject).words
    return {
        "activateable": False,
        "associateEntityType": "History" if sobject.history_of else None,
        "associateParentEntity": sobject.history_of,
        "createable": sobject.createable and "create" in may,
        "custom": sobject.custom,
        "customSetting": sobject.is_setting,
        "deepCloneable": False,
        "deletable": sobject.deletable and "delete" in may,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.key_prefix or None,
        "label": sobject.label,
        "labelPlural": sobject.plural_label,
        "layoutable": sobject.history_of is None,
        "mergeable": False,
        "mruEnabled": sobject.history_of is None,
        "name": sobject.name,
        "queryable": sobject.queryable,
        "replicateable": sobject.queryable and find_stamp(sobject) is not None,
        "retrieveable": sobject.queryable,
        "searchable": is_searchable(sobject),
        "triggerable": sobject.createable,
        "undeletable": sobject.deletable and "delete" in may,
        "updateable": sobject.updateable and "edit" in may,
        "urls": {
            "sobject": base,
            "describe": f"{base}/describe",
            "rowTemplate": f"{base}/{{ID}}",
        },
    }


def describe_fully(
    schema: Schema, sobject: SObject, data_url: str, access: Access
) -> dict[str, object]:
    """Everything that clients may know about an sObject: fields, record types, children."""
    return {
        **describe_briefly(sobject, data_url, access),
        "actionOverrides": [],
        "childRelationships": _children(schema, sobject, access),
        "compactLayoutable": sobject.history_of is None,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [
            describe_field(sobject, field, access)
            for field in sobject.fields.values()
            if access.can_read(sobject, field)
        ],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_types(sobject, data_url),
        "searchLayoutable": False,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": "All", "name": "everything"}],
    }


def _children(schema: Schema, sobject: SObject, access: Access) -> list[dict[str, object]]:
    return [
        _child(relationship)
        for relationship in schema.children_of(sobject.name)
        if access.can_read(schema.objects[relationship.child], relationship.field)
    ]


def _child(relationship: ChildRelationship) -> dict[str, object]:
    field = relationship.field
    return {
        "cascadeDelete": reference_facts(field)["cascadeDelete"],
        "childSObject": relationship.child,
        "deprecatedAndHidden": False,
        "field": field.name,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": relationship.name,
        "restrictedDelete": field.delete_constraint == "Restrict",
    }


def _record_types(sobject: SObject, data_url: str) -> list[dict[str, object]]:
    base = f"{data_url}/sobjects/{sobject.name}/describe/layouts"
    return [_record_type(kind, base) for kind in sobject.record_types.values()] + [
        _record_type(MASTER, base, is_master=True, is_default=not sobject.record_types)
    ]


#: Every sObject has it; records without a record type belong to it.
MASTER = RecordType("Master", "Master")


def _record_type(
    kind: RecordType, base: str, *, is_master: bool = False, is_default: bool = False
) -> dict[str, object]:
    return {
        "active": kind.active,
        "available": True,
        "defaultRecordTypeMapping": is_default,
        "developerName": kind.developer_name,
        "master": is_master,
        "name": kind.label,
        "recordTypeId": MASTER_RECORD_TYPE_ID if is_master else None,
        "urls": {"layout": f"{base}/{MASTER_RECORD_TYPE_ID}"} if is_master else {},
    }


MASTER_RECORD_TYPE_ID = "012000000000000AAA"
