from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import an_account, seed_tender
from tests.sandbox_api.clients import RestClient

SMALL_PAGES = {"Sforce-Query-Options": "batchSize=200"}


def seed_accounts(org: LocalOrgServer, count: int) -> None:
    org.org.seed(
        [
            {
                "sobject": "Account",
                "records": [{"Name": f"N{n:04}", "External_Id__c": f"X{n}"} for n in range(count)],
            }
        ]
    )


def first_page(rest: RestClient, resource: str = "query", **headers: str) -> dict[str, Any]:
    soql = "SELECT Name FROM Account ORDER BY Name"
    return rest.get(resource, params={"q": soql}, headers=SMALL_PAGES | headers).json()


def test_parents_children_and_urls_are_shown_as_salesforce_shows_them(
    org: LocalOrgServer, rest: RestClient
) -> None:
    ids = seed_tender(org, proposals=2)
    base = "/services/data/v59.0/sobjects"

    answer = rest.get(
        "query/",
        params={
            "q": "SELECT Status, Account.Name, (SELECT Price__c FROM Order_Proposals__r "
            "ORDER BY Price__c) FROM Order"
        },
    )

    def shown_price(name: str, price: str) -> str:
        url = f"{base}/Order_Proposal__c/{ids[name]}"
        return (
            '{"attributes":{"type":"Order_Proposal__c","url":"'
            + url
            + '"},"Price__c":'
            + price
            + "}"
        )

    assert answer.text == (
        '{"totalSize":1,"done":true,"records":[{"attributes":{"type":"Order","url":"'
        f"{base}/Order/{ids['o']}"
        '"},"Status":"AWAITING PROPOSALS","Account":{"attributes":{"type":"Account","url":"'
        f"{base}/Account/{ids['hd']}"
        '"},"Name":"Aurora Devices"},"Order_Proposals__r":{"totalSize":2,"done":true,"records":['
        f"{shown_price('p0', '100.10')},{shown_price('p1', '101.10')}"
        "]}}]}"
    )


def test_a_count_answers_its_number_and_no_rows(org: LocalOrgServer, rest: RestClient) -> None:
    seed_accounts(org, 3)

    answer = rest.get("query", params={"q": "SELECT COUNT() FROM Account"}).json()

    assert answer == {"totalSize": 3, "done": True, "records": []}


def test_an_aggregate_row_has_no_url(org: LocalOrgServer, rest: RestClient) -> None:
    seed_tender(org, proposals=2)

    (row,) = rest.query("SELECT Status__c, MAX(Price__c) FROM Order_Proposal__c GROUP BY Status__c")

    assert row["attributes"] == {"type": "AggregateResult"}
    assert (row["Status__c"], row["expr0"]) == ("Submitted", 101.1)


@pytest.mark.parametrize(
    ("count", "expected"), [(200, [200]), (401, [200, 200, 1]), (450, [200, 200, 50])]
)
def test_pages_follow_each_other_and_lose_nothing(
    org: LocalOrgServer, rest: RestClient, count: int, expected: list[int]
) -> None:
    seed_accounts(org, count)

    page = first_page(rest)
    names = [row["Name"] for row in page["records"]]
    sizes = [len(page["records"])]
    while not page["done"]:
        assert page["nextRecordsUrl"].startswith("/services/data/v59.0/query/01g")
        page = rest.get(page["nextRecordsUrl"]).json()
        names += [row["Name"] for row in page["records"]]
        sizes.append(len(page["records"]))

    assert sizes == expected
    assert page["totalSize"] == count
    assert names == [f"N{n:04}" for n in range(count)]


def test_a_result_is_a_snapshot_and_a_page_may_be_read_again(
    org: LocalOrgServer, rest: RestClient
) -> None:
    seed_accounts(org, 201)
    page = first_page(rest)
    (last,) = rest.query("SELECT Id FROM Account WHERE Name = 'N0200'")

    rest.delete(f"sobjects/Account/{last['Id']}")

    for _ in range(2):
        rows = rest.get(page["nextRecordsUrl"]).json()["records"]
        assert [row["Name"] for row in rows] == ["N0200"]


