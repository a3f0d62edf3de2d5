from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import an_account, an_order, seed_tender
from tests.sandbox_api.clients import RestClient


def test_a_created_record_answers_201_and_reads_back(rest: RestClient) -> None:
    created = rest.post("sobjects/Account/", an_account())

    record_id = created.json()["id"]
    assert created.status_code == 201
    assert created.json() == {"id": record_id, "success": True, "errors": []}
    assert created.headers["Location"] == f"/services/data/v59.0/sobjects/Account/{record_id}"
    read = rest.get(f"sobjects/account/{record_id}", params={"fields": "name"})
    assert read.json() == {
        "attributes": {
            "type": "Account",
            "url": f"/services/data/v59.0/sobjects/Account/{record_id}",
        },
        "Name": "Aurora Devices",
        "Id": record_id,
    }


def test_a_fifteen_character_id_finds_the_record(rest: RestClient) -> None:
    record_id = rest.create("Account", an_account())

    read = rest.get(f"sobjects/Account/{record_id[:15]}")

    assert read.json()["Id"] == record_id


def test_a_price_keeps_its_cents_both_ways(org: LocalOrgServer, rest: RestClient) -> None:
    ids = seed_tender(org, proposals=1)
    path = f"sobjects/Order_Proposal__c/{ids['p0']}"

    changed = rest.call(
        "PATCH",
        path,
        data=b'{"Price__c": 1234567890123456.10}',
        headers={"Content-Type": "application/json"},
    )

    assert changed.status_code == 204, changed.text
    assert changed.content == b""
    assert b'"Price__c":1234567890123456.10' in rest.get(path).content


def test_an_update_answers_204_and_a_deletion_empties_the_path(rest: RestClient) -> None:
    record_id = rest.create("Account", an_account())
    path = f"sobjects/Account/{record_id}"

    assert rest.patch(path, {"Name": "Borealis"}).status_code == 204
    assert rest.get(path).json()["Name"] == "Borealis"
    assert rest.delete(path).status_code == 204

    gone = rest.get(path)
    assert gone.status_code == 404
    assert gone.json()[0]["errorCode"] in {"NOT_FOUND", "ENTITY_IS_DELETED"}


def test_a_validation_rule_refuses_with_its_message_and_field(rest: RestClient) -> None:
    designer = rest.create("Account", an_account())

    refused = rest.post("sobjects/Order", an_order(designer, Status="COMPLETED"))

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert refused.json()[0]["message"]
    assert rest.count("Order") == 0


