"""Functions that exist in Salesforce and that the local org refuses, with the reason.

Owns the list, so that a formula that would deploy but cannot run here fails loudly when it is
loaded instead of passing as unknown or pretending a value.
"""

from __future__ import annotations

from sandbox.org.formulas.signature import Function

_BUTTON = "it works only in custom buttons, links and s-controls"
_REPORT = "it works only in report summary formulas"
REASONS = {
    "GETRECORDIDS": _BUTTON,
    "GETSESSIONID": "a formula has no session here; use a named credential",
    "IMAGEPROXYURL": "there is no image proxy; use IMAGE()",
    "INCLUDE": _BUTTON,
    "JUNCTIONIDLIST": "it works only in flows and Visualforce",
    "LINKTO": _BUTTON,
    "PARENTGROUPVAL": _REPORT,
    "PREDICT": "there is no Einstein model",
    "PREVGROUPVAL": _REPORT,
    "REQUIRESCRIPT": _BUTTON,
    "URLFOR": _BUTTON,
    "VLOOKUP": "it searches another object's records; read them through a lookup field instead",
}

FUNCTIONS = tuple(Function(name, refusal=reason) for name, reason in REASONS.items())
