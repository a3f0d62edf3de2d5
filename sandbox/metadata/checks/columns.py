"""Column names of list views, related lists and search layouts.

Owns the legacy tokens: standard fields appear there under names of the user interface's old report
engine (`ORDERS.STATUS`), custom fields under their API names. Salesforce publishes no list; these
were read in public repositories and are marked in the docs as not verified on a real org.
"""

from __future__ import annotations

from sandbox.org.schema import Field, SObject

#: Tokens of every object.
_COMMON = {
    "CORE.USERS.ALIAS": "OwnerId",
    "CORE.USERS.FIRST_NAME": "OwnerId",
    "CORE.USERS.FULL_NAME": "OwnerId",
    "CORE.USERS.LAST_NAME": "OwnerId",
    "CREATEDBY_USER": "CreatedById",
    "CREATEDBY_USER.ALIAS": "CreatedById",
    "CREATED_DATE": "CreatedDate",
    "LAST_UPDATE": "LastModifiedDate",
    "UPDATEDBY_USER": "LastModifiedById",
    "UPDATEDBY_USER.ALIAS": "LastModifiedById",
}
#: Tokens of custom objects.
_CUSTOM = {
    "CURRENCY_ISO_CODE": "CurrencyIsoCode",
    "NAME": "Name",
    "OBJECT_ID": "Id",
    "OWNER.ALIAS": "OwnerId",
    "OWNER.FIRST_NAME": "OwnerId",
    "OWNER.LAST_NAME": "OwnerId",
    "RECORDTYPE": "RecordTypeId",
}
#: Tokens of standard objects.
_STANDARD = {
    "Account": {
        "ACCOUNT.ACCOUNT_NUMBER": "AccountNumber",
        "ACCOUNT.ADDRESS1_CITY": "BillingCity",
        "ACCOUNT.ADDRESS1_COUNTRY": "BillingCountry",
        "ACCOUNT.ADDRESS1_STATE": "BillingState",
        "ACCOUNT.ADDRESS1_ZIP": "BillingPostalCode",
        "ACCOUNT.CREATED_DATE": "CreatedDate",
        "ACCOUNT.CURRENCY_CODE": "CurrencyIsoCode",
        "ACCOUNT.INDUSTRY": "Industry",
        "ACCOUNT.LAST_ACTIVITY": "LastActivityDate",
        "ACCOUNT.LAST_UPDATE": "LastModifiedDate",
        "ACCOUNT.NAME": "Name",
        "ACCOUNT.PHONE1": "Phone",
        "ACCOUNT.RATING": "Rating",
        "ACCOUNT.RECORDTYPE": "RecordTypeId",
        "ACCOUNT.SITE": "Site",
        "ACCOUNT.TYPE": "Type",
        "ACCOUNT.URL": "Website",
    },
    "Case": {
        "ACCOUNT.NAME": "AccountId",
        "CASES.CASE_NUMBER": "CaseNumber",
        "CASES.CLOSED": "IsClosed",
        "CASES.CLOSED_DATE": "ClosedDate",
        "CASES.CREATED_DATE": "CreatedDate",
        "CASES.CREATED_DATE_DATE_ONLY": "CreatedDate",
        "CASES.CURRENCY_CODE": "CurrencyIsoCode",
        "CASES.LAST_UPDATE": "LastModifiedDate",
        "CASES.ORIGIN": "Origin",
        "CASES.PRIORITY": "Priority",
        "CASES.REASON": "Reason",
        "CASES.RECORDTYPE": "RecordTypeId",
        "CASES.STATUS": "Status",
        "CASES.SUBJECT": "Subject",
        "CASES.TYPE": "Type",
        "NAME": "ContactId",
        "OWNER_NAME": "OwnerId",
    },
    "Contact": {
        "ACCOUNT.NAME": "AccountId",
        "CONTACT.CREATED_DATE": "CreatedDate",
        "CONTACT.EMAIL": "Email",
        "CONTACT.FIRST_NAME": "FirstName",
        "CONTACT.LAST_NAME": "LastName",
        "CONTACT.LAST_UPDATE": "LastModifiedDate",
        "CONTACT.PHONE1": "Phone",
        "CONTACT.PHONE3": "MobilePhone",
        "CONTACT.TITLE": "Title",
        "FULL_NAME": "Name",
    },
    "Order": {
        "CONTRACT.CONTRACT_NUMBER": "ContractId",
        "ORDER.RECORDTYPE": "RecordTypeId",
        "ORDERS.CREATED_DATE": "CreatedDate",
        "ORDERS.CURRENCY_ISO_CODE": "CurrencyIsoCode",
        "ORDERS.EFFECTIVE_DATE": "EffectiveDate",
        "ORDERS.END_DATE": "EndDate",
        "ORDERS.LAST_UPDATE": "LastModifiedDate",
        "ORDERS.NAME": "Name",
        "ORDERS.ORDER_NUMBER": "OrderNumber",
        "ORDERS.STATUS": "Status",
        "ORDERS.STATUS_CODE": "StatusCode",
        "ORDERS.TOTAL_AMOUNT": "TotalAmount",
        "ORDERS.TYPE": "Type",
        "SALES.ACCOUNT.NAME": "AccountId",
    },
}


def column_tokens(sobject: SObject) -> dict[str, str]:
    """Every legacy token of an object, with the field it shows."""
    return _COMMON | (_CUSTOM if sobject.custom else _STANDARD.get(sobject.name, {}))


def is_column(sobject: SObject, column: str) -> bool:
    """True when a list of this object may show the column."""
    return column in column_tokens(sobject) or column_field(sobject, column) is not None


def column_field(sobject: SObject, column: str) -> Field | None:
    """The field behind a column: a custom field by API name, a standard one by token."""
    name = column_tokens(sobject).get(column, column if column.endswith("__c") else "")
    return sobject.fields.get(name)
