"""Reads the text of a SOQL query.

Owns the parser: LALR(1) with a contextual lexer, built once per process, and a cache of what was
parsed last, since clients send few different texts. Source of the limits: developer.salesforce.com,
Salesforce Developer Limits, "SOQL and SOSL Limits".
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from sandbox.soql.builder import BuildError, NodeBuilder
from sandbox.soql.nodes import Query
from sandbox.soql.syntax import SoqlSyntaxError, malformed

MAX_QUERY_LENGTH = 100_000


def parse(text: str) -> Query:
    """What the text asks for, before any sObject or field is looked up.

    Raises SoqlSyntaxError (MALFORMED_QUERY, with row and column); the client must correct the
    text. The same text gives the same value, from a cache.
    """
    if len(text) > MAX_QUERY_LENGTH:
        raise malformed(f"SOQL statements cannot be longer than {MAX_QUERY_LENGTH} characters.")
    return _parse(text)


@lru_cache(maxsize=256)
def _parse(text: str) -> Query:
    try:
        text.encode()
        query = _parser().parse(text)
    except UnicodeEncodeError as error:
        raise SoqlSyntaxError(text, error.start, "half a character (lone surrogate)") from None
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from None
    except VisitError as error:
        if isinstance(error.orig_exc, BuildError):
            raise SoqlSyntaxError(text, error.orig_exc.position, error.orig_exc.reason) from None
        raise
    except BuildError as error:
        raise SoqlSyntaxError(text, error.position, error.reason) from None
    assert isinstance(query, Query)  # noqa: S101 - the transformer returns the start rule's node
    return replace(query, text=text)


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", transformer=NodeBuilder())


def _syntax_error(text: str, error: UnexpectedInput) -> SoqlSyntaxError:
    if isinstance(error, UnexpectedToken):
        return _unexpected_token(text, error)
    position = error.pos_in_stream or 0
    if isinstance(error, UnexpectedCharacters) and text[position] == "'":
        reason = "mismatched character '<EOF>' expecting '''"
    elif text[position] == ":":
        reason = "Bind variables only allowed in Apex code"
    else:
        reason = f"unexpected token: '{_word_at(text, position)}'"
    return SoqlSyntaxError(text, position, reason)


def _unexpected_token(text: str, error: UnexpectedToken) -> SoqlSyntaxError:
    culprit = error.token
    if culprit.type == "$END":
        return SoqlSyntaxError(text, len(text), "unexpected token: '<EOF>'")
    before = error.token_history[-1] if error.token_history else None
    if isinstance(before, Token) and before.type == "ALIAS" and "FROM" in error.accepts:
        # `SELECT Id FORM Order`: the word taken for an alias of Id is the misspelt one.
        culprit = before
    return SoqlSyntaxError(text, culprit.start_pos or 0, f"unexpected token: '{culprit}'")


def _word_at(text: str, position: int) -> str:
    end = position + 1
    if text[position].isalnum() or text[position] == "_":
        while end < len(text) and (text[end].isalnum() or text[end] == "_"):
            end += 1
    return text[position:end]
