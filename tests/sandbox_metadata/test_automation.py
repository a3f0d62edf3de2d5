"""Workflows and flows: what of them runs here, and by name what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.metadata import MetadataError, load_schema
from sandbox.org.automation import Dialect, OutboundMessage, Trigger, TriggerItem
from sandbox.org.schema import Schema
from tests.sandbox_metadata.deploy_target import OUR_SOURCE, Target, told
from tests.sandbox_metadata.mdapi import manifest, zip_of
from tests.sandbox_metadata.project_files import FILES, write_project
from tests.sandbox_metadata.project_paths import FLOW, MAIN, WORKFLOW

SENT = "Order.Order_Changed"


def loaded(folder: Path, flow: str | None = None, workflow: str | None = None) -> Schema:
    """The schema of the sample project with another flow or workflow in it."""
    changed = {FLOW: flow or FILES[FLOW], WORKFLOW: workflow or FILES[WORKFLOW]}
    return load_schema([write_project(folder, {**FILES, **changed})])


def changed(path: str, old: str, new: str) -> str:
    assert FILES[path].count(old) == 1, old
    return FILES[path].replace(old, new)


def flows_of(schema: Schema) -> list[Trigger]:
    return [trigger for trigger in schema.triggers if trigger.dialect is Dialect.FLOW]


def test_messages_rules_and_flows_are_read(tmp_path: Path) -> None:
    schema = loaded(tmp_path)

    assert schema.outbound_messages == {
        SENT: OutboundMessage(
            SENT,
            "Order",
            "https://backoffice.example.com/outbound",
            ("Id", "Inspection__c"),
            "integration@example.com",
        )
    }
    assert schema.triggers == [
        Trigger(
            "Order.Order checked",
            Dialect.RULE,
            "Order",
            (SENT,),
            formula="ISCHANGED(Inspection__c)",
        ),
        Trigger(
            "Order.Order dated",
            Dialect.RULE,
            "Order",
            (SENT,),
            only_when_newly_met=True,
            items=(
                TriggerItem("Order.Status", "equals", "Checked"),
                TriggerItem("Order.EffectiveDate", "greaterThan", "2030-01-31"),
            ),
            logic="1 OR 2",
        ),
        Trigger(
            "Order_Checked",
            Dialect.FLOW,
            "Order",
            (SENT,),
            on_create=False,
            items=(TriggerItem("Status", "IsChanged", "true"),),
            logic="and",
        ),
    ]
    assert idle(schema) == []


def idle(schema: Schema) -> list[str]:
    """What of flows and workflows does nothing, and why."""
    kinds = ("Flow", "Workflow")
    return [f"{u.kind} {u.name}: {u.reason}" for u in schema.unsupported if u.kind in kinds]


_DECISION = """    <decisions>
        <name>Is_It_Big</name>
        <label>Is it big</label>
        <locationX>0</locationX>
        <locationY>0</locationY>
        <defaultConnectorLabel>No</defaultConnectorLabel>
    </decisions>
    <label>Order"""
_UPDATE = """    <recordUpdates>
        <name>Close_It</name>
        <label>Close it</label>
        <locationX>0</locationX>
        <locationY>0</locationY>
        <inputReference>$Record</inputReference>
    </recordUpdates>
    <start>"""
_INPUT = """CurrentTransaction</flowTransactionModel>
        <inputParameters>
            <name>SObjectRowId</name>
            <value>
                <elementReference>$Record.{}</elementReference>
            </value>
        </inputParameters>"""


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("    <label>Order", _DECISION, "decisions Is_It_Big is not run"),
        ("    <start>", _UPDATE, "recordUpdates Close_It is not run"),
        ("outboundMessage<", "emailAlert<", "actionCalls Send of type emailAlert is not run"),
        ("RecordAfterSave", "RecordBeforeSave", "start triggerType RecordBeforeSave is not run"),
        ("AutoLaunchedFlow", "Workflow", "processType Workflow is not run"),
        ("<booleanValue>true</booleanValue>", "<elementReference>Yes</elementReference>",
         "start filters Status with resource Yes is not run"),
        ("<targetReference>Send<", "<targetReference>Sent<",
         "actionCalls Send, which no connector leads to is not run"),
        ("CurrentTransaction</flowTransactionModel>", _INPUT.format("AccountId"),
         "actionCalls Send with input SObjectRowId is not run"),
        ("<recordTriggerType>Update<", "<recordTriggerType>Delete<",
         "start recordTriggerType Delete is not run"),
        ("<object>Order<", "<object>Quote<", "Quote is not among the objects of the local org"),
        ("<operator>IsChanged", "<operator>In", "start filters Status In is not run"),
        ("<filterLogic>and</filterLogic>",
         "<filterFormula>{!$Record.EffectiveDate} = {!$Flow.CurrentDate}</filterFormula>",
         "start filterFormula with $Flow.CurrentDate is not run"),
        ("<filterLogic>and</filterLogic>",
         "<filterFormula>ISNEW() &amp;&amp; {!IsBig}</filterFormula>",
         "start filterFormula with IsBig is not run"),
        ("    <status>", "    <newerElement>Some</newerElement>\n    <status>",
         "newerElement Some is not run"),
    ],
)  # fmt: skip
def test_a_flow_that_does_more_than_send_is_named_and_does_not_run(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    schema = loaded(tmp_path, changed(FLOW, old, new))

    assert flows_of(schema) == []
    assert f"Flow Order_Checked: {named}" in idle(schema)


def test_every_element_that_does_not_run_is_named(tmp_path: Path) -> None:
    flow = changed(FLOW, "    <label>Order", _DECISION).replace("    <start>", _UPDATE)

    schema = loaded(tmp_path, flow)

    assert idle(schema) == [
        "Flow Order_Checked: decisions Is_It_Big is not run",
        "Flow Order_Checked: recordUpdates Close_It is not run",
    ]


def test_an_inactive_flow_or_rule_does_nothing_as_in_an_org(tmp_path: Path) -> None:
    workflow = FILES[WORKFLOW].replace("<active>true", "<active>false")

    schema = loaded(tmp_path, changed(FLOW, "<status>Active", "<status>Draft"), workflow)

    assert schema.triggers == []
    assert idle(schema) == []


def test_the_record_itself_may_be_given_as_input(tmp_path: Path) -> None:
    flow = changed(FLOW, "CurrentTransaction</flowTransactionModel>", _INPUT.format("Id"))

    assert [trigger.messages for trigger in flows_of(loaded(tmp_path, flow))] == [(SENT,)]


_OTHER_ACTION = """<actions>
            <name>Set_Status</name>
            <type>FieldUpdate</type>
        </actions>
        <active>true</active>
        <formula>"""
_TASK = """    <tasks>
        <fullName>Call</fullName>
        <assignedToType>owner</assignedToType>
        <dueDateOffset>1</dueDateOffset>
        <notifyAssignee>false</notifyAssignee>
        <priority>Normal</priority>
        <protected>false</protected>
        <status>Open</status>
        <subject>Call</subject>
    </tasks>
