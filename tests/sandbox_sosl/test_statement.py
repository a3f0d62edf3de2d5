"""Which texts are searches, and what they ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.org.errors import OrgError
from sandbox.sosl import parse_search
from sandbox.sosl.statement import Returning
from sandbox.sosl.terms import parse_terms, split_words

RECORD = ["Aurora Devices Sp. z o.o.", "HD-10", "łódź office"]


def finds(terms: str) -> bool:
    return parse_terms(terms)([split_words(value) for value in RECORD])


@pytest.mark.parametrize(
    ("terms", "is_found"),
    [
        ("aurora", True),
        ("AURORA", True),
        ("auro", False),
        ("auro*", True),
        ("*rora", True),
        ("a?rora", True),
        ("aurora office", True),
        ("aurora berlin", False),
        ("aurora AND office", True),
        ("aurora OR berlin", True),
        ("aurora AND NOT berlin", True),
        ("aurora AND NOT office", False),
        ("(berlin OR aurora) AND łódź", True),
        ("berlin OR aurora AND berlin", False),
        ('"aurora devices"', True),
        ('"devices aurora"', False),
        ("HD-10", True),
        ("10-HD", False),
        ("ŁÓDŹ", True),
    ],
)
def test_words_are_found_as_salesforce_finds_them(terms: str, is_found: bool) -> None:
    assert finds(terms) is is_found


@pytest.mark.parametrize(
    "terms", ["", "a", "*", "(aurora", "aurora)", "aurora AND", '"--"ab', "()"]
)
def test_a_search_that_says_nothing_is_refused(terms: str) -> None:
    with pytest.raises(OrgError) as caught:
        finds(terms)

    assert caught.value.items[0].code == "MALFORMED_SEARCH"


def test_returning_is_cut_into_its_clauses() -> None:
    search = parse_search(
        "FIND {a\\}b} IN NAME FIELDS RETURNING Account(Id, Name WHERE Name != 'x) LIMIT 1' "
        "AND (Phone = null) ORDER BY Name LIMIT 3), Contact , Case(Subject LIMIT 2) LIMIT 20"
    )

    assert (search.scope, search.limit) == ("NAME", 20)
    assert search.returning == (
        Returning(
            "Account",
            "Id, Name",
            "Name != 'x) LIMIT 1' AND (Phone = null)",
            "ORDER BY Name LIMIT 3",
        ),
        Returning("Contact"),
        Returning("Case", "Subject", "", "LIMIT 2"),
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT Id FROM Account", "MALFORMED_SEARCH"),
        ("FIND {ab", "MALFORMED_SEARCH"),
        ("FIND {ab} RETURNING", "MALFORMED_SEARCH"),
        ("FIND {ab} LIMIT x", "MALFORMED_SEARCH"),
        (f"FIND {{ab}} LIMIT {'9' * 5000}", "MALFORMED_SEARCH"),
        ("FIND {ab} RETURNING Account(Id", "MALFORMED_SEARCH"),
        ("FIND {ab} IN SIDEBAR FIELDS", "SANDBOX_NOT_IMPLEMENTED"),
        ("FIND {ab} RETURNING Account WITH NETWORK = 'x'", "SANDBOX_NOT_IMPLEMENTED"),
        ("FIND {ab} RETURNING Account(Id USING ListView = x)", "SANDBOX_NOT_IMPLEMENTED"),
    ],
)
def test_what_cannot_be_read_or_served_is_refused(text: str, code: str) -> None:
    with pytest.raises(OrgError) as caught:
        parse_search(text)

    assert caught.value.items[0].code == code


def refusal(statement: str) -> str:
    """The code of a refused statement; empty for one that was read."""
    try:
        parse_search(statement)
    except OrgError as error:
        return error.items[0].code
    return ""


@given(st.text(alphabet="FIND{}()\"'*?\\ abANDORTRETURNING,1LIMIT", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for statement in (text, f"FIND {{{text}}}", f"FIND {{ab}} RETURNING {text}"):
        assert refusal(statement) in {"", "MALFORMED_SEARCH", "SANDBOX_NOT_IMPLEMENTED"}
