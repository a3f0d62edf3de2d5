"""The org's data on disk: it survives a restart, and a schema that grew."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.org.ddl import IncompatibleDataError
from sandbox.org.org import Org
from sandbox.org.schema import Field, FieldType, RecordType, SObject
from tests.sandbox_org.builders import (
    OPS,
    a_deal,
    a_deal_object,
    a_manufacturer,
    a_proposal,
    a_schema,
    an_org,
    contents,
    read,
    the_user,
)


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    org = an_org(data_dir=tmp_path / "org")
    proposal = a_proposal(org, a_deal(org), Price__c="9999999999999999.99")
    before = contents(org)
    org.close()

    again = an_org(data_dir=tmp_path / "org")

    assert contents(again) == before
    assert read(again, proposal, "Price__c") == {"Price__c": Decimal("9999999999999999.99")}
    again.close()


def test_ids_and_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    org = an_org(data_dir=tmp_path)
    deal = a_deal(org)
    first = a_proposal(org, deal)
    org.close()

    again = an_org(data_dir=tmp_path)
    second = a_proposal(again, deal)

    assert second > first
    assert read(again, second, "Name") == {"Name": "OP-0000000002"}
    again.close()


def test_an_edited_user_and_rate_keep_their_edit(tmp_path: Path) -> None:
    org = an_org(data_dir=tmp_path)
    admin = the_user(org)
    org.update(admin, "User", the_user(org, OPS).user_id, {"TimeZoneSidKey": "Asia/Tokyo"})
    rate = org.store.tables["CurrencyType"].find("IsoCode", "PLN")[0]["Id"]
    org.update(admin, "CurrencyType", str(rate), {"ConversionRate": "5"})
    org.close()

    again = an_org(data_dir=tmp_path)

    assert the_user(again, OPS).time_zone.key == "Asia/Tokyo"
    assert read(again, str(rate), "ConversionRate") == {"ConversionRate": Decimal(5)}
    again.close()


def test_new_fields_and_objects_are_added_to_old_data(tmp_path: Path) -> None:
    org = an_org(data_dir=tmp_path)
    deal = a_deal(org)
    org.close()
    grown = a_schema(
        a_deal_object(
            Field("Rush__c", FieldType.CHECKBOX, default="false"),
            Field("Colour__c", FieldType.TEXT, length=20),
        )
    )
    extra = SObject("Extra__c", "Extra", "Extras", "a09", custom=True)
    extra.add_field(grown.objects["Deal__c"].fields["Id"])
    extra.add_field(grown.objects["Deal__c"].fields["Name"])
    grown.objects["Extra__c"] = extra
    grown.objects["Account"].record_types["Agent"] = RecordType("Agent", "Agent")

    again = an_org(grown, tmp_path)

    assert read(again, deal, "Rush__c", "Colour__c") == {"Rush__c": False, "Colour__c": None}
    again.update(the_user(again), "Deal__c", deal, {"Rush__c": True, "Colour__c": "red"})
    assert read(again, deal, "Rush__c", "Colour__c") == {"Rush__c": True, "Colour__c": "red"}
    assert again.insert(the_user(again), "Extra__c", {"Name": "More"})
    assert len(again.store.tables["RecordType"].find("DeveloperName", "Agent")) == 1
    again.close()


def test_a_removed_record_type_is_retired_and_a_relabelled_one_follows(tmp_path: Path) -> None:
    org = an_org(data_dir=tmp_path)
    a_manufacturer(org)
    org.close()
    schema = a_schema()
    types = schema.objects["Account"].record_types
    del types["Hardware_Designer"]
    types["Manufacturer"] = RecordType("Manufacturer", "Maker")

    again = an_org(schema, tmp_path)

    rows = again.store.tables["RecordType"].all()
    assert [(r["DeveloperName"], r["Name"], r["IsActive"]) for r in rows] == [
        ("Manufacturer", "Maker", True),
        ("Hardware_Designer", "Hardware Designer", False),
    ]
    again.close()


CHANGES = [
    ("scale", {"scale": 4}, "was number with 2 decimal places and is now number with 4"),
    ("type", {"type": FieldType.TEXT}, "was number with 2 decimal places and is now text"),
]


@pytest.mark.parametrize(("_case", "change", "message"), CHANGES, ids=[c[0] for c in CHANGES])
def test_a_field_that_would_be_read_differently_is_refused_with_the_remedy(
    tmp_path: Path, _case: str, change: dict[str, object], message: str
) -> None:
    org = an_org(data_dir=tmp_path)
    deal = a_deal(org, Budget__c=5)
    before = contents(org)
    org.close()
    schema = a_schema()
    budget = schema.objects["Deal__c"].fields["Budget__c"]
    schema.objects["Deal__c"].add_field(replace(budget, **change))

    with pytest.raises(IncompatibleDataError, match=f"Deal__c.Budget__c {message}") as refusal:
        Org(schema, tmp_path)

    assert "start with an empty data folder" in str(refusal.value)
    again = an_org(data_dir=tmp_path)
    assert contents(again) == before
    assert read(again, deal, "Budget__c") == {"Budget__c": Decimal("5.00")}
    again.close()


def test_reset_makes_the_org_as_on_its_first_day(tmp_path: Path) -> None:
    org = an_org(data_dir=tmp_path)
    fresh = contents(org)
    admin = the_user(org)
    deal = a_deal(org)
    a_proposal(org, deal)
    org.update(admin, "User", the_user(org, OPS).user_id, {"TimeZoneSidKey": "Asia/Tokyo"})

    org.reset()

    assert contents(org) == fresh
    assert the_user(org, OPS).time_zone.key == "Europe/Warsaw"
    assert org.actor(admin.user_id) == admin
    assert a_deal(org) == deal
    assert read(org, a_proposal(org, deal), "Name") == {"Name": "OP-0000000001"}
    org.close()


def _reset_and_fail(org: Org) -> None:
    with org.transaction():
        org.reset()
        raise ZeroDivisionError


def test_a_reset_that_fails_changes_nothing_and_no_id_is_given_twice() -> None:
    org = an_org()
    deals = [a_deal(org), a_deal(org)]
    before = contents(org)

    with pytest.raises(ZeroDivisionError):
        _reset_and_fail(org)

    assert contents(org) == before
    assert a_deal(org) not in deals


def test_an_org_without_a_folder_spills_to_disk_instead_of_filling_the_memory() -> None:
    org = an_org()
    (cache_kib,) = org.store.connection.execute("PRAGMA cache_size").fetchone()
    pages = org.store.connection.execute("PRAGMA cache_spill").fetchone()[0]

    assert cache_kib == -64 * 1024
    assert pages > 0
    org.close()
