"""What this org says to code: it has no Apex, so nothing compiles here.

Owns the shape of the refusal. A failed compilation is what every client of executeAnonymous can
show, where another error would be lost on it. Source: Apex developer guide, "ExecuteAnonymousResult
Object"; Tooling API guide, "executeAnonymous".
"""

from __future__ import annotations

PROBLEM = "SANDBOX_NOT_IMPLEMENTED: Apex; the local org compiles and runs no code"


def refuse_code() -> dict[str, object]:
    """An ExecuteAnonymousResult: the code was not compiled, and nothing was executed."""
    return {
        "line": 1,
        "column": 1,
        "compiled": False,
        "success": False,
        "compileProblem": PROBLEM,
        "exceptionStackTrace": None,
        "exceptionMessage": None,
    }
