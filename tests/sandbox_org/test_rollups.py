"""Masters and their details: what a master-detail demands, and what roll-ups tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.metadata import MetadataError, load_schema
from sandbox.org.clock import OrgClock
from sandbox.org.org import Actor, Org
from tests.sandbox_org.builders import NOW, an_org, read, refused, the_user

XML = '<?xml version="1.0" encoding="UTF-8"?>\n<{0} xmlns="http://soap.sforce.com/2006/04/metadata">{1}</{0}>\n'
NAME = "<nameField><label>Name</label><type>Text</type></nameField>"


def an_object(label: str) -> str:
    return (
        f"<deploymentStatus>Deployed</deploymentStatus><label>{label}</label>{NAME}"
        f"<pluralLabel>{label}s</pluralLabel><sharingModel>ReadWrite</sharingModel>"
    )


def a_summary(name: str, operation: str, field: str | None, filters: str = "") -> str:
    summarised = f"<summarizedField>Line__c.{field}</summarizedField>" if field else ""
    return (
        f"<fullName>{name}</fullName><label>{name}</label>{summarised}{filters}"
        "<summaryForeignKey>Line__c.Box__c</summaryForeignKey>"
        f"<summaryOperation>{operation}</summaryOperation><type>Summary</type>"
    )


HEAVY = (
    "<summaryFilterItems><field>Line__c.Weight__c</field><operation>greaterThan</operation>"
    "<value>10</value></summaryFilterItems>"
)
BOX_FIELDS = {
    "Lines__c": a_summary("Lines__c", "count", None),
    "Weight__c": a_summary("Weight__c", "sum", "Weight__c"),
    "Heavy__c": a_summary("Heavy__c", "count", None, HEAVY),
    "First__c": a_summary("First__c", "min", "On__c"),
    "Last__c": a_summary("Last__c", "max", "On__c"),
    "Cost__c": a_summary("Cost__c", "sum", "Cost__c"),
}
LINE_FIELDS = {
    "Box__c": (
        "<fullName>Box__c</fullName><label>Box</label><referenceTo>Box__c</referenceTo>"
        "<relationshipLabel>Lines</relationshipLabel><relationshipName>Lines</relationshipName>"
        "<relationshipOrder>0</relationshipOrder>"
        "<reparentableMasterDetail>{reparentable}</reparentableMasterDetail>"
        "<type>MasterDetail</type>"
    ),
    "Weight__c": (
        "<fullName>Weight__c</fullName><label>Weight</label><precision>10</precision>"
        "<scale>1</scale><type>Number</type>"
    ),
    "Cost__c": (
        "<fullName>Cost__c</fullName><label>Cost</label><precision>18</precision>"
        "<scale>2</scale><type>Currency</type>"
    ),
    "On__c": "<fullName>On__c</fullName><label>On</label><type>Date</type>",
}
CURRENCY = "<enableMultiCurrency>true</enableMultiCurrency>"


def a_project(
    folder: Path, box: dict[str, str] | None = None, *, reparentable: bool = False
) -> Path:
    base = folder / "force-app/main/default"
    write(base / "settings/Currency.settings-meta.xml", "CurrencySettings", CURRENCY)
    for name, fields in {"Box": box or BOX_FIELDS, "Line": LINE_FIELDS}.items():
        home = base / f"objects/{name}__c"
        write(home / f"{name}__c.object-meta.xml", "CustomObject", an_object(name))
        for field, text in fields.items():
            body = text.replace("{reparentable}", str(reparentable).lower())
            write(home / f"fields/{field}.field-meta.xml", "CustomField", body)
    return folder


def write(path: Path, root: str, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(XML.format(root, body))


@pytest.fixture
def boxes(tmp_path: Path) -> Iterator[Org]:
    org = an_org(load_schema([a_project(tmp_path)]))
    yield org
    org.close()


@pytest.fixture
def packer(boxes: Org) -> Actor:
    return the_user(boxes)


def a_box(org: Org, *lines: dict[str, object], **values: object) -> tuple[str, list[str]]:
    user = the_user(org)
    box = org.insert(user, "Box__c", {"Name": "Box", **values})
    return box, [org.insert(user, "Line__c", {"Name": "L", "Box__c": box, **x}) for x in lines]


TWO_LINES = (
    {"Weight__c": "10", "On__c": "2026-02-01"},
    {"Weight__c": "10.5", "On__c": "2026-01-01"},
)


def test_a_master_counts_adds_and_compares_its_details(boxes: Org) -> None:
    box, _ = a_box(boxes, *TWO_LINES)

    assert read(boxes, box, "Lines__c", "Weight__c", "Heavy__c", "First__c", "Last__c") == {
        "Lines__c": 2,
        "Weight__c": Decimal("20.5"),
        "Heavy__c": 1,
        "First__c": date(2026, 1, 1),
        "Last__c": date(2026, 2, 1),
    }


def test_without_details_counts_and_sums_are_zero_and_extremes_blank(boxes: Org) -> None:
    box, _ = a_box(boxes)

    assert read(boxes, box, "Lines__c", "Weight__c", "First__c") == {
        "Lines__c": 0,
        "Weight__c": 0,
        "First__c": None,
    }


def test_changes_deletes_and_undeletes_of_details_count(boxes: Org, packer: Actor) -> None:
    box, (first, second) = a_box(boxes, *TWO_LINES)

    boxes.update(packer, "Line__c", first, {"Weight__c": 20})
    assert read(boxes, box, "Weight__c", "Heavy__c") == {
        "Weight__c": Decimal("30.5"),
        "Heavy__c": 2,
    }
    boxes.delete(packer, "Line__c", second)
    assert read(boxes, box, "Lines__c", "Weight__c") == {"Lines__c": 1, "Weight__c": 20}
    boxes.undelete(packer, "Line__c", second)
    assert read(boxes, box, "Lines__c") == {"Lines__c": 2}


def test_only_the_systems_stamp_of_the_master_moves(boxes: Org, packer: Actor) -> None:
    box, _ = a_box(boxes)
    boxes.clock.advance(60)

    boxes.insert(packer, "Line__c", {"Name": "L", "Box__c": box})

    assert read(boxes, box, "SystemModstamp", "LastModifiedDate") == {
        "SystemModstamp": NOW + timedelta(seconds=60),
        "LastModifiedDate": NOW,
    }


def test_amounts_are_added_in_the_masters_currency(boxes: Org) -> None:
    box, _ = a_box(
        boxes,
        {"Cost__c": "4.25", "CurrencyIsoCode": "PLN"},
        {"Cost__c": 2, "CurrencyIsoCode": "EUR"},
        CurrencyIsoCode="EUR",
    )

    assert read(boxes, box, "Cost__c") == {"Cost__c": 3}


def test_a_data_plan_may_name_details_before_their_master(boxes: Org) -> None:
    line = {"attributes": {"type": "Line__c"}, "Name": "L", "Box__c": "@b", "Weight__c": 3}
    box = {"attributes": {"type": "Box__c", "referenceId": "b"}, "Name": "Box"}

    ids = boxes.seed({"records": [line, box]})

    assert read(boxes, ids["b"], "Weight__c", "Lines__c") == {"Weight__c": 3, "Lines__c": 1}


def test_summaries_cannot_be_written_and_can_be_queried(boxes: Org, packer: Actor) -> None:
    box, _ = a_box(boxes, *TWO_LINES)

    with refused(boxes, "INVALID_FIELD_FOR_INSERT_UPDATE"):
        boxes.update(packer, "Box__c", box, {"Lines__c": 9})
    found = boxes.query(packer, "SELECT Id FROM Box__c WHERE Weight__c > 20 ORDER BY Lines__c")
    assert [row["Id"] for row in found.records] == [box]


def test_a_detail_needs_its_master_has_no_owner_and_goes_with_it(boxes: Org, packer: Actor) -> None:
    box, (line,) = a_box(boxes, {"Weight__c": 1})
    other, _ = a_box(boxes)

    assert boxes.schema.objects["Line__c"].field("OwnerId") is None
    with refused(boxes, "REQUIRED_FIELD_MISSING"):
        boxes.insert(packer, "Line__c", {"Name": "L"})
    with refused(boxes, "INVALID_FIELD_FOR_INSERT_UPDATE"):
        boxes.update(packer, "Line__c", line, {"Box__c": other})
    boxes.delete(packer, "Box__c", box)
    assert boxes.query(packer, "SELECT Id FROM Line__c").records == []
    boxes.undelete(packer, "Box__c", box)
    assert read(boxes, box, "Lines__c") == {"Lines__c": 1}


def test_a_detail_may_change_masters_where_that_is_allowed(tmp_path: Path) -> None:
    org = Org(load_schema([a_project(tmp_path, reparentable=True)]), None, OrgClock(NOW))
    box, (line,) = a_box(org, {"Weight__c": 1})
    other, _ = a_box(org)

    org.update(the_user(org), "Line__c", line, {"Box__c": other})

    assert read(org, box, "Lines__c") == {"Lines__c": 0}
    assert read(org, other, "Lines__c") == {"Lines__c": 1}


@pytest.mark.parametrize(
    ("summary", "reason"),
    [
        (a_summary("Lines__c", "sum", "Nothing__c"), "Line__c.Nothing__c does not exist"),
        (a_summary("Lines__c", "sum", "On__c"), "cannot be added up"),
    ],
)
def test_a_summary_of_nothing_is_refused(tmp_path: Path, summary: str, reason: str) -> None:
    with pytest.raises(MetadataError, match=reason):
        load_schema([a_project(tmp_path, {"Lines__c": summary})])


def test_the_amount_of_an_order_is_the_sum_of_its_products(org: Org, admin: Actor) -> None:
    account = org.insert(admin, "Account", {"Name": "Ada"})
    values = {"AccountId": account, "EffectiveDate": "2026-01-01", "Status": "Draft"}
    order = org.insert(admin, "Order", values)
    product = org.insert(admin, "Product2", {"Name": "Lamp"})
    (book,) = org.query(admin, "SELECT Id FROM Pricebook2").records
    price = {"Product2Id": product, "Pricebook2Id": book["Id"], "UnitPrice": 1, "IsActive": True}
    entry = org.insert(admin, "PricebookEntry", price)
    item = {"OrderId": order, "PricebookEntryId": entry}

    for quantity in (1, 2):
        org.insert(admin, "OrderItem", {**item, "Quantity": quantity, "UnitPrice": "10.10"})

    assert read(org, order, "TotalAmount") == {"TotalAmount": Decimal("30.30")}
