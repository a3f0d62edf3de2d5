"""Currencies in SQL: what an amount is worth in the corporate currency.

Owns where rates come from. A record in a currency without a rate counts one to one, so that its
amounts stay visible in order and sums. Source: developer.salesforce.com, SOQL and SOSL Reference,
"Querying Currency Fields in Multicurrency Orgs": ordering and aggregates use converted amounts,
comparison does only when the literal names a currency.
"""

from __future__ import annotations

from sandbox.org.schema import FieldType, Schema
from sandbox.soql.scope import Source, Statement

_RATE = '(SELECT r."ConversionRate" FROM "CurrencyType" r WHERE r."IsoCode" = {0} LIMIT 1)'


def rate_sql(schema: Schema, source: Source) -> str | None:
    """The record's rate and its unit as two SQL arguments; None where all is one currency."""
    unit = _rate_unit(schema)
    iso = source.sobject.field("CurrencyIsoCode")
    if unit is None or iso is None or source.sobject.name == "CurrencyType":
        return None
    return _arguments(f'{source.alias}."CurrencyIsoCode"', unit)


def literal_rate_sql(statement: Statement, iso_code: str) -> str | None:
    """The same for a literal such as USD5000."""
    unit = _rate_unit(statement.schema)
    return None if unit is None else _arguments(statement.bind(iso_code), unit)


def _arguments(iso_sql: str, unit: int) -> str:
    return f"COALESCE({_RATE.format(iso_sql)}, {unit}), {unit}"


def _rate_unit(schema: Schema) -> int | None:
    currencies = schema.sobject("CurrencyType") if schema.multi_currency else None
    rate = currencies.field("ConversionRate") if currencies else None
    if rate is None or rate.type not in {FieldType.NUMBER, FieldType.CURRENCY}:
        return None
    unit: int = 10**rate.scale
    return unit


def sort_key_sql(sql: str, scale: int, rate: str) -> str:
    """Text that sorts as the amount's corporate value does."""
    return f"soql_corporate_key({sql}, {10**scale}, {rate})"
