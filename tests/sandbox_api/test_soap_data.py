"""Records by the partner API, as pyforce, jsforce and other SOAP clients send them."""

from __future__ import annotations

import pytest
from defusedxml.ElementTree import fromstring

from tests.sandbox_api.builders import an_account
from tests.sandbox_api.clients import RestClient
from tests.sandbox_api.test_soap_records import ENVELOPE, soap

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
SF = "{urn:sobject.partner.soap.sforce.com}"
P = "{urn:partner.soap.sforce.com}"


def sobject(kind: str, **fields: str) -> str:
    inner = "".join(f"<p:{name}>{value}</p:{name}>" for name, value in fields.items())
    return f"<p:sObjects><p:type>{kind}</p:type>{inner}</p:sObjects>"


def ask(rest: RestClient, body: str):
    """The results of a call, as elements."""
    answer = rest.call(
        "POST",
        "/services/Soap/u/59.0",
        data=ENVELOPE.format(token=rest.server.access_token, body=body).encode(),
        headers={"Content-Type": "text/xml", "SOAPAction": '""'},
    )
    assert answer.status_code == 200, answer.text
    return list(fromstring(answer.content).iter(f"{P}result"))


def test_records_of_two_types_are_created_each_on_its_own(rest: RestClient) -> None:
    body = "".join(
        [
            sobject(
                "Account", Name="Aurora &amp; Co", External_Id__c="A-1", NumberOfEmployees="12"
            ),
            sobject("account", Phone="1"),
            sobject("Contact", LastName="L"),
            sobject("Nothing__c", Name="N"),
        ]
    )

    results = ask(rest, f"<p:create>{body}</p:create>")

    assert [each.findtext(f"{P}success") for each in results] == ["true", "false", "true", "false"]
    codes = [each.findtext(f"{P}errors/{P}statusCode") for each in results]
    assert codes == [None, "REQUIRED_FIELD_MISSING", None, "INVALID_TYPE"]
    assert results[1].find(f"{P}id").get(f"{XSI}nil") == "true"
    (row,) = rest.query("SELECT Id, Name, NumberOfEmployees FROM Account")
    assert (row["Id"], row["Name"]) == (results[0].findtext(f"{P}id"), "Aurora & Co")
    assert row["NumberOfEmployees"] == 12
    assert rest.count("Contact") == 1


@pytest.mark.parametrize("spelled", ["true", "1"])
def test_all_or_none_is_refused_by_name_and_nothing_is_saved(
    rest: RestClient, spelled: str
) -> None:
    wish = (
        "</p:SessionHeader><p:AllOrNoneHeader>"
        f"<p:allOrNone>{spelled}</p:allOrNone></p:AllOrNoneHeader>"
    )
    body = f"<p:create>{sobject('Account', Name='A')}</p:create>"
    envelope = ENVELOPE.format(token=rest.server.access_token, body=body)
    assert "</p:SessionHeader>" in envelope

    answer = rest.call(
        "POST",
        "/services/Soap/u/59.0",
        data=envelope.replace("</p:SessionHeader>", wish).encode(),
        headers={"Content-Type": "text/xml", "SOAPAction": '""'},
    )

    assert answer.status_code == 500
    assert "SANDBOX_NOT_IMPLEMENTED: SOAP AllOrNoneHeader" in answer.text
    assert rest.count("Account") == 0


@pytest.mark.parametrize(("spelled", "held"), [("true", True), ("1", True), ("0", False)])
def test_a_checkbox_takes_either_spelling_of_xml_schema(
    rest: RestClient, spelled: str, held: bool
) -> None:
    task = sobject("Task", Subject="S", IsReminderSet=spelled)

    (made,) = ask(rest, f"<p:create>{task}</p:create>")

    assert made.findtext(f"{P}success") == "true"
    assert rest.query("SELECT IsReminderSet FROM Task")[0]["IsReminderSet"] is held


def test_a_checkbox_that_says_neither_yes_nor_no_is_refused(rest: RestClient) -> None:
    (refused,) = ask(
        rest, f"<p:create>{sobject('Task', Subject='S', IsReminderSet='yes')}</p:create>"
    )

    assert refused.findtext(f"{P}errors/{P}statusCode") == "INVALID_TYPE_ON_FIELD_IN_RECORD"
    assert rest.count("Task") == 0


