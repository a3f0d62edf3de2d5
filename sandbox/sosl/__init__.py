"""SOSL: text search over records, as far as REST clients use it.

`parse_search` reads a statement, `run_search` answers it from an org.
"""

from sandbox.sosl.running import run_search
from sandbox.sosl.statement import Search, parse_search

__all__ = ["Search", "parse_search", "run_search"]