</Workflow>"""


@pytest.mark.parametrize(
    ("old", "new", "named", "rules_left"),
    [
        ("<active>true</active>\n        <formula>", _OTHER_ACTION,
          "rules Order checked: FieldUpdate Set_Status", 1),
        ("onAllChanges", "OnRecursiveUpdate",
         "rules Order checked: triggerType OnRecursiveUpdate", 1),
        ("</Workflow>", _TASK, "tasks Call", 2),
        ("<field>Order.EffectiveDate", "<field>User.Alias",
         "rules Order dated: criteriaItems User.Alias greaterThan", 1),
    ],
)  # fmt: skip
def test_what_of_a_workflow_does_not_run_is_named(
    tmp_path: Path, old: str, new: str, named: str, rules_left: int
) -> None:
    schema = loaded(tmp_path, workflow=changed(WORKFLOW, old, new))

    assert idle(schema) == [f"Workflow Order: {named} is not run"]
    assert len([t for t in schema.triggers if t.dialect is Dialect.RULE]) == rules_left


def test_a_workflow_of_an_object_that_the_org_lacks_is_named(tmp_path: Path) -> None:
    quote = f"{MAIN}/workflows/Quote.workflow-meta.xml"
    write_project(tmp_path, {**FILES, quote: FILES[WORKFLOW]})

    schema = load_schema([tmp_path])

    assert idle(schema) == ["Workflow Quote: Quote is not among the objects of the local org"]
    assert list(schema.outbound_messages) == [SENT]


def test_a_field_of_salesforce_that_the_org_lacks_is_named_and_never_sent(tmp_path: Path) -> None:
    workflow = changed(WORKFLOW, "<fields>Inspection__c", "<fields>BillingAddress")

    schema = loaded(tmp_path, workflow=workflow)

    assert schema.outbound_messages[SENT].fields == ("Id",)
    assert idle(schema) == [
        f"Workflow Order: {SENT} is sent without BillingAddress, which the local org has not got"
    ]


def test_a_flow_that_runs_must_be_sound(tmp_path: Path) -> None:
    flow = changed(FLOW, "<filterLogic>and", "<filterLogic>1 AND (1 OR 3)")

    with pytest.raises(MetadataError) as error:
        loaded(tmp_path, flow)

    assert [problem.message for problem in error.value.problems] == [
        "flow Order_Checked: 3 is not one of the 1 conditions"
    ]


_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_WATCH = (
    _HEAD
    + """<Workflow xmlns="http://soap.sforce.com/2006/04/metadata">
    <outboundMessages>
        <fullName>watch_Order</fullName>
        <apiVersion>63.0</apiVersion>
        <endpointUrl>https://watcher.example.com/in</endpointUrl>
        <fields>Id</fields>
        <includeSessionId>false</includeSessionId>
        <integrationUser>someone@example.com</integrationUser>
        <name>watch Order</name>
        <protected>false</protected>
        <useDeadLetterQueue>false</useDeadLetterQueue>
    </outboundMessages>
