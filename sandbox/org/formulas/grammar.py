"""Reads formula text into nodes.

Owns precedence and spelling. The levels are Salesforce's, not a textbook's: `^` binds weaker than
`*` and `/` (`2*3^2` is 36), and a whole path such as `Owner:User.Alias` is one token.
Source: the two grammars of Salesforce's open-source formula engine.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from sandbox.org.formulas.errors import FormulaSyntaxError
from sandbox.org.formulas.interface import ResultType
from sandbox.org.formulas.nodes import Call, Literal, Node, Reference

GRAMMAR = r"""
?start: or_level
?or_level: and_level | or_level OR and_level -> binary
?and_level: equal_level | and_level AND equal_level -> binary
?equal_level: compare_level | equal_level EQUALITY compare_level -> binary
?compare_level: add_level | compare_level COMPARISON add_level -> binary
?add_level: power_level | add_level (PLUS | MINUS | CONCAT) power_level -> binary
?power_level: multiply_level | power_level POWER multiply_level -> binary
?multiply_level: unary_level | multiply_level (TIMES | DIVIDE) unary_level -> binary
?unary_level: primary | (PLUS | MINUS | NOT | BANG) unary_level -> unary
?primary: NUMBER -> number
    | STRING -> text
    | (TRUE | FALSE | NULL) -> constant
    | IDENT -> reference
    | IDENT LPAR [or_level (COMMA or_level)*] RPAR -> call
    | LPAR or_level RPAR -> group

OR.2: "||"
AND.2: "&&"
EQUALITY.2: "==" | "=" | "<>" | "!="
COMPARISON: "<=" | ">=" | "<" | ">"
PLUS: "+"
MINUS: "-"
CONCAT: "&"
POWER: "^"
TIMES: "*"
DIVIDE: "/"
BANG: "!"
LPAR: "("
RPAR: ")"
COMMA: ","
NOT.3: /[nN][oO][tT](?![A-Za-z0-9_$:.#])/
TRUE.3: /[tT][rR][uU][eE](?![A-Za-z0-9_$:.#])/
FALSE.3: /[fF][aA][lL][sS][eE](?![A-Za-z0-9_$:.#])/
NULL.3: /[nN][uU][lL][lL](?![A-Za-z0-9_$:.#])/
IDENT: /[A-Za-z$][A-Za-z0-9_$:.#]*/
NUMBER: /[0-9]+(\.[0-9]+)?/
STRING: /"([^"\\\r\n]|\\[nrtNRT"'\\])*"|'([^'\\\r\n]|\\[nrtNRT"'\\])*'/
COMMENT.4: /\/\*[\s\S]*?\*\//
SPACE: /[ \t\f\r\n]+/
%ignore COMMENT
%ignore SPACE
"""

#: Spellings that mean the same operator.
SYNONYMS = {"==": "=", "!=": "<>", "!": "NOT", "&&": "AND", "||": "OR"}
CONSTANTS = {
    "TRUE": (ResultType.BOOLEAN, True),
    "FALSE": (ResultType.BOOLEAN, False),
    "NULL": (ResultType.NULL, None),
}
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
ESCAPE = re.compile(r"\\(.)")
#: Terminals in words of the people who write formulas.
NAMES = {
    "LPAR": "'('",
    "RPAR": "')'",
    "COMMA": "','",
    "IDENT": "a field or function",
    "NUMBER": "a number",
    "STRING": "a text",
    "$END": "the end of the formula",
}


def _canonical(operator: str) -> str:
    return SYNONYMS.get(operator, operator.upper())


def _unescaped(match: re.Match[str]) -> str:
    return ESCAPES.get(match[1].lower(), match[1])


class NodeBuilder(Transformer[Token, Node]):
    """Builds nodes while the text is parsed, so that no parse tree is kept."""

    @v_args(inline=True)
    def binary(self, left: Node, operator: Token, right: Node) -> Node:
        return Call(_canonical(operator), (left, right), *_position(operator))

    @v_args(inline=True)
    def unary(self, operator: Token, operand: Node) -> Node:
        return Call(_canonical(operator), (operand,), *_position(operator))

    @v_args(inline=True)
    def number(self, token: Token) -> Node:
        return Literal(ResultType.NUMBER, Decimal(token), *_position(token))

    @v_args(inline=True)
    def text(self, token: Token) -> Node:
        return Literal(ResultType.TEXT, ESCAPE.sub(_unescaped, token[1:-1]), *_position(token))

    @v_args(inline=True)
    def constant(self, token: Token) -> Node:
        return Literal(*CONSTANTS[token.upper()], *_position(token))

    @v_args(inline=True)
    def reference(self, token: Token) -> Node:
        return Reference(tuple(token.split(".")), *_position(token))

    @v_args(inline=True)
    def call(self, name: Token, *parts: Node | Token | None) -> Node:
        arguments = tuple(p for p in parts if p is not None and not isinstance(p, Token))
        return Call(name.upper(), arguments, *_position(name))

    @v_args(inline=True)
    def group(self, _left: Token, inner: Node, _right: Token) -> Node:
        return inner


def _position(token: Token) -> tuple[int, int]:
    return token.line or 1, token.column or 1


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="basic", transformer=NodeBuilder())


def parse(text: str) -> Node:
    """The formula as nodes; raises FormulaSyntaxError with the place and what was expected."""
    if not text.strip():
        raise FormulaSyntaxError("the formula is empty; write an expression", 1, 1)
    try:
        return _parser().parse(text)  # type: ignore[return-value]  # the transformer returns nodes
    except UnexpectedCharacters as error:
        raise _bad_character(text, error) from error
    except UnexpectedToken as error:
        raise _bad_token(text, error) from error


def _bad_character(text: str, error: UnexpectedCharacters) -> FormulaSyntaxError:
    found = text[error.pos_in_stream or 0]
    message = f"unexpected character {found!r}"
    if found in "\"'":
        message = (
            f"the text that starts with {found} has no end on its line or an unknown escape; "
            r"""close it, and write \\ for a backslash (known: \n \r \t \" \' \\)"""
        )
    return FormulaSyntaxError(message, error.line, error.column)


def _bad_token(text: str, error: UnexpectedToken) -> FormulaSyntaxError:
    token, expected = error.token, error.accepts or error.expected
    line, column = _position(token)
    if token.type == "$END":
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
    wanted = sorted(NAMES[name] for name in expected if name in NAMES)
    found = NAMES["$END"] if token.type == "$END" else f"'{token}'"
    hint = f"; expected {' or '.join(wanted)}" if wanted else "; expected an operator"
    return FormulaSyntaxError(f"unexpected {found}{hint}", line, column)