def test_a_locator_lives_two_days_of_org_time(org: LocalOrgServer, rest: RestClient) -> None:
    seed_accounts(org, 201)
    org.org.clock.set(datetime(2026, 3, 1, tzinfo=UTC), frozen=True)
    url = first_page(rest)["nextRecordsUrl"]

    org.org.clock.advance(2 * 86400)
    assert rest.get(url).status_code == 200
    org.org.clock.advance(1)
    gone = rest.get(url)

    assert gone.status_code == 400
    assert gone.json() == [
        {"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}
    ]


@pytest.mark.parametrize("locator", ["01g000000000001AAA-200", "nonsense", "-5"])
def test_an_unknown_locator_is_refused(rest: RestClient, locator: str) -> None:
    refused = rest.get(f"query/{locator}")

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


@pytest.mark.parametrize("start", ["²", "9" * 5000, "201", "1.5", ""])
def test_a_locator_with_another_start_is_refused(
    org: LocalOrgServer, rest: RestClient, start: str
) -> None:
    seed_accounts(org, 201)
    key = first_page(rest)["nextRecordsUrl"].rpartition("/")[2].rpartition("-")[0]

    refused = rest.get(f"query/{key}-{start}")

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_a_locator_belongs_to_its_user(
    org: LocalOrgServer, rest: RestClient, loader: RestClient
) -> None:
    seed_accounts(org, 201)

    assert loader.get(first_page(rest)["nextRecordsUrl"]).status_code == 400


def test_the_eleventh_open_result_ends_the_oldest(org: LocalOrgServer, rest: RestClient) -> None:
    seed_accounts(org, 201)

    urls = [first_page(rest)["nextRecordsUrl"] for _ in range(11)]

    assert [rest.get(url).status_code for url in urls] == [400] + [200] * 10


def test_query_all_sees_the_recycle_bin(rest: RestClient) -> None:
    rest.delete(f"sobjects/Account/{rest.create('Account', an_account())}")

    live = rest.get("query", params={"q": "SELECT Id FROM Account"}).json()
    everything = rest.get("queryAll/", params={"q": "SELECT IsDeleted FROM Account"}).json()

    assert live["totalSize"] == 0
    assert [row["IsDeleted"] for row in everything["records"]] == [True]


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("", "MALFORMED_QUERY"),
        ("SELEC Id FROM Account", "MALFORMED_QUERY"),
        ("SELECT Nmae FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Acount", "INVALID_TYPE"),
        ("SELECT Id FROM ScratchOrgInfo limit 1", "INVALID_TYPE"),
    ],
)
def test_a_bad_query_is_refused_by_code(rest: RestClient, soql: str, code: str) -> None:
    refused = rest.get("query", params={"q": soql})

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == code


@pytest.mark.parametrize("size", [199, 2001, "9" * 5_000])
def test_a_page_size_out_of_bounds_is_refused(rest: RestClient, size: int | str) -> None:
    refused = rest.get(
        "query",
        params={"q": "SELECT Id FROM Account"},
        headers={"Sforce-Query-Options": f"batchSize={size}"},
    )

    assert refused.status_code == 400


@pytest.mark.parametrize("offset", ["²", "9" * 5_000, "-1", "1000", ""])
def test_a_place_that_the_result_lacks_is_refused(
    org: LocalOrgServer, rest: RestClient, offset: str
) -> None:
    admin = org.org.actor(str(org.org.find_user("admin@manufaktura.example")))
    rows = org.org.query(admin, "SELECT Id FROM User").records
    key = org.services.locators.open(admin.user_id, len(rows), rows, 1)

    refused = rest.get(f"query/{key}-{offset}")

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_span_beyond_the_calendar_is_refused(rest: RestClient, edge: str) -> None:
    refused = rest.get("sobjects/Account/updated", params={"start": edge, "end": edge})

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "MALFORMED_QUERY"


def span(start: datetime, end: datetime) -> dict[str, str]:
    return {"start": start.isoformat(), "end": end.isoformat()}


def test_updated_and_deleted_ids_of_a_span(org: LocalOrgServer, rest: RestClient) -> None:
    clock = org.org.clock
    clock.set(datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC), frozen=True)
    early = rest.create("Account", an_account(External_Id__c="HD-1"))
    clock.advance(3600)
    late = rest.create("Account", an_account(External_Id__c="HD-2"))
    gone = rest.create("Account", an_account(External_Id__c="HD-3"))
    rest.delete(f"sobjects/Account/{gone}")
    clock.advance(90)
    at_one, at_two = datetime(2026, 3, 1, 13, tzinfo=UTC), datetime(2026, 3, 1, 14, tzinfo=UTC)

    updated = rest.get("sobjects/Account/updated/", params=span(at_one, at_two)).json()
    deleted = rest.get("sobjects/Account/deleted", params=span(at_one, at_two)).json()

    assert updated == {"ids": [late], "latestDateCovered": "2026-03-01T13:02:00.000+0000"}
    assert deleted == {
        "deletedRecords": [{"id": gone, "deletedDate": "2026-03-01T13:00:30.000+0000"}],
        "earliestDateAvailable": "2026-02-14T13:02:00.000+0000",
        "latestDateCovered": "2026-03-01T13:02:00.000+0000",
    }
    assert early not in updated["ids"]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-01T12:00:10Z", "2026-03-01T12:00:50Z"),
        ("2026-03-01T12:00:00Z", "2026-03-01T11:00:00Z"),
        ("2026-01-01T12:00:00Z", "2026-03-01T11:00:00Z"),
        ("2026-04-01T12:00:00Z", "2026-04-02T11:00:00Z"),
    ],
)
def test_a_span_out_of_bounds_is_refused(
    org: LocalOrgServer, rest: RestClient, start: str, end: str
) -> None:
    org.org.clock.set(datetime(2026, 3, 1, 12, tzinfo=UTC), frozen=True)

    refused = rest.get("sobjects/Account/updated", params={"start": start, "end": end})

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"
