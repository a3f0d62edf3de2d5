"""Values of fields in their three forms: in memory (canonical), in SQL and in JSON.

Gathers the conversions under one name for the rest of the local org; each form is decided in its
own module.
"""

from __future__ import annotations

from sandbox.org.canonical import canonical, quantize, text_or_none, whole_second
from sandbox.org.json_values import from_json, to_json
from sandbox.org.sql_values import column_type, decoder, encoder, from_sql, to_sql

__all__ = [
    "canonical",
    "column_type",
    "decoder",
    "encoder",
    "from_json",
    "from_sql",
    "quantize",
    "text_or_none",
    "to_json",
    "to_sql",
    "whole_second",
]
