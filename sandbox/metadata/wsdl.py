"""The Metadata API's own XML schema, as shipped inside the simple-salesforce package.

Owns where that schema comes from: `metadata.wsdl` (API 63.0) is read as a data file, and no code
of the package is imported. It is the only complete schema that exists offline, so a folder that
passes it cannot be refused by a deploy for its shape. Salesforce itself tolerates any order of
elements, so loading may ignore the order while the gate insists on it.
"""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from sandbox.metadata.documents import NAMESPACE, children, tag_of

_XSD = "{http://www.w3.org/2001/XMLSchema}"
_PACKAGE = "simple_salesforce"
#: Elements by root that orgs of other releases or with other features have, and this schema lacks.
#: Source: Metadata API guide, "CustomField", "PermissionSet".
_FURTHER = {
    "CustomField": ("displayLocationInDecimal", "indexed"),
    "PermissionSet": ("agentAccesses", "userLicense"),
    "ValidationRule": ("shouldEvaluateOnClient",),
}


@cache
def _schema_element() -> etree._Element:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            f"package {_PACKAGE} holds the Metadata schema but is not installed; run make install"
        )
    path = Path(spec.submodule_search_locations[0]) / "metadata.wsdl"
    document = etree.fromstring(path.read_bytes(), etree.XMLParser(no_network=True))
    for schema in document.iter(f"{_XSD}schema"):
        if schema.get("targetNamespace") == NAMESPACE:
            return etree.fromstring(etree.tostring(schema))
    raise FileNotFoundError(f"{path} holds no schema for {NAMESPACE}; reinstall {_PACKAGE}")


@cache
def _validator() -> etree.XMLSchema:
    schema = copy.deepcopy(_schema_element())
    declared = {str(e.get("name")) for e in schema.findall(f"{_XSD}element")}
    for name in sorted(set(_types()) - declared):
        etree.SubElement(schema, f"{_XSD}element", {"name": name, "type": f"tns:{name}"})
    return etree.XMLSchema(etree.fromstring(etree.tostring(schema)))


@cache
def _types() -> Mapping[str, etree._Element]:
    return {str(t.get("name")): t for t in _schema_element().findall(f"{_XSD}complexType")}


@cache
def _children_of(type_name: str) -> Mapping[str, str]:
    """Child elements of a complex type with their types, in the schema's order."""
    found: dict[str, str] = {}
    definition = _types().get(type_name)
    if definition is None:
        return found
    extension = next(definition.iter(f"{_XSD}extension"), None)
    if extension is not None:
        found |= _children_of(str(extension.get("base")).removeprefix("tns:"))
    for element in definition.iter(f"{_XSD}element"):
        found[str(element.get("name"))] = str(element.get("type")).removeprefix("tns:")
    return found


def knows_type(name: str) -> bool:
    """True when the schema defines a type, and so a root element, of that name."""
    return name in _types()


def _sort_children(element: etree._Element, type_name: str) -> None:
    allowed = _children_of(type_name)
    rank = {tag: position for position, tag in enumerate(allowed)}
    element[:] = sorted(element, key=lambda child: rank.get(tag_of(child), len(rank)))
    for child in element:
        _sort_children(child, allowed.get(tag_of(child), ""))


def _readable(message: str) -> str:
    plain = message.replace(f"{{{NAMESPACE}}}", "").replace("[facet 'enumeration'] ", "")
    return plain.removesuffix(".")


def schema_findings(root: etree._Element, any_order: bool = False) -> list[tuple[int, str]]:
    """Where a metadata file departs from the Metadata schema: line and reason.

    With `any_order` the order of elements is free, as in a real deploy, and elements of other
    releases are taken; otherwise the file must look the way Salesforce writes it on retrieve.
    """
    validator = _validator()
    subject = root
    if any_order:
        subject = copy.deepcopy(root)
        for further in _FURTHER.get(tag_of(root), ()):
            for element in list(children(subject, further)):
                subject.remove(element)
        _sort_children(subject, tag_of(root))
    if validator.validate(subject):
        return []
    log: Any = validator.error_log
    return [(int(entry.line), _readable(str(entry.message))) for entry in log]
