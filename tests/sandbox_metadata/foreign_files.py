"""Pieces of other people's projects: short files of ordinary objects, and of what is not here."""

from __future__ import annotations

from tests.sandbox_metadata.project_paths import MAIN, xml


def an_object(name: str, body: str = "") -> dict[str, str]:
    """A custom object with a text for a name."""
    named = "<nameField><label>Name</label><type>Text</type></nameField>"
    content = xml("CustomObject", f"<label>{name}</label>{named}<pluralLabel>x</pluralLabel>{body}")
    return {f"{MAIN}/objects/{name}/{name}.object-meta.xml": content}


def a_field(path: str, kind: str, body: str = "") -> dict[str, str]:
    """A field: `Site__c.Area__c`, its type and further elements."""
    owner, _, name = path.partition(".")
    content = f"<fullName>{name}</fullName><label>{name}</label>{body}<type>{kind}</type>"
    return {f"{MAIN}/objects/{owner}/fields/{name}.field-meta.xml": xml("CustomField", content)}


def a_formula(path: str, kind: str, text: str) -> dict[str, str]:
    """A formula field; the text is XML already."""
    return a_field(path, kind, f"<formula>{text}</formula><precision>9</precision><scale>0</scale>")


def a_lookup(path: str, target: str, children: str = "Children") -> dict[str, str]:
    """A lookup to an object."""
    body = f"<referenceTo>{target}</referenceTo><relationshipName>{children}</relationshipName>"
    return a_field(path, "Lookup", body)


def a_rule(path: str, text: str) -> dict[str, str]:
    """A validation rule that says `refused`; the text is XML already."""
    owner, _, name = path.partition(".")
    body = (
        f"<fullName>{name}</fullName><active>true</active>"
        f"<errorConditionFormula>{text}</errorConditionFormula><errorMessage>refused</errorMessage>"
    )
    file = f"{MAIN}/objects/{owner}/validationRules/{name}.validationRule-meta.xml"
    return {file: xml("ValidationRule", body)}


def a_permission_set(body: str) -> dict[str, str]:
    """A permission set called Visitors."""
    content = xml("PermissionSet", f"{body}<label>Visitors</label>")
    return {f"{MAIN}/permissionsets/Visitors.permissionset-meta.xml": content}
