"""Values as XML Schema writes them, and answers that do not count."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from lxml import etree

from sandbox.org.schema import Field, FieldType
from sandbox.outbound.envelope import Frame, to_soap, write_notifications
from tests.sandbox_outbound.receiver import SF


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        (Field("A__c", FieldType.CHECKBOX), True, "true"),
        (Field("A__c", FieldType.CHECKBOX), False, "false"),
        (Field("A__c", FieldType.CURRENCY, scale=2), Decimal("1250.50"), "1250.5"),
        (Field("A__c", FieldType.CURRENCY, scale=2), Decimal("100.00"), "100.0"),
        (Field("A__c", FieldType.NUMBER, custom=True), Decimal(42), "42.0"),
        (Field("A__c", FieldType.NUMBER, custom=True), Decimal("1E+12"), "1000000000000.0"),
        (Field("Size", FieldType.NUMBER), Decimal(42), "42"),
        (Field("A__c", FieldType.PERCENT, scale=1), Decimal("-0.5"), "-0.5"),
        (Field("A__c", FieldType.DATE), date(2030, 1, 31), "2030-01-31"),
        (
            Field("A__c", FieldType.DATETIME),
            datetime(2030, 1, 31, 7, 5, 9, tzinfo=UTC),
            "2030-01-31T07:05:09.000Z",
        ),
        (Field("A__c", FieldType.TIME), time(7, 5, 9, 120000), "07:05:09.120Z"),
        (Field("A__c", FieldType.MULTISELECT), "A;B", "A;B"),
    ],
)
def test_a_value_is_written_in_soap_form(field: Field, value: object, text: str) -> None:
    assert to_soap(field, value) == text


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ('<b> & "quoted" ]]>', '<b> & "quoted" ]]>'),
        ("two\r\nlines\tand a tab", "two\r\nlines\tand a tab"),
        ("Zażółć 🚀", "Zażółć 🚀"),
        ("bell\x07 and \x00 and \ufffe", "bell and  and "),
    ],
)
def test_any_text_makes_a_well_formed_message(value: str, read: str) -> None:
    frame = Frame("00D", "04k", "token & more", "https://a/?x=1&y=2", "https://b/")
    note = Field("Note__c", FieldType.LONG_TEXT_AREA)

    body = write_notifications(frame, "Thing__c", [("04l", [(note, value), (note, None)])])

    envelope = etree.fromstring(body)
    assert [e.text for e in envelope.iter(f"{{{SF}}}Note__c")] == [read]
    assert [e.text for e in envelope.iter("{*}SessionId")] == ["token & more"]
    assert [e.text for e in envelope.iter("{*}EnterpriseUrl")] == ["https://a/?x=1&y=2"]