def test_records_are_changed_upserted_and_deleted(rest: RestClient) -> None:
    old = rest.create("Account", an_account(Phone="1", Site="S"))
    blank = "<p:fieldsToNull>Site</p:fieldsToNull></p:sObjects>"
    change = sobject("Account", Id=old, Phone="2").replace("</p:sObjects>", blank)
    both = sobject("Account", Name="B", External_Id__c="HD-1") + sobject(
        "Account", Name="C", External_Id__c="HD-2"
    )

    (updated,) = ask(rest, f"<p:update>{change}</p:update>")
    key = "<p:externalIDFieldName>External_Id__c</p:externalIDFieldName>"
    upserted = ask(rest, f"<p:upsert>{key}{both}</p:upsert>")
    gone = upserted[1].findtext(f"{P}id")
    deleted = ask(rest, f"<p:delete><p:id>{gone}</p:id><p:ids>x</p:ids></p:delete>")

    assert updated.findtext(f"{P}success") == "true"
    assert [each.findtext(f"{P}created") for each in upserted] == ["false", "true"]
    assert [each.findtext(f"{P}success") for each in deleted] == ["true", "false"]
    assert deleted[1].findtext(f"{P}errors/{P}statusCode") == "MALFORMED_ID"
    (row,) = rest.query("SELECT Id, Name, Phone, Site FROM Account")
    assert (row["Id"], row["Name"], row["Phone"], row["Site"]) == (old, "B", "2", None)


def test_a_parent_is_given_by_its_external_id(rest: RestClient) -> None:
    rest.create("Account", an_account())
    parent = "<p:type>Account</p:type><p:External_Id__c>HD-1</p:External_Id__c>"

    (made,) = ask(rest, f"<p:create>{sobject('Contact', LastName='L', Account=parent)}</p:create>")

    assert made.findtext(f"{P}success") == "true"
    (row,) = rest.query("SELECT Account.External_Id__c FROM Contact")
    assert row["Account"]["External_Id__c"] == "HD-1"


def test_an_upsert_by_a_field_that_is_no_key_is_refused(rest: RestClient) -> None:
    key = "<p:externalIDFieldName>Phone</p:externalIDFieldName>"

    (refused,) = ask(rest, f"<p:upsert>{key}{sobject('Account', Name='A')}</p:upsert>")

    assert refused.findtext(f"{P}errors/{P}statusCode") == "INVALID_FIELD"
    assert rest.count("Account") == 0


def test_a_query_tells_parents_children_and_nothing(rest: RestClient) -> None:
    account = rest.create("Account", an_account())
    contact = rest.create("Contact", {"LastName": "L", "AccountId": account})
    soql = "SELECT Name, Phone, Owner.Alias, (SELECT Id FROM Contacts) FROM Account"

    (result,) = ask(rest, f"<p:query><p:queryString>{soql}</p:queryString></p:query>")

    assert (result.findtext(f"{P}done"), result.findtext(f"{P}size")) == ("true", "1")
    assert result.find(f"{P}queryLocator").get(f"{XSI}nil") == "true"
    record = result.find(f"{P}records")
    names = [child.tag.removeprefix(SF) for child in record]
    assert names == ["type", "Id", "Name", "Phone", "Owner", "Contacts"]
    assert (record.findtext(f"{SF}type"), record.findtext(f"{SF}Id")) == ("Account", account)
    assert record.find(f"{SF}Phone").get(f"{XSI}nil") == "true"
    assert record.findtext(f"{SF}Owner/{SF}Alias") == "admin"
    assert record.findtext(f"{SF}Contacts/{P}records/{SF}Id") == contact


def test_letters_that_xml_forbids_are_left_out(rest: RestClient) -> None:
    rest.create("Account", {"Name": "A\u0001B", "Phone": "<&>"})
    soql = "SELECT Name, Phone FROM Account"

    (result,) = ask(rest, f"<p:query><p:queryString>{soql}</p:queryString></p:query>")

    assert result.findtext(f"{P}records/{SF}Name") == "AB"
    assert result.findtext(f"{P}records/{SF}Phone") == "<&>"


def test_a_long_result_comes_in_pages(rest: RestClient) -> None:
    rows = [{"Name": f"N{n}"} for n in range(2001)]
    rest.server.org.seed([{"sobject": "Account", "records": rows}])
    soql = "SELECT Id FROM Account"

    (first,) = ask(rest, f"<p:query><p:queryString>{soql}</p:queryString></p:query>")
    locator = first.findtext(f"{P}queryLocator")
    (second,) = ask(rest, f"<p:queryMore><p:queryLocator>{locator}</p:queryLocator></p:queryMore>")

    pages = [
        [row.findtext(f"{SF}Id") for row in page.iter(f"{P}records")] for page in (first, second)
    ]
    assert [len(page) for page in pages] == [2000, 1]
    assert len({*pages[0], *pages[1]}) == 2001
    assert [page.findtext(f"{P}done") for page in (first, second)] == ["false", "true"]


def test_deleted_records_are_in_query_all_only(rest: RestClient) -> None:
    rest.delete(f"sobjects/Account/{rest.create('Account', {'Name': 'A'})}")
    asked = "<p:queryString>SELECT Id FROM Account</p:queryString>"

    (living,) = ask(rest, f"<p:query>{asked}</p:query>")
    (everything,) = ask(rest, f"<p:queryAll>{asked}</p:queryAll>")

    assert [each.findtext(f"{P}size") for each in (living, everything)] == ["0", "1"]


