"""Reads arrive whole or not at all; writes say what became of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import responses

from config.settings import Settings
from sandbox.server import LocalOrgServer
from sfsync.about_org import describe_many
from sfsync.client import Salesforce, connect, usage
from sfsync.composite import composite, composite_graph, resource
from sfsync.errors import (
    IncompleteRead,
    OutcomeUnknown,
    RecordChanged,
    SalesforceRejected,
    SalesforceRetryable,
)
from sfsync.queries import count_all, query, query_all, query_in
from sfsync.records import (
    collections_upsert,
    create_record,
    get_record,
    patch_record,
    upsert_record,
)
from sfsync.values import read_instant
from tests.control import add_fault, seed

ORG = "https://acme.my.salesforce.com"
DATA = f"{ORG}/services/data/v63.0"


def offline() -> Salesforce:
    settings = Settings(salesforce_url=ORG, salesforce_access_token="00Dx!given")
    return connect(settings, sleep=lambda _: None)


def accounts(count: int) -> list[dict[str, object]]:
    return [{"External_Id__c": f"A-{n}", "Name": f"Account {n}"} for n in range(count)]


def test_an_upsert_creates_then_changes_and_says_which(org: LocalOrgServer, sf: Salesforce) -> None:
    first = upsert_record(sf, "Account", "External_Id__c", "A/1 ż", {"Name": "Ada"})
    again = upsert_record(sf, "Account", "External_Id__c", "A/1 ż", {"Name": "Ada L."})

    assert (first.created, again.created) == (True, False)
    assert first.salesforce_id == again.salesforce_id
    assert get_record(sf, "Account", str(first.salesforce_id), ["Name", "External_Id__c"]) == {
        "attributes": {
            "type": "Account",
            "url": f"/services/data/v63.0/sobjects/Account/{first.salesforce_id}",
        },
        "Id": first.salesforce_id,
        "Name": "Ada L.",
        "External_Id__c": "A/1 ż",
    }


def test_an_amount_of_eighteen_digits_survives_the_round_trip(
    org: LocalOrgServer, sf: Salesforce
) -> None:
    account = create_record(sf, "Account", {"Name": "Ada"})
    amount = Decimal("9999999999999999.99")
    create_record(
        sf,
        "Order",
        {"AccountId": account, "EffectiveDate": "2027-01-01", "Budget__c": amount},
    )

    assert query(sf, "SELECT Budget__c FROM Order")[0]["Budget__c"] == amount


def test_many_rows_arrive_through_all_their_pages(org: LocalOrgServer, sf: Salesforce) -> None:
    seed(org, [{"attributes": {"type": "Account"}, "Name": f"A{n}"} for n in range(4100)])

    rows = query(sf, "SELECT Id, Name FROM Account ORDER BY Name")

    assert len(rows) == 4100
    assert len({row["Id"] for row in rows}) == 4100
    assert usage(sf).calls == 3


def test_deleted_rows_are_seen_only_when_asked_for(org: LocalOrgServer, sf: Salesforce) -> None:
    seed(
        org,
        [
            {"attributes": {"type": "Account"}, "Name": "here"},
            {"attributes": {"type": "Account"}, "Name": "gone", "IsDeleted": True},
        ],
    )

    assert [row["Name"] for row in query(sf, "SELECT Name FROM Account")] == ["here"]
    assert len(query_all(sf, "SELECT Name FROM Account")) == 2
    assert count_all(sf, "SELECT COUNT() FROM Account") == 2


@pytest.mark.parametrize("announced", [1, 3])
@responses.activate
def test_an_answer_shorter_or_longer_than_announced_proves_nothing(announced: int) -> None:
    rows = [{"Id": "1"}, {"Id": "2"}]
    responses.get(f"{DATA}/query/", json={"totalSize": announced, "done": True, "records": rows})

    with pytest.raises(IncompleteRead, match=f"announced {announced} rows and sent 2"):
        query(offline(), "SELECT Id FROM Order")


@responses.activate
def test_broken_json_is_an_incomplete_read() -> None:
    responses.get(f"{DATA}/query/", body='{"totalSize": 1, "rec')

    with pytest.raises(IncompleteRead):
        query(offline(), "SELECT Id FROM Order")


@responses.activate
def test_a_lost_page_locator_is_read_again_later() -> None:
    page = {"totalSize": 2, "done": False, "nextRecordsUrl": "/services/data/v63.0/query/x-1"}
    responses.get(f"{DATA}/query/", json={**page, "records": [{"Id": "1"}]})
    gone = [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]
    responses.get(f"{DATA}/query/x-1", status=400, json=gone)

    with pytest.raises(SalesforceRetryable, match="INVALID_QUERY_LOCATOR"):
        query(offline(), "SELECT Id FROM Order")


@responses.activate
def test_child_rows_arrive_whole_as_a_plain_list() -> None:
    more = {"totalSize": 2, "done": False, "nextRecordsUrl": "/services/data/v63.0/query/c-1"}
    children = {**more, "records": [{"Id": "c1"}]}
    rows = [{"Id": "1", "Cases": children}, {"Id": "2", "Cases": None}]
    responses.get(f"{DATA}/query/", json={"totalSize": 2, "done": True, "records": rows})
    rest = {"totalSize": 2, "done": True, "records": [{"Id": "c2"}]}
    responses.get(f"{DATA}/query/c-1", json=rest)

    found = query(offline(), "SELECT Id, (SELECT Id FROM Cases) FROM Order")

    assert found == [
        {"Id": "1", "Cases": [{"Id": "c1"}, {"Id": "c2"}]},
        {"Id": "2", "Cases": None},
    ]


def test_a_long_list_is_split_so_that_every_address_fits(
    org: LocalOrgServer, sf: Salesforce
) -> None:
    seed(
        org,
        [
            {"attributes": {"type": "Account"}, "Name": "x", "External_Id__c": f"A '{n}'"}
            for n in range(1500)
        ],
    )
    wanted = [f"A '{n}'" for n in range(1500)]

    rows = query_in(
        sf,
        "SELECT External_Id__c FROM Account WHERE External_Id__c IN {values} AND Name = {name}",
        [*wanted, *wanted],
        name="x",
    )

    assert sorted(row["External_Id__c"] for row in rows) == sorted(wanted)
    assert 2 <= usage(sf).calls <= 5


def test_nothing_is_asked_for_an_empty_list(org: LocalOrgServer, sf: Salesforce) -> None:
    assert query_in(sf, "SELECT Id FROM Account WHERE Id IN {values}", []) == []
    assert usage(sf).calls == 0


def test_a_query_that_fits_no_address_is_refused_before_it_is_sent(sf: Salesforce) -> None:
    with pytest.raises(ValueError, match="query_in"):
        query(sf, "SELECT Id FROM Account WHERE Name = '" + "x" * 16_000 + "'")

    assert usage(sf).calls == 0


def test_records_of_one_collection_succeed_and_fail_on_their_own(
    org: LocalOrgServer, sf: Salesforce
) -> None:
    records = accounts(3)
    records[1]["CurrencyIsoCode"] = "XXX"

    results = collections_upsert(sf, "Account", "External_Id__c", records)

    assert [result.success for result in results] == [True, False, True]
    assert [result.created for result in results] == [True, False, True]
    (error,) = results[1].errors
    assert isinstance(error, SalesforceRejected)
    assert error.code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert error.fields == ("CurrencyIsoCode",)
    assert len(query(sf, "SELECT Id FROM Account")) == 2


def test_two_hundred_records_are_one_call_and_more_are_refused(
    org: LocalOrgServer, sf: Salesforce
) -> None:
    assert len(collections_upsert(sf, "Account", "External_Id__c", accounts(200))) == 200
    assert usage(sf).calls == 1
    with pytest.raises(ValueError, match="200"):
        collections_upsert(sf, "Account", "External_Id__c", accounts(201))


@responses.activate
def test_a_collection_answered_in_part_is_of_unknown_outcome() -> None:
    responses.patch(
        f"{DATA}/composite/sobjects/Account/External_Id__c",
        json=[{"id": "001", "success": True, "errors": []}],
    )

    with pytest.raises(OutcomeUnknown, match="1 of 2"):
        collections_upsert(offline(), "Account", "External_Id__c", accounts(2))


def test_a_guarded_change_is_refused_when_someone_was_faster(
    org: LocalOrgServer, sf: Salesforce
) -> None:
    now = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    org.org.clock.set(now, frozen=True)
    record_id = create_record(sf, "Account", {"Name": "Ada"})
    found = get_record(sf, "Account", record_id, ["LastModifiedDate"])
    read_at = read_instant(found["LastModifiedDate"])
    assert read_at == now

    patch_record(sf, "Account", record_id, {"Name": "first"}, unmodified_since=read_at)
    org.org.clock.set(now + timedelta(seconds=5), frozen=True)
    patch_record(sf, "Account", record_id, {"Name": "someone else"})
    with pytest.raises(RecordChanged):
        patch_record(sf, "Account", record_id, {"Name": "second"}, unmodified_since=read_at)

    assert get_record(sf, "Account", record_id, ["Name"])["Name"] == "someone else"


def graph(sf: Salesforce, name: str, *values: dict[str, Any]) -> dict[str, Any]:
    nodes = [
        {
            "method": "POST",
            "url": resource(sf, "sobjects/Account"),
            "referenceId": f"{name}{number}",
            "body": body,
        }
        for number, body in enumerate(values)
    ]
    return {"graphId": name, "compositeRequest": nodes}


def test_each_graph_is_written_whole_or_not_at_all(org: LocalOrgServer, sf: Salesforce) -> None:
    good = graph(sf, "good", {"Name": "a"}, {"Name": "b"})
    bad = graph(sf, "bad", {"Name": "c"}, {"Name": "d", "CurrencyIsoCode": "XXX"})

    results = composite_graph(sf, [bad, good])

    assert [(each.graph_id, each.is_successful) for each in results] == [
        ("bad", False),
        ("good", True),
    ]
    (error,) = results[0].errors
    assert error.code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert results[1].errors == ()
    assert [r["Name"] for r in query(sf, "SELECT Name FROM Account ORDER BY Name")] == ["a", "b"]
    assert usage(sf).by_purpose == {"other": 2}


def test_too_many_nodes_are_refused_before_they_are_sent(sf: Salesforce) -> None:
    with pytest.raises(ValueError, match="501 nodes"):
        composite_graph(sf, [graph(sf, "g", *[{"Name": "x"}] * 501)])


@responses.activate
def test_a_graph_without_an_answer_is_of_unknown_outcome() -> None:
    sf = offline()
    responses.post(f"{DATA}/composite/graph", json={"graphs": []})

    with pytest.raises(OutcomeUnknown, match="g1"):
        composite_graph(sf, [graph(sf, "g1", {"Name": "x"})])


def test_a_composite_may_refer_to_what_it_made(org: LocalOrgServer, sf: Salesforce) -> None:
    requests = [
        {
            "method": "POST",
            "url": resource(sf, "sobjects/Account"),
            "referenceId": "ada",
            "body": {"Name": "Ada"},
        },
        {
            "method": "GET",
            "url": resource(sf, "sobjects/Account/@{ada.id}?fields=Name"),
            "referenceId": "read",
        },
    ]

    made, read = composite(sf, requests, all_or_none=True)

    assert made["httpStatusCode"] == 201
    assert read["body"]["Name"] == "Ada"
    assert usage(sf).calls == 1


def test_describes_come_in_one_call_and_leave_out_what_is_not_there(
    org: LocalOrgServer, sf: Salesforce
) -> None:
    found = describe_many(sf, ["Account", "Order", "Nothing__c"])

    assert set(found) == {"Account", "Order"}
    assert "EffectiveDate" in {field["name"] for field in found["Order"]["fields"]}
    assert usage(sf).calls == 1


def test_all_failing_rules_are_told_with_their_fields(org: LocalOrgServer, sf: Salesforce) -> None:
    with pytest.raises(SalesforceRejected) as caught:
        create_record(sf, "Order", {"Name": "x"})

    assert caught.value.code == "REQUIRED_FIELD_MISSING"
    assert set(caught.value.fields) >= {"AccountId"}


def test_the_org_has_no_such_field_is_a_task_for_the_admin(sf: Salesforce) -> None:
    with pytest.raises(SalesforceRejected, match="flask doctor") as caught:
        query(sf, "SELECT Id, Nothing__c FROM Account")

    assert caught.value.code == "INVALID_FIELD"


def test_the_spent_allowance_is_tried_again_later(org: LocalOrgServer, sf: Salesforce) -> None:
    add_fault(org, action="REQUEST_LIMIT_EXCEEDED", times=1)

    with pytest.raises(SalesforceRetryable, match="rolling 24 hours"):
        query(sf, "SELECT Id FROM Account")
    assert query(sf, "SELECT Id FROM Account") == []


def test_a_record_that_is_not_there_is_said_so(sf: Salesforce) -> None:
    with pytest.raises(SalesforceRejected) as caught:
        get_record(sf, "Account", "001000000000001AAA", ["Name"])

    assert caught.value.code == "NOT_FOUND"
