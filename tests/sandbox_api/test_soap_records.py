"""Undelete, emptyRecycleBin and merge, which only SOAP has."""

from __future__ import annotations

from datetime import timedelta

from defusedxml.ElementTree import fromstring

from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import an_account
from tests.sandbox_api.clients import RestClient

ADMIN = "admin@manufaktura.example"
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><env:Envelope '
    'xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" xmlns:p="urn:partner.soap.sforce.com">'
    "<env:Header><p:SessionHeader><p:sessionId>{token}</p:sessionId></p:SessionHeader></env:Header>"
    "<env:Body>{body}</env:Body></env:Envelope>"
)


def soap(rest: RestClient, body: str, token: str | None = None) -> tuple[int, dict[str, list[str]]]:
    """The status, and the texts of the answer's elements by name."""
    token = token or rest.server.token_for(ADMIN)
    answer = rest.call(
        "POST",
        "/services/Soap/u/59.0",
        data=ENVELOPE.format(token=token, body=body),
        headers={"Content-Type": "text/xml", "SOAPAction": '""'},
    )
    found: dict[str, list[str]] = {}
    for element in fromstring(answer.content).iter():
        found.setdefault(element.tag.rpartition("}")[2], []).append(element.text or "")
    return answer.status_code, found


def test_records_come_back_each_on_its_own(rest: RestClient) -> None:
    gone, alive = (rest.create("Account", {"Name": name}) for name in ("Gone", "Alive"))
    rest.delete(f"sobjects/Account/{gone}")

    status, found = soap(
        rest, f"<p:undelete><p:ids>{gone}</p:ids><p:ids>{alive}</p:ids></p:undelete>"
    )

    assert status == 200
    assert (found["id"], found["success"]) == ([gone, alive], ["true", "false"])
    assert found["statusCode"] == ["UNDELETE_FAILED"]
    assert rest.count("Account") == 2


def test_an_emptied_bin_leaves_a_trace_for_getdeleted_only(
    org: LocalOrgServer, rest: RestClient
) -> None:
    gone = rest.create("Account", {"Name": "Gone"})
    rest.delete(f"sobjects/Account/{gone}")

    _, found = soap(rest, f"<p:emptyRecycleBin><p:ids>{gone}</p:ids></p:emptyRecycleBin>")

    assert found["success"] == ["true"]
    answer = rest.get("queryAll", params={"q": "SELECT Id FROM Account"}).json()
    assert answer["records"] == []
    now = org.org.clock.now()
    span = {"start": now - timedelta(hours=1), "end": now + timedelta(minutes=2)}
    params = {name: f"{at:%Y-%m-%dT%H:%M:%SZ}" for name, at in span.items()}
    deleted = rest.get("sobjects/Account/deleted", params=params).json()["deletedRecords"]
    assert [record["id"] for record in deleted] == [gone]


def test_a_merge_answers_what_it_moved(rest: RestClient) -> None:
    master, loser = (rest.create("Account", an_account(External_Id__c=key)) for key in ("A", "B"))
    contact = rest.create("Contact", {"LastName": "Nowak", "AccountId": loser})

    status, found = soap(
        rest,
        "<p:merge><p:request><p:masterRecord><p:type>Account</p:type>"
        f"<p:Id>{master}</p:Id><p:Phone>12 &amp; 13</p:Phone></p:masterRecord>"
        f"<p:recordToMergeIds>{loser}</p:recordToMergeIds></p:request></p:merge>",
    )

    assert status == 200
    assert found["success"] == ["true"]
    assert (found["mergedRecordIds"], found["updatedRelatedIds"]) == ([loser], [contact])
    assert rest.get(f"sobjects/Account/{master}").json()["Phone"] == "12 & 13"
    assert rest.get(f"sobjects/Account/{loser}").status_code == 404


def test_a_stranger_changes_nothing(rest: RestClient) -> None:
    gone = rest.create("Account", {"Name": "Gone"})
    rest.delete(f"sobjects/Account/{gone}")

    status, found = soap(rest, f"<p:undelete><p:ids>{gone}</p:ids></p:undelete>", "00Dnobody!x")

    assert (status, found["exceptionCode"]) == (500, ["INVALID_SESSION_ID"])
    assert rest.count("Account") == 0
