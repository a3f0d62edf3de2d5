"""What leaves the org: which saves send, what a message holds, where it may go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.metadata import load_schema
from sandbox.org.schema import Schema
from sandbox.org.setup_rows import ORG_ID
from sandbox.outbound.routes import action_id
from sandbox.server import LocalOrgServer
from tests.conftest import ROOT
from tests.sandbox_api.builders import an_order, seed_tender
from tests.sandbox_api.bulk import load
from tests.sandbox_api.clients import RestClient
from tests.sandbox_outbound.conftest import MORNING
from tests.sandbox_outbound.receiver import SF, Receiver
from tests.sandbox_outbound.steps import (
    a_quiet_account,
    advance,
    deliver,
    one_order,
    queue,
    some_orders,
)

ADMIN = "admin@manufaktura.example"


def test_a_saved_record_is_sent_as_salesforce_sends_it(
    org: LocalOrgServer, rest: RestClient, receiver: Receiver
) -> None:
    order = one_order(rest, External_Id__c="a < b & c")
    (waiting,) = queue(rest)

    (outcome,) = deliver(rest)

    (message,) = receiver.received
    assert message.path == "/webhooks/salesforce"
    assert message.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert message.headers["SOAPAction"] == '""'
    assert message.text("OrganizationId") == ORG_ID
    assert message.text("ActionId") == action_id("Order.Order_Changed")
    assert b'<SessionId xsi:nil="true"/>' in message.body
    assert message.text("PartnerUrl") == f"{org.tls_url}/services/Soap/u/62.0/{ORG_ID}"
    assert message.text("EnterpriseUrl") == f"{org.tls_url}/services/Soap/c/62.0/{ORG_ID}"
    assert message.ids == [waiting["id"]]
    assert message.envelope.find(f".//{{{SF}}}Id") is not None
    (record,) = message.records
    assert list(record) == ["Id", "External_Id__c", "LastModifiedById", "Status", "SystemModstamp"]
    assert record["Id"] == order
    assert record["External_Id__c"] == "a < b & c"
    assert record["SystemModstamp"] == "2025-03-11T07:00:00.000Z"
    assert outcome["acknowledged"] is True
    assert queue(rest) == []


def test_a_field_without_a_value_is_left_out(rest: RestClient, receiver: Receiver) -> None:
    one_order(rest)

    deliver(rest)

    assert list(receiver.received[0].records[0]) == [
        "Id",
        "LastModifiedById",
        "Status",
        "SystemModstamp",
    ]


def test_only_the_latest_state_is_sent(rest: RestClient, receiver: Receiver) -> None:
    order = one_order(rest, External_Id__c="first")
    rest.patch(f"sobjects/Order/{order}", {"External_Id__c": "second"})

    deliver(rest)

    (message,) = receiver.received
    assert len(set(message.ids)) == 2
    assert [record["External_Id__c"] for record in message.records] == ["second", "second"]


def test_a_delete_sends_nothing_and_a_deleted_record_is_given_up(
    rest: RestClient, receiver: Receiver
) -> None:
    order = one_order(rest)
    rest.delete(f"sobjects/Order/{order}")

    assert deliver(rest) == []

    (entry,) = queue(rest)
    assert receiver.received == []
    assert entry["state"] == "failed"
    assert entry["last_error"].startswith("the record cannot be read: ENTITY_IS_DELETED")


def test_what_is_undone_sends_nothing(rest: RestClient, receiver: Receiver) -> None:
    account = a_quiet_account(rest)
    records = [an_order(account), an_order(account, Status="NO SUCH STATUS")]
    body = {"allOrNone": True, "records": [r | {"attributes": {"type": "Order"}} for r in records]}

    refused = rest.post("composite/sobjects", body)

    assert [row["success"] for row in refused.json()] == [False, False]
    assert queue(rest) == []
    assert deliver(rest) == []
    assert receiver.received == []


def test_a_call_that_saves_in_part_sends_that_part(rest: RestClient, receiver: Receiver) -> None:
    account = a_quiet_account(rest)
    records = [an_order(account), an_order(account, Status="NO SUCH STATUS"), an_order(account)]
    body = {"records": [r | {"attributes": {"type": "Order"}} for r in records]}

    answer = rest.post("composite/sobjects", body).json()
    deliver(rest)

    saved = [row["id"] for row in answer if row["success"]]
    assert [record["Id"] for record in receiver.received[0].records] == saved


def test_a_message_holds_a_hundred_notifications(rest: RestClient, receiver: Receiver) -> None:
    orders = some_orders(rest, 250)

    deliver(rest)

    assert [len(message.ids) for message in receiver.received] == [100, 100, 50]
    assert [r["Id"] for message in receiver.received for r in message.records] == orders


def test_each_definition_has_its_own_messages(
    org: LocalOrgServer, rest: RestClient, receiver: Receiver
) -> None:
    ids = seed_tender(org, proposals=3)

    deliver(rest)

    by_action = {message.text("ActionId"): message.records for message in receiver.received}
    orders = by_action[action_id("Order.Order_Changed")]
    proposals = by_action[action_id("Order_Proposal__c.Order_Proposal_Changed")]
    assert [record["Id"] for record in orders] == [ids["o"]]
    assert [record["Id"] for record in proposals] == [ids["p0"], ids["p1"], ids["p2"]]
    assert {record["Order__c"] for record in proposals} == {ids["o"]}


def test_a_data_load_without_checks_sends_nothing(org: LocalOrgServer, rest: RestClient) -> None:
    account = a_quiet_account(rest)
    order = {"attributes": {"type": "Order"}} | an_order(account)

    rest.control("POST", "seed", {"records": [order], "checks": False})

    assert rest.count("Order") == 1
    assert queue(rest) == []


def test_rows_of_a_seeded_table_are_sent_too(rest: RestClient, receiver: Receiver) -> None:
    account = a_quiet_account(rest)
    table = f"AccountId,EffectiveDate,Status\n{account},2030-01-31,PENDING VALIDATION\n"
    orders = {"file": "Order.csv", "sobject": "Order", "csv": table}

    rest.control("POST", "seed/tables", {"tables": [orders]})
    deliver(rest)

    (message,) = receiver.received
    assert [record["Status"] for record in message.records] == ["PENDING VALIDATION"]


def test_bulk_rows_are_sent_too(rest: RestClient, receiver: Receiver) -> None:
    account = a_quiet_account(rest)
    rows = "".join(f"{account},2030-01-31,PENDING VALIDATION,B-{n}\n" for n in range(3))

    load(
        rest,
        f"AccountId,EffectiveDate,Status,External_Id__c\n{rows}",
        object="Order",
        operation="insert",
    )
    deliver(rest)

    assert [r["External_Id__c"] for r in receiver.received[0].records] == ["B-0", "B-1", "B-2"]


def test_a_commit_that_becomes_visible_late_is_sent_then(
    rest: RestClient, receiver: Receiver
) -> None:
    account = a_quiet_account(rest)
    rest.control(
        "POST", "faults", {"action": "late_visible_commits", "delay_s": 300, "path": "/sobjects/"}
    )
    order = rest.create("Order", an_order(account))

    assert deliver(rest) == []
    advance(rest, 300)
    deliver(rest)

    assert [record["Id"] for record in receiver.received[0].records] == [order]


def test_the_user_of_a_message_sees_no_more_than_in_the_org(
    org: LocalOrgServer, rest: RestClient, receiver: Receiver
) -> None:
    one_order(rest, External_Id__c="X-1")
    soql = (
        "SELECT Id FROM PermissionSetAssignment "
        "WHERE Assignee.Username = 'integration@manufaktura.example'"
    )
    (assignment,) = rest.query(soql)
    rest.delete(f"sobjects/PermissionSetAssignment/{assignment['Id']}")

    deliver(rest)

    (entry,) = queue(rest)
    assert receiver.received == []
    assert entry["state"] == "failed"
    assert "INVALID_TYPE" in entry["last_error"]


def test_a_message_to_the_world_is_held_and_says_why(rest: RestClient, receiver: Receiver) -> None:
    rest.control("POST", "outbound", {"endpoint": None})
    order = one_order(rest)

    assert deliver(rest) == []

    (entry,) = queue(rest)
    assert (entry["state"], entry["attempts"], entry["next_attempt"]) == ("held", 0, None)
    assert (entry["object"], entry["record"]) == ("Order", order)
    assert entry["created"] == MORNING
    assert entry["last_error"] == (
        "backoffice.example.com is not this machine, and the local org sends nowhere else; "
        "redirect outbound messages to a loopback address"
    )
    assert receiver.received == []


def test_a_redirect_releases_what_was_held(rest: RestClient, receiver: Receiver) -> None:
    rest.control("POST", "outbound", {"endpoint": None})
    one_order(rest)

    shown = rest.control("POST", "outbound", {"endpoint": receiver.url})
    deliver(rest)

    assert {message["sent_to"] for message in shown["messages"]} == {receiver.url}
    assert len(receiver.received) == 1
    assert queue(rest) == []


@pytest.mark.parametrize(
    "body",
    [
        {"endpoint": "https://backoffice.example.com/webhooks/salesforce"},
        {"endpoint": "http://10.0.0.5/"},
        {"endpoint": "http://127.0.0.1.example.com/"},
        {"endpoint": "file:///etc/passwd"},
        {"endpoint": "http://127.0.0.1:99999/"},
        {"endpoint": 5000},
        {"automatic": "yes"},
        {"endpoints": "http://127.0.0.1:5000/"},
        {},
    ],
)
def test_what_cannot_be_set_changes_nothing(
    rest: RestClient, receiver: Receiver, body: dict[str, object]
) -> None:
    refused = rest.post("/_sandbox/outbound", body)

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "INVALID_INPUT"
    shown = rest.control("GET", "outbound")
    assert (shown["endpoint"], shown["automatic"]) == (receiver.url, False)


def test_a_start_with_an_endpoint_elsewhere_is_refused() -> None:
    with pytest.raises(ValueError, match=r"outbound endpoint: example\.com is not this machine"):
        LocalOrgServer(outbound_endpoint="http://example.com/")


def test_messages_are_sent_without_being_asked_even_while_the_clock_stands(
    rest: RestClient, receiver: Receiver
) -> None:
    rest.control("POST", "outbound", {"automatic": True})

    order = one_order(rest)

    receiver.wait_for(1)
    assert receiver.received[0].records[0]["Id"] == order


def test_the_queue_can_be_emptied(rest: RestClient, receiver: Receiver) -> None:
    some_orders(rest, 3)

    removed = rest.control("DELETE", "outbound")

    assert removed == {"removed": 3}
    assert queue(rest) == []
    assert deliver(rest) == []


def test_a_reset_empties_the_queue(rest: RestClient) -> None:
    one_order(rest)

    rest.control("POST", "reset")

    assert queue(rest) == []


def test_a_message_to_loopback_needs_no_redirect_and_its_session_opens_the_org(
    receiver: Receiver,
) -> None:
    schema = _with_session(receiver.url, "integration@manufaktura.example")
    with LocalOrgServer(schema=schema) as server, RestClient(server, ADMIN) as rest:
        one_order(rest)
        receiver.wait_for(1)
        token = receiver.received[0].text("SessionId")
        found = rest.get("limits", headers={"Authorization": f"Bearer {token}"})
        user = rest.get("/services/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})

    assert found.status_code == 200
    assert user.json()["preferred_username"] == "integration@manufaktura.example"


def test_a_message_with_the_session_of_nobody_is_held(receiver: Receiver) -> None:
    schema = _with_session(receiver.url, "nobody@example.com")
    with LocalOrgServer(schema=schema) as server, RestClient(server, ADMIN) as rest:
        one_order(rest)

        assert deliver(rest) == []
        (entry,) = queue(rest)

    assert (entry["state"], receiver.received) == ("held", [])
    assert entry["last_error"] == (
        "its session would be that of nobody@example.com, who is no user here"
    )


def test_a_user_of_another_org_does_not_keep_a_message_from_being_sent(
    receiver: Receiver,
) -> None:
    schema = _with_session(receiver.url, "nobody@example.com", includes_session=False)
    with LocalOrgServer(schema=schema) as server, RestClient(server, ADMIN) as rest:
        order = one_order(rest)
        receiver.wait_for(1)

    assert receiver.received[0].records[0]["Id"] == order


def _with_session(url: str, user: str, *, includes_session: bool = True) -> Schema:
    """The project's own metadata, its message about orders sent straight to the receiver."""
    schema = load_schema([ROOT / "salesforce"])
    schema.outbound_messages["Order.Order_Changed"] = replace(
        schema.outbound_messages["Order.Order_Changed"],
        endpoint_url=url,
        integration_user=user,
        includes_session=includes_session,
    )
    return schema


def test_the_queue_outlives_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    with (
        LocalOrgServer([ROOT / "salesforce"], data=tmp_path) as server,
        RestClient(server, ADMIN) as rest,
    ):
        order = one_order(rest)
        (before,) = queue(rest)

    with (
        LocalOrgServer(
            [ROOT / "salesforce"], data=tmp_path, outbound_endpoint=receiver.url
        ) as server,
        RestClient(server, ADMIN) as rest,
    ):
        receiver.wait_for(1)
        deliver(rest)
        assert queue(rest) == []

    assert receiver.received[0].ids == [before["id"]]
    assert receiver.received[0].records[0]["Id"] == order