def test_records_are_retrieved_in_the_order_of_their_ids(rest: RestClient) -> None:
    a, b = (rest.create("Account", {"Name": name}) for name in "AB")
    ids = "".join(f"<p:ids>{each}</p:ids>" for each in (b, "001000000000001AAA", a[:15]))
    fields = "<p:fieldList>Id, Name</p:fieldList><p:sObjectType>Account</p:sObjectType>"

    found = ask(rest, f"<p:retrieve>{fields}{ids}</p:retrieve>")

    assert [each.findtext(f"{SF}Name") for each in found] == ["B", None, "A"]
    assert found[1].get(f"{XSI}nil") == "true"


def test_descriptions_are_those_of_rest(rest: RestClient) -> None:
    by_rest = rest.get("sobjects/Account/describe").json()
    names = [each["name"] for each in rest.get("sobjects").json()["sobjects"]]
    asked = "<p:sObjectType>Account</p:sObjectType><p:sObjectType>Order</p:sObjectType>"

    (everything,) = ask(rest, "<p:describeGlobal/>")
    account, order = ask(rest, f"<p:describeSObjects>{asked}</p:describeSObjects>")

    assert [each.findtext(f"{P}name") for each in everything.iter(f"{P}sobjects")] == names
    assert (account.findtext(f"{P}keyPrefix"), order.findtext(f"{P}keyPrefix")) == ("001", "801")
    fields = [(f.findtext(f"{P}name"), f.findtext(f"{P}type")) for f in account.iter(f"{P}fields")]
    assert fields == [(f["name"], f["type"]) for f in by_rest["fields"]]
    kinds = [each.findtext(f"{P}recordTypeId") for each in account.iter(f"{P}recordTypeInfos")]
    assert kinds == [each["recordTypeId"] for each in by_rest["recordTypeInfos"]]
    assert account.find(f"{P}urls") is None
    assert account.findtext(f"{P}urlNew") == f"{rest.server.url}/001/e"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (
            "<p:query><p:queryString>SELECT Nmae FROM Account</p:queryString></p:query>",
            "INVALID_FIELD",
        ),
        (
            "<p:queryMore><p:queryLocator>01g-5</p:queryLocator></p:queryMore>",
            "INVALID_QUERY_LOCATOR",
        ),
        (
            "<p:describeSObject><p:sObjectType>No</p:sObjectType></p:describeSObject>",
            "INVALID_TYPE",
        ),
        ("<p:retrieve><p:sObjectType>No</p:sObjectType></p:retrieve>", "INVALID_TYPE"),
        (f"<p:delete>{'<p:ids>x</p:ids>' * 201}</p:delete>", "EXCEEDED_ID_LIMIT"),
        ("<p:convertLead/>", "SANDBOX_NOT_IMPLEMENTED"),
    ],
)
def test_a_refused_call_is_a_fault(rest: RestClient, body: str, code: str) -> None:
    status, found = soap(rest, body)

    assert (status, found["exceptionCode"]) == (500, [code])


def test_a_fault_inside_a_call_hits_its_rows_only(rest: RestClient) -> None:
    fault = {"action": "UNABLE_TO_LOCK_ROW", "inner": True, "request_body": "A-2"}
    rest.control("POST", "faults", fault | {"path": "Account$", "method": "POST"})
    body = "".join(sobject("Account", Name="N", External_Id__c=f"A-{n}") for n in range(1, 4))

    results = ask(rest, f"<p:create>{body}</p:create>")

    codes = [each.findtext(f"{P}errors/{P}statusCode") for each in results]
    assert codes == [None, "UNABLE_TO_LOCK_ROW", None]
    assert rest.count("Account") == 2
    (fired,) = rest.control("GET", "faults")["fired"]
    assert (fired["kind"], fired["inner"]) == ("row", True)


def test_data_calls_are_a_kind_of_their_own_beside_logins(rest: RestClient) -> None:
    rest.control("POST", "faults", {"action": "UNABLE_TO_LOCK_ROW", "kind": "soap", "times": 1})
    query = "<p:query><p:queryString>SELECT Id FROM Account</p:queryString></p:query>"

    user, _ = soap(rest, "<p:getUserInfo/>")
    hit, found = soap(rest, query)
    spared, _ = soap(rest, query)

    assert (user, hit, spared) == (200, 500, 200)
    assert found["exceptionCode"] == ["UNABLE_TO_LOCK_ROW"]
    shown = rest.control("GET", "requests")
    assert [entry["kind"] for entry in shown["log"]] == ["soap_login", "soap", "soap"]
    assert shown["by_kind"] == {"soap": 1}