def test_missing_required_fields_are_named(rest: RestClient) -> None:
    refused = rest.post("sobjects/Account", {"External_Id__c": "HD-1"})

    assert refused.status_code == 400
    assert refused.json() == [
        {
            "message": "Required fields are missing: [Name]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["Name"],
        }
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Nmae": "A"}, "INVALID_FIELD"),
        ({"Id": "001000000000001AAA"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Name": "A" * 256}, "STRING_TOO_LONG"),
        ({"Qualification_Status__c": "Maybe"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Payouts_Ready__c": 5}, "JSON_PARSER_ERROR"),
        ({"Rating__c": 12345}, "NUMBER_OUTSIDE_VALID_RANGE"),
    ],
)
def test_a_refused_update_changes_nothing(
    rest: RestClient, body: dict[str, object], code: str
) -> None:
    path = f"sobjects/Account/{rest.create('Account', an_account())}"
    before = rest.get(path).json()

    refused = rest.patch(path, body)

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == code
    assert rest.get(path).json() == before


def test_if_unmodified_since_refuses_with_412_once_somebody_was_quicker(
    org: LocalOrgServer, rest: RestClient
) -> None:
    path = f"sobjects/Account/{rest.create('Account', an_account())}"
    stamp = rest.get(path).headers["Last-Modified"]
    org.org.clock.advance(60)

    first = rest.patch(path, {"Name": "First"}, headers={"If-Unmodified-Since": stamp})
    second = rest.patch(path, {"Name": "Second"}, headers={"If-Unmodified-Since": stamp})

    assert (first.status_code, second.status_code) == (204, 412)
    assert second.json()[0]["errorCode"] == "PRECONDITION_FAILED"
    assert rest.get(path).json()["Name"] == "First"


def test_a_guard_that_cannot_be_read_is_refused_and_nothing_is_written(rest: RestClient) -> None:
    path = f"sobjects/Account/{rest.create('Account', an_account())}"

    refused = rest.patch(path, {"Name": "New"}, headers={"If-Unmodified-Since": "yesterday"})

    assert refused.status_code == 400
    assert rest.get(path).json()["Name"] == "Aurora Devices"


def test_if_modified_since_answers_304_until_the_record_changes(
    org: LocalOrgServer, rest: RestClient
) -> None:
    path = f"sobjects/Account/{rest.create('Account', an_account())}"
    since = {"If-Modified-Since": rest.get(path).headers["Last-Modified"]}

    assert rest.get(path, headers=since).status_code == 304
    org.org.clock.advance(60)
    rest.patch(path, {"Name": "Borealis"})
    assert rest.get(path, headers=since).status_code == 200


def test_a_guarded_read_answers_412_once_the_record_changed(
    org: LocalOrgServer, rest: RestClient
) -> None:
    path = f"sobjects/Account/{rest.create('Account', an_account())}"
    guard = {"If-Unmodified-Since": rest.get(path).headers["Last-Modified"]}

    assert rest.get(path, headers=guard).status_code == 200
    org.org.clock.advance(60)
    rest.patch(path, {"Name": "Borealis"})
    assert rest.get(path, headers=guard).status_code == 412


def test_upsert_creates_then_updates_the_same_record(rest: RestClient) -> None:
    path = "sobjects/Account/External_Id__c/HD-7"

    created = rest.patch(path, {"Name": "Aurora"})
    updated = rest.patch(path, {"Name": "Borealis"})

    record_id = created.json()["id"]
    assert created.status_code == 201
    assert created.json() == {"id": record_id, "success": True, "errors": [], "created": True}
    assert updated.status_code == 200
    assert updated.json() == {"id": record_id, "success": True, "errors": [], "created": False}
    assert rest.get(path).json()["Name"] == "Borealis"
    assert rest.count("Account") == 1


def test_an_old_version_answers_an_updating_upsert_with_204(rest: RestClient) -> None:
    path = "/services/data/v45.0/sobjects/Account/External_Id__c/HD-7"

    assert rest.patch(path, {"Name": "Aurora"}).status_code == 201
    assert rest.patch(path, {"Name": "Borealis"}).status_code == 204


def test_update_only_never_creates(rest: RestClient) -> None:
    refused = rest.patch("sobjects/Account/External_Id__c/HD-7?updateOnly=true", {"Name": "A"})

    assert refused.status_code == 404
    assert rest.count("Account") == 0


@pytest.mark.parametrize("key", ["External_Id__c", "Id", "external_id__c"])
def test_an_upsert_with_its_key_in_the_body_is_refused(rest: RestClient, key: str) -> None:
    refused = rest.patch("sobjects/Account/External_Id__c/HD-7", {"Name": "A", key: "HD-7"})

    assert refused.status_code == 400
    assert refused.json() == [
        {
            "message": f"The {key} field should not be specified in the sobject data.",
            "errorCode": "INVALID_FIELD",
            "fields": [key],
        }
    ]
    assert rest.count("Account") == 0


def test_a_field_that_is_no_external_id_is_refused(rest: RestClient) -> None:
    refused = rest.patch("sobjects/Account/Name/Aurora", {"Phone": "1"})

    assert refused.status_code == 404
    assert refused.json()[0]["message"] == (
        "Provided external ID field does not exist or is not accessible: Name"
    )


def test_a_relationship_path_is_refused_by_name(rest: RestClient) -> None:
    record_id = rest.create("Account", an_account())

    refused = rest.get(f"sobjects/Account/{record_id}/Owner")

    assert refused.status_code == 501
    assert "relationship paths" in refused.json()[0]["message"]


def test_an_external_id_may_hold_slashes_quotes_and_spaces(rest: RestClient) -> None:
    path = "sobjects/Account/External_Id__c/A%2F1%20it%27s%5C"

    created = rest.patch(path, {"Name": "Aurora"})

    assert created.status_code == 201, created.text
    assert rest.get(path).json()["External_Id__c"] == "A/1 it's\\"
    assert rest.delete(path).status_code == 204
    assert rest.get(path).status_code == 404


def test_a_parent_may_be_named_by_its_external_id(rest: RestClient) -> None:
    designer = rest.create("Account", an_account())

    order = an_order("", Account={"External_Id__c": "HD-1"})
    del order["AccountId"]
    created = rest.create("Order", order)

    assert rest.get(f"sobjects/Order/{created}").json()["AccountId"] == designer


def test_numbers_in_answers_are_json_numbers(rest: RestClient) -> None:
    record_id = rest.create("Account", an_account(Rating__c=4.5))

    answer = rest.get(f"sobjects/Account/{record_id}?fields=Rating__c")

    assert answer.json()["Rating__c"] == Decimal("4.5")
    assert b'"Rating__c":4.50' in answer.content


def test_a_record_named_by_fifteen_characters_shows_all_eighteen(rest: RestClient) -> None:
    record_id = rest.create("Account", an_account())

    shown = rest.get(f"sobjects/Account/{record_id[:15]}?fields=Name").json()

    assert shown["Id"] == record_id
    assert shown["attributes"]["url"].endswith(f"/sobjects/Account/{record_id}")
