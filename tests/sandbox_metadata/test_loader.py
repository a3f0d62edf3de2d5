"""Loading metadata into a schema: what standard objects have, what folders add, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.metadata import load_schema
from sandbox.metadata.idle import REASONS
from sandbox.org.schema import Field, FieldType, FilterItem, PicklistValue, Schema
from tests.sandbox_metadata import project_paths as files
from tests.sandbox_metadata.project_files import FILES, write_project
from tests.sandbox_metadata.project_paths import MAIN, field_file, xml


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    return load_schema([write_project(tmp_path_factory.mktemp("project"))])


def _field(schema: Schema, path: str) -> Field:
    object_name, _, name = path.partition(".")
    return schema.objects[object_name].fields[name]


def test_no_folder_gives_the_standard_objects() -> None:
    found = load_schema([])

    assert {name: o.key_prefix for name, o in found.objects.items() if not o.history_of} == {
        "Account": "001",
        "Campaign": "701",
        "CampaignMember": "00v",
        "Case": "500",
        "Contact": "003",
        "Contract": "800",
        "CurrencyType": "01L",
        "DatedConversionRate": "04w",
        "Event": "00U",
        "Group": "00G",
        "Lead": "00Q",
        "Opportunity": "006",
        "Order": "801",
        "OrderItem": "802",
        "OrderStatus": "0OS",
        "Organization": "00D",
        "PermissionSet": "0PS",
        "PermissionSetAssignment": "0Pa",
        "Pricebook2": "01s",
        "PricebookEntry": "01u",
        "Product2": "01t",
        "Profile": "00e",
        "RecordType": "012",
        "Task": "00T",
        "User": "005",
    }
    assert not found.multi_currency


def test_key_prefixes_are_unique_and_three_characters_long(schema: Schema) -> None:
    prefixes = [sobject.key_prefix for sobject in schema.objects.values()]

    assert len(prefixes) == len(set(prefixes))
    assert {len(prefix) for prefix in prefixes} == {3}


@pytest.mark.parametrize(
    "name", ["Id", "CreatedDate", "CreatedById", "LastModifiedDate", "SystemModstamp"]
)
def test_system_fields_are_everywhere_and_nobody_writes_them(schema: Schema, name: str) -> None:
    for sobject in ("Account", "Order", "Case", "User", "Inspection__c", "RecordType"):
        field = _field(schema, f"{sobject}.{name}")
        assert (field.createable, field.updateable) == (False, False)


def test_the_order_is_salesforces_order(schema: Schema) -> None:
    order = schema.objects["Order"]

    assert order.name_field == "OrderNumber"
    number = order.fields["OrderNumber"]
    assert (number.type, number.display_format) == (FieldType.AUTO_NUMBER, "{00000000}")
    account = order.fields["AccountId"]
    assert (account.required, account.relationship_name) == (True, "Account")
    assert account.child_relationship_name == "Orders"
    assert order.fields["EffectiveDate"].required
    assert not order.fields["TotalAmount"].createable
    assert order.fields["BillingPostalCode"].length == 20


def test_every_lookup_leads_to_an_object_that_exists(schema: Schema) -> None:
    for sobject in schema.objects.values():
        for field in sobject.fields.values():
            for target in field.reference_to:
                assert target in schema.objects, f"{sobject.name}.{field.name} -> {target}"


def test_order_statuses_come_from_the_value_set(schema: Schema) -> None:
    status = _field(schema, "Order.Status")

    assert status.values == (
        PicklistValue("Draft", "Draft", is_default=True, category="Draft"),
        PicklistValue("CHECKED", "CHECKED", category="Draft"),
        PicklistValue("Activated", "Activated", category="Activated"),
    )
    assert status.default == '"Draft"'


def test_a_standard_field_file_changes_only_what_it_names(schema: Schema) -> None:
    status, plain = _field(schema, "Order.Status"), _field(load_schema([]), "Order.Status")

    assert (plain.track_history, status.track_history) == (False, True)
    assert (status.label, status.required, status.length) == ("Status", True, plain.length)


def test_a_custom_lookup_is_read_whole(schema: Schema) -> None:
    field = _field(schema, "Order.Inspection__c")

    assert (field.type, field.reference_to) == (FieldType.LOOKUP, ("Inspection__c",))
    assert (field.relationship_name, field.child_relationship_name) == (
        "Inspection__r",
        "Orders__r",
    )
    assert (field.delete_constraint, field.required, field.custom) == ("SetNull", False, True)
    assert field.lookup_filter is not None
    assert field.lookup_filter.items == (
        FilterItem("Inspection__c.Order__c", "equals", None, "$Source.Id"),
        FilterItem("Inspection__c.Result__c", "equals", "Open, Passed", None),
    )
    assert field.lookup_filter.active
    assert not field.lookup_filter.is_optional
    assert field.lookup_filter.error_message == "The inspection must belong to this order."


def test_field_types_keep_their_sizes_and_defaults(schema: Schema) -> None:
    fee, notes = _field(schema, "Inspection__c.Fee__c"), _field(schema, "Inspection__c.Notes__c")
    key = _field(schema, "Inspection__c.External_Id__c")

    assert (fee.precision, fee.scale, fee.required) == (18, 2, True)
    assert (notes.length, notes.visible_lines) == (32768, 5)
    assert (key.length, key.external_id, key.unique, key.case_sensitive) == (64, True, True, False)
    assert _field(schema, "Inspection__c.Urgent__c").default == "false"
    assert _field(schema, "Inspection__c.Due_Date__c").default == "TODAY() + 7"
    assert _field(schema, "Inspection__c.Result__c").default == '"Open"'


def test_a_formula_field_is_read_only_and_keeps_its_blank_handling(schema: Schema) -> None:
    field = _field(schema, "Inspection__c.Fee_With_Tax__c")

    assert field.is_formula
    assert field.formula is not None
    assert field.formula.startswith('IF(ISPICKVAL(Result__c, "Passed"),')
    assert (field.createable, field.updateable, field.blanks_as_zero) == (False, False, True)


def test_a_global_value_set_restricts_its_fields(schema: Schema) -> None:
    field = _field(schema, "Inspection__c.Severity__c")

    assert [value.value for value in field.values] == ["Minor", "Major"]
    assert field.restricted


def test_a_custom_object_has_an_owner_and_an_auto_number_name(schema: Schema) -> None:
    inspection = schema.objects["Inspection__c"]

    assert (inspection.key_prefix, inspection.custom, inspection.enable_history) == (
        "a00",
        True,
        True,
    )
    name = inspection.fields["Name"]
    assert (name.type, name.display_format, name.createable) == (
        FieldType.AUTO_NUMBER,
        "IN-{0000}",
        False,
    )
    assert inspection.fields["OwnerId"].reference_to == ("Group", "User")


def test_a_detail_has_no_owner_and_goes_with_its_master(tmp_path: Path) -> None:
    lookup = FILES[field_file("Order__c")]
    detail = lookup.replace("    <deleteConstraint>Restrict</deleteConstraint>\n", "")
    detail = detail.replace("<type>Lookup", "<type>MasterDetail").replace(
        "    <required>true</required>\n", ""
    )
    write_project(tmp_path, {**FILES, field_file("Order__c"): detail})

    found = load_schema([tmp_path])

    master = _field(found, "Inspection__c.Order__c")
    assert (master.required, master.updateable, master.delete_constraint) == (
        True,
        False,
        "Cascade",
    )
    assert "OwnerId" not in found.objects["Inspection__c"].fields


def test_multi_currency_adds_a_currency_to_business_objects_only(schema: Schema) -> None:
    holders = {n for n, o in schema.objects.items() if "CurrencyIsoCode" in o.fields}

    assert schema.multi_currency
    assert {"Account", "Inspection__c", "Order", "PricebookEntry"} <= holders
    assert not holders & {"User", "Group", "Pricebook2", "RecordType", "OrderStatus"}
    currency = _field(schema, "Order.CurrencyIsoCode")
    assert (currency.default, currency.restricted) == ('"EUR"', True)
    assert [v.value for v in currency.values] == ["EUR", "USD", "PLN", "GBP", "CHF", "CZK", "JPY"]


def test_a_single_currency_org_has_no_currency_fields(tmp_path: Path) -> None:
    single = FILES[files.CURRENCY].replace("true", "false")
    write_project(tmp_path, {**FILES, files.CURRENCY: single})

    found = load_schema([tmp_path])

    assert not found.multi_currency
    assert not [n for n, o in found.objects.items() if "CurrencyIsoCode" in o.fields]


def test_record_types_bring_their_field_to_their_object_only(schema: Schema) -> None:
    assert schema.objects["Account"].record_types["Inspector"].label == "Field Inspector"
    assert _field(schema, "Account.RecordTypeId").reference_to == ("RecordType",)
    assert "RecordTypeId" not in schema.objects["Order"].fields


def test_history_objects_point_back_as_salesforce_names_it(schema: Schema) -> None:
    standard, custom = schema.objects["OrderHistory"], schema.objects["Inspection__History"]

    assert (standard.history_of, custom.history_of) == ("Order", "Inspection__c")
    assert list(standard.fields) == [
        "Id",
        "IsDeleted",
        "CreatedDate",
        "CreatedById",
        "OrderId",
        "Field",
        "DataType",
        "OldValue",
        "NewValue",
    ]
    assert custom.fields["ParentId"].relationship_name == "Parent"
    assert not custom.createable
    assert {c.name for c in schema.children_of("Inspection__c")} == {"Orders__r", "Histories"}


def test_an_object_without_history_has_no_history_object(tmp_path: Path) -> None:
    changed = {
        files.INSPECTION: FILES[files.INSPECTION].replace(
            "<enableHistory>true", "<enableHistory>0"
        ),
    }
    write_project(tmp_path, {**FILES, **changed})

    assert "Inspection__History" not in load_schema([tmp_path]).objects


def test_rules_keep_their_text_message_and_field(schema: Schema) -> None:
    (rule,) = schema.objects["Order"].validation_rules

    assert rule.name == "Checked_Needs_Inspection"
    assert rule.message == "Have the order inspected first."
    assert (rule.error_field, rule.active) == ("Inspection__c", True)
    assert 'ISPICKVAL(Status, "CHECKED")' in rule.formula


def test_permission_sets_grant_in_the_orgs_words(schema: Schema) -> None:
    granted = schema.permission_sets["Inspectors"]

    assert granted.objects == {
        "Account": frozenset({"read"}),
        "Inspection__c": frozenset({"read", "edit"}),
        "Order": frozenset({"read", "edit"}),
    }
    assert granted.fields["Inspection__c.Fee_With_Tax__c"] == frozenset({"read"})
    assert granted.fields["Order.Inspection__c"] == frozenset({"read", "edit"})
    assert granted.custom_permissions == frozenset({"Skip_Checks"})
    assert schema.custom_permissions == {"Skip_Checks"}


def test_what_has_no_effect_is_named(schema: Schema) -> None:
    found = {(u.kind, u.name, u.reason) for u in schema.unsupported}
    on_screen = REASONS["Layout"]

    assert {
        ("CustomApplication", "Checks", on_screen),
        ("CompactLayout", "Inspection__c.Highlights", on_screen),
        ("Layout", "Order-Order Layout", on_screen),
        ("ListView", "Order.Checked", on_screen),
        ("PermissionSet", "Inspectors", "its tabSettings has no effect"),
        ("StandardField", "Order.BillingAddress", "the local org has not got it"),
    } <= found
    assert schema.unsupported == sorted(set(schema.unsupported))
    (view,) = (u for u in schema.unsupported if u.name == "Order.Checked")
    assert view.file.endswith("listViews/Checked.listView-meta.xml")


def test_a_field_type_that_the_org_lacks_is_named_and_left_out(tmp_path: Path) -> None:
    place = FILES[field_file("Urgent__c")].replace("Urgent__c<", "Place__c<")
    place = place.replace("    <defaultValue>false</defaultValue>\n", "").replace(
        "<type>Checkbox", "<type>ExternalLookup"
    )
    write_project(tmp_path, {**FILES, field_file("Place__c"): place})

    found = load_schema([tmp_path])

    (place_found,) = (u for u in found.unsupported if u.name == "Inspection__c.Place__c")
    assert place_found.reason == "type ExternalLookup is not supported"
    assert "Place__c" not in found.objects["Inspection__c"].fields


def test_a_later_folder_adds_rules_and_fields_to_the_same_object(tmp_path: Path) -> None:
    rule = FILES[files.ORDER_RULE].replace("Checked_Needs_Inspection<", "Second_Rule<")
    field = FILES[field_file("Urgent__c")]
    first = write_project(tmp_path / "first")
    second = write_project(
        tmp_path / "second",
        {
            "objects/Order/validationRules/Second_Rule.validationRule-meta.xml": rule,
            "objects/Order/fields/Urgent__c.field-meta.xml": field,
        },
    )

    order = load_schema([first, second]).objects["Order"]

    assert [rule.name for rule in order.validation_rules] == [
        "Checked_Needs_Inspection",
        "Second_Rule",
    ]
    assert {"Inspection__c", "Urgent__c"} <= set(order.fields)


def test_a_later_folder_replaces_a_rule_of_the_same_name(tmp_path: Path) -> None:
    relaxed = FILES[files.ORDER_RULE].replace("<active>true", "<active>false")
    first = write_project(tmp_path / "first")
    path = files.ORDER_RULE.removeprefix(f"{MAIN}/")
    second = write_project(tmp_path / "second", {path: relaxed})

    (rule,) = load_schema([first, second]).objects["Order"].validation_rules

    assert not rule.active


def test_inline_parts_of_an_object_file_count_like_files_of_their_own(tmp_path: Path) -> None:
    whole = FILES[files.INSPECTION].replace(
        "    <label>Inspection</label>\n",
        "    <fields>\n        <fullName>Room__c</fullName>\n        <label>Room</label>\n"
        "        <length>20</length>\n        <type>Text</type>\n    </fields>\n"
        "    <label>Inspection</label>\n",
    )
    write_project(tmp_path, {**FILES, files.INSPECTION: whole})

    assert _field(load_schema([tmp_path]), "Inspection__c.Room__c").length == 20


def test_the_order_of_elements_is_free_when_loading(tmp_path: Path) -> None:
    fee = FILES[field_file("Fee__c")]
    shuffled = fee.replace("    <type>Currency</type>\n", "").replace(
        "    <fullName>", "    <type>Currency</type>\n    <fullName>"
    )
    write_project(tmp_path, {**FILES, field_file("Fee__c"): shuffled})

    assert _field(load_schema([tmp_path]), "Inspection__c.Fee__c").type is FieldType.CURRENCY


def test_missing_help_texts_and_layouts_do_not_stop_an_org(tmp_path: Path) -> None:
    bare = xml("CustomField", "    <fullName>Room__c</fullName>\n    <type>Date</type>")
    write_project(tmp_path, {**FILES, field_file("Room__c"): bare})

    assert "Room__c" in load_schema([tmp_path]).objects["Inspection__c"].fields


def test_loading_twice_gives_equal_and_independent_schemas(tmp_path: Path) -> None:
    write_project(tmp_path)

    first, second = load_schema([tmp_path]), load_schema([tmp_path])
    first.objects["Order"].fields.clear()

    assert second.objects["Order"].fields
    assert list(first.objects) == list(second.objects)
