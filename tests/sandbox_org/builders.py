"""A small org built in code: the standard objects, and two custom ones with every kind of rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from sandbox.metadata.loader import load_schema
from sandbox.metadata.standard import (
    currency_field,
    history_object,
    owner_field,
    record_type_field,
    system_fields,
)
from sandbox.org.clock import OrgClock
from sandbox.org.errors import ErrorItem, OrgError
from sandbox.org.org import Actor, Org
from sandbox.org.schema import (
    Field,
    FieldType,
    FilterItem,
    LookupFilter,
    PermissionSet,
    PicklistValue,
    RecordType,
    Schema,
    SObject,
    ValidationRule,
)

ADMIN = "admin@manufaktura.example"
LOADER = "loader@manufaktura.example"
OPS = "ops@manufaktura.example"
#: A Wednesday morning, 09:00 in Warsaw.
NOW = datetime(2026, 3, 4, 8, 0, 0, tzinfo=UTC)


def a_picklist(
    name: str, *values: str, default: str | None = None, restricted: bool = True
) -> Field:
    choices = tuple(PicklistValue(v, v, is_default=v == default) for v in values)
    return Field(name, FieldType.PICKLIST, length=255, values=choices, restricted=restricted)


def an_external_id() -> Field:
    return Field("External_Id__c", FieldType.TEXT, length=64, unique=True, external_id=True)


def a_lookup(name: str, to: str, relationship: str, **more: object) -> Field:
    return Field(
        name,
        FieldType.LOOKUP,
        name.removesuffix("__c").removesuffix("Id"),
        reference_to=(to,),
        relationship_name=relationship,
        **more,  # type: ignore[arg-type]
    )


def only_manufacturers() -> LookupFilter:
    item = FilterItem("Account.RecordTypeId", "equals", "Manufacturer")
    return LookupFilter((item,), error_message="Choose a manufacturer.")


def a_proposal_object(*more: Field, rules: Iterable[ValidationRule] = ()) -> SObject:
    """`Proposal__c`: priced, numbered, tracked, belonging to a Deal__c."""
    sobject = SObject(
        "Proposal__c",
        "Proposal",
        "Proposals",
        "a01",
        custom=True,
        enable_history=True,
        validation_rules=list(rules),
    )
    status = a_picklist("Status__c", "Submitted", "Won", "Withdrawn", default="Submitted")
    for field in [
        *system_fields(recycle_bin=True, audited=True),
        owner_field(),
        currency_field(),
        Field(
            "Name",
            FieldType.AUTO_NUMBER,
            "Number",
            display_format="OP-{0000000000}",
            createable=False,
            updateable=False,
        ),
        a_lookup(
            "Deal__c",
            "Deal__c",
            "Deal__r",
            required=True,
            delete_constraint="Restrict",
            child_relationship_name="Proposals__r",
            track_history=True,
        ),
        a_lookup(
            "Manufacturer__c", "Account", "Manufacturer__r", lookup_filter=only_manufacturers()
        ),
        Field(
            "Price__c",
            FieldType.CURRENCY,
            "Price",
            precision=18,
            scale=2,
            required=True,
            track_history=True,
        ),
        Field(status.name, status.type, **_picklist_parts(status), track_history=True),
        Field("Submitted_At__c", FieldType.DATETIME, default="NOW()"),
        Field("Urgent__c", FieldType.CHECKBOX, default="false"),
        Field("Note__c", FieldType.LONG_TEXT_AREA, length=1000, track_history=True),
        an_external_id(),
        *more,
    ]:
        sobject.add_field(field)
    return sobject


def _picklist_parts(field: Field) -> dict[str, object]:
    return {"length": 255, "values": field.values, "restricted": field.restricted}


def a_deal_object(*more: Field, rules: Iterable[ValidationRule] = ()) -> SObject:
    """`Deal__c`: what proposals are for; its winner must be one of its own live proposals."""
    sobject = SObject("Deal__c", "Deal", "Deals", "a00", custom=True, validation_rules=list(rules))
    winner_filter = LookupFilter(
        (
            FilterItem("Proposal__c.Deal__c", "equals", value_field="$Source.Id"),
            FilterItem("Proposal__c.Status__c", "equals", "Submitted, Won"),
        ),
        error_message="The winner must be a live proposal of this deal.",
    )
    for field in [
        *system_fields(recycle_bin=True, audited=True),
        owner_field(),
        currency_field(),
        Field("Name", FieldType.TEXT, "Deal Name", length=80, required=True),
        a_lookup("AccountId__c", "Account", "Account__r", child_relationship_name="Deals__r"),
        a_lookup("Winner__c", "Proposal__c", "Winner__r", lookup_filter=winner_filter),
        a_lookup(
            "Parent__c",
            "Deal__c",
            "Parent__r",
            delete_constraint="Cascade",
            child_relationship_name="Parts__r",
        ),
        a_picklist("Stage__c", "Open", "Closed", default="Open", restricted=False),
        Field("Due_On__c", FieldType.DATE, "Due On"),
        Field("Budget__c", FieldType.CURRENCY, "Budget", precision=18, scale=2),
        an_external_id(),
        *more,
    ]:
        sobject.add_field(field)
    return sobject


def a_schema(
    deal: SObject | None = None, proposal: SObject | None = None, *more: SObject
) -> Schema:
    """The standard objects, account record types, Deal__c and Proposal__c."""
    schema = load_schema([])
    for sobject in [deal or a_deal_object(), proposal or a_proposal_object(), *more]:
        schema.objects[sobject.name] = sobject
        if sobject.enable_history:
            history = history_object(sobject, "h9z")
            schema.objects[history.name] = history
    account = schema.objects["Account"]
    account.record_types["Manufacturer"] = RecordType("Manufacturer", "Manufacturer")
    account.record_types["Hardware_Designer"] = RecordType("Hardware_Designer", "Hardware Designer")
    account.add_field(record_type_field())
    account.add_field(an_external_id())
    schema.custom_permissions.add("Bypass")
    schema.permission_sets["Data_Load_Admin"] = PermissionSet(
        "Data_Load_Admin", "Data Load", custom_permissions=frozenset({"Bypass"})
    )
    for sobject in schema.objects.values():
        for field in sobject.fields.values():
            if field.name.endswith("__c"):
                sobject.add_field(replace(field, custom=True))
    schema.permission_sets["Manufaktura_Operations"] = everything_on(
        *(o for o in schema.objects.values() if o.custom), account
    )
    return schema


def everything_on(*sobjects: SObject, name: str = "Manufaktura_Operations") -> PermissionSet:
    """A permission set with all rights on these sObjects but deleting what others own."""
    return PermissionSet(
        name,
        name,
        objects={o.name: frozenset({"read", "create", "edit", "delete"}) for o in sobjects},
        fields={f"{o.name}.{f}": frozenset({"read", "edit"}) for o in sobjects for f in o.fields},
    )


def an_org(schema: Schema | None = None, data_dir: Path | None = None) -> Org:
    """An org whose clock stands at NOW."""
    return Org(schema or a_schema(), data_dir, OrgClock(NOW, frozen=True))


def the_user(org: Org, username: str = ADMIN) -> Actor:
    user_id = org.find_user(username)
    assert user_id is not None
    return org.actor(user_id)


def a_manufacturer(org: Org, name: str = "Fabryka") -> str:
    values = {"Name": name, "RecordType": {"DeveloperName": "Manufacturer"}}
    return org.insert(the_user(org), "Account", values)


def a_deal(org: Org, **values: object) -> str:
    return org.insert(the_user(org), "Deal__c", {"Name": "Lamp", **values})


def a_proposal(org: Org, deal: str, **values: object) -> str:
    given = {"Deal__c": deal, "Price__c": Decimal("120.00"), **values}
    return org.insert(the_user(org), "Proposal__c", given)


def read(org: Org, record_id: str, *fields: str) -> dict[str, object]:
    sobject = org.store.sobject_of(record_id)
    assert sobject is not None
    return org.retrieve(the_user(org), sobject.name, record_id, fields or None)


def contents(org: Org) -> dict[str, list[dict[str, object]]]:
    """Every row of the org, to prove that a refusal changed nothing."""
    return {name: table.all() for name, table in org.store.tables.items()}


class Refusal:
    """What `refused` saw."""

    items: tuple[ErrorItem, ...] = ()

    @property
    def codes(self) -> list[str]:
        return [item.code for item in self.items]


class refused:
    """Expect an OrgError with this code, and that the org holds exactly what it held before."""

    def __init__(self, org: Org, code: str) -> None:
        self._org = org
        self._code = code
        self._refusal = Refusal()

    def __enter__(self) -> Refusal:
        self._before = contents(self._org)
        return self._refusal

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error is not None and not isinstance(error, OrgError):
            return False
        assert isinstance(error, OrgError), f"nothing was refused; expected {self._code}"
        self._refusal.items = error.items
        assert self._code in self._refusal.codes, error
        assert contents(self._org) == self._before
        return True
