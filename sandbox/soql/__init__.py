"""SOQL: text in, rows out.

Owns the way from a query's text to an answer in Salesforce's shape: parse, look names up, compile
to SQL with parameters, read, nest. HTTP, paging and sessions are the API's.
"""

from sandbox.soql.environment import QueryEnv
from sandbox.soql.executor import execute
from sandbox.soql.nodes import Query
from sandbox.soql.parsing import parse
from sandbox.soql.results import QueryResult, Row
from sandbox.soql.syntax import SoqlSyntaxError

__all__ = ["Query", "QueryEnv", "QueryResult", "Row", "SoqlSyntaxError", "execute", "parse"]
