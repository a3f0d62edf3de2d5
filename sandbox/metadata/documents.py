"""Reading metadata XML without trusting it.

Owns the parser's settings: no entities, no DTD, no network, since a folder may come from anybody.
Also owns the small vocabulary for reading elements, so that the namespace is written once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from defusedxml.common import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import ParseError, fromstring
from lxml import etree

from sandbox.metadata.problems import Problem

#: The namespace of every metadata file.
NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


def parse_document(path: Path) -> etree._Element | Problem:
    """The root element of a metadata file, or what keeps it from being read."""
    return parse_bytes(path.read_bytes(), path)


def parse_bytes(data: bytes, path: Path) -> etree._Element | Problem:
    """The root element of a file's content; `path` is where the problem is said to stand.

    A DOCTYPE is refused before anything that it declares could be expanded.
    """
    if _has_doctype(data):
        return Problem(str(path), 1, "a DOCTYPE is not allowed in metadata; remove it")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        return Problem(str(path), line, f"malformed XML: {error.msg}; correct the markup here")
    if etree.QName(root).namespace != NAMESPACE:
        found = etree.QName(root).namespace or "none"
        return Problem(str(path), 1, f"namespace is {found}; expected {NAMESPACE}")
    return root


def _has_doctype(data: bytes) -> bool:
    try:
        fromstring(data, forbid_dtd=True)
    except DTDForbidden:
        return True
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        # The other parser says better what is wrong, and where.
        return False
    return False


def tag_of(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return etree.QName(element).localname


def children(element: etree._Element, tag: str) -> Iterator[etree._Element]:
    """The direct children of that name, in file order."""
    return element.iterchildren(f"{{{NAMESPACE}}}{tag}")


def child(element: etree._Element, tag: str) -> etree._Element | None:
    """The first direct child of that name."""
    return next(children(element, tag), None)


def text(element: etree._Element, tag: str) -> str | None:
    """The stripped text of a child; None when it is absent or empty."""
    found = child(element, tag)
    value = (found.text or "").strip() if found is not None else ""
    return value or None


def texts(element: etree._Element, tag: str) -> Iterator[tuple[str, int]]:
    """The stripped text and the line of every child of that name."""
    for found in children(element, tag):
        yield (found.text or "").strip(), line_of(found)


def flag(element: etree._Element, tag: str, default: bool = False) -> bool:
    """A boolean child."""
    value = text(element, tag)
    return default if value is None else value in ("true", "1")


def number(element: etree._Element, tag: str) -> int | None:
    """A whole-number child. The caller has checked the file against the Metadata schema."""
    value = text(element, tag)
    return None if value is None else int(value)


def line_of(element: etree._Element | None, tag: str | None = None) -> int:
    """The line of an element, or of its child `tag` when it has one."""
    if element is None:
        return 1
    found = child(element, tag) if tag else None
    line: object = (element if found is None else found).sourceline
    return line if isinstance(line, int) else 1