</Workflow>
"""
)
_WATCH_FLOW = (
    _HEAD
    + """<Flow xmlns="http://soap.sforce.com/2006/04/metadata">
    <actionCalls>
        <name>Send</name>
        <label>Send</label>
        <locationX>0</locationX>
        <locationY>0</locationY>
        <actionName>Order.watch_Order</actionName>
        <actionType>outboundMessage</actionType>
    </actionCalls>
    <apiVersion>63.0</apiVersion>
    <label>Watch</label>
    <processType>AutoLaunchedFlow</processType>
    <start>
        <locationX>0</locationX>
        <locationY>0</locationY>
        <connector><targetReference>Send</targetReference></connector>
        <filterFormula>OR(ISNEW(), ISCHANGED({!$Record.Status}))</filterFormula>
        <object>Order</object>
        <recordTriggerType>CreateAndUpdate</recordTriggerType>
        <triggerType>RecordAfterSave</triggerType>
    </start>
    <status>Active</status>
</Flow>
"""
)
_MEMBERS = {"WorkflowOutboundMessage": ["Order.watch_Order"], "Flow": ["Watch"]}
_PACKAGE = {
    "workflows/Order.workflow": _WATCH,
    "flows/Watch.flow": _WATCH_FLOW,
    "package.xml": manifest(_MEMBERS),
}


def test_a_deploy_adds_a_message_and_its_flow_to_a_running_org(tmp_path: Path) -> None:
    target = Target(tmp_path, (OUR_SOURCE,))
    ours = {"Order.Order_Changed", "Order_Proposal__c.Order_Proposal_Changed"}

    report = target.deploy(_PACKAGE)

    assert told(report) == []
    assert set(target.org.schema.outbound_messages) == {*ours, "Order.watch_Order"}
    account = target.insert("Account", Name="Aurora")
    target.insert(
        "Order", AccountId=account, EffectiveDate="2030-01-31", Status="PENDING VALIDATION"
    )
    queued = [entry.message for entry in target.org.outbound.entries()]
    assert queued == ["Order.Order_Changed", "Order.watch_Order"]
    target.org.close()
    again = Target(tmp_path, (OUR_SOURCE,))
    assert set(again.org.schema.outbound_messages) == {*ours, "Order.watch_Order"}
    assert [entry.message for entry in again.org.outbound.entries()] == queued
    again.org.close()


_NO_MESSAGE = (
    "flow Watch: outbound message Order.watch_Order does not exist; add it to the workflow file"
)


def test_a_deploy_of_a_flow_without_its_message_is_refused_and_changes_nothing() -> None:
    target = Target(None, (OUR_SOURCE,))
    files = {"flows/Watch.flow": _WATCH_FLOW, "package.xml": manifest({"Flow": ["Watch"]})}

    report = target.send(zip_of(files))

    assert [(f.type_name, f.full_name, f.message) for f in report.findings] == [
        ("Flow", "Watch", _NO_MESSAGE)
    ]
    assert "Watch" not in {trigger.name for trigger in target.org.schema.triggers}
    target.org.close()
