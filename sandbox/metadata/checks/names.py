"""Names: files, full names and API names agree and are ones that Salesforce accepts.

Owns the naming rules. The Salesforce CLI takes the component's name from the file and the server
takes it from `<fullName>`, so a difference deploys something that nobody meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandbox.metadata.checks.context import CheckContext
from sandbox.metadata.documents import text
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component

_API_NAME = re.compile(r"[A-Za-z](_?[A-Za-z0-9])*")
_CUSTOM_SUFFIX = "__c"
_MAX_NAME = 40


def check_full_name(context: CheckContext, component: Component) -> Iterator[Problem]:
    """`<fullName>` says what the file is called."""
    written = text(component.element, "fullName")
    if component.inline:
        if written is None:
            yield component.problem(f"<{component.kind.inline_tag}> has no <fullName>; add it")
    elif written is None and component.kind.has_full_name:
        yield component.problem(f"no <fullName>; the file is named for {component.name}")
    elif written not in (None, component.name):
        message = f"fullName {written} differs from the file name {component.name}; make them equal"
        yield component.problem(message, "fullName")


def check_directory(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A file lies in the directory of its kind, or the CLI takes it for something else."""
    folder = component.path.parent
    directory = component.kind.directory
    if component.kind.in_object:
        placed = folder.name == directory and folder.parent.parent.name == "objects"
        expected = f"objects/<Object>/{directory}"
    elif component.kind.suffix == "object":
        placed = folder.name == component.name and folder.parent.name == "objects"
        expected = f"objects/{component.name}"
    else:
        placed, expected = directory in folder.parts, directory
    if not placed and not component.inline:
        message = f"a .{component.kind.suffix} file belongs in {expected}/; move it there"
        yield component.problem(message)


def check_api_name(context: CheckContext, component: Component) -> Iterator[Problem]:
    """API names have letters, digits and single underscores, and at most 40 characters."""
    name = component.name.removesuffix(_CUSTOM_SUFFIX)
    if not _API_NAME.fullmatch(name):
        message = (
            f"{component.name} is not an API name: it starts with a letter and has letters, "
            "digits and single underscores"
        )
        yield component.problem(message)
    elif len(name) > _MAX_NAME:
        yield component.problem(
            f"{component.name} is {len(name)} characters long; an API name has at most {_MAX_NAME}"
        )


def check_unique_names(context: CheckContext) -> Iterator[Problem]:
    """Nothing is defined twice, not even in another spelling of the case."""
    seen: dict[tuple[str, str], Component] = {}
    for component in context.project.components:
        key = (component.kind.suffix, component.full_name.lower())
        first = seen.setdefault(key, component)
        if first is not component:
            message = f"{component.full_name} is also defined in {first.path}; keep one"
            yield component.problem(message)


#: Elements with a limited number of characters. Source: Metadata API guide, CustomField,
#: ValidationRule and CustomObject; not tried on a real org.
TEXT_LIMITS = {
    "field": {"label": 40, "inlineHelpText": 510, "description": 1000, "relationshipLabel": 80},
    "object": {"label": 40, "pluralLabel": 40, "description": 1000},
    "validationRule": {"errorMessage": 255, "description": 1000},
    "recordType": {"label": 80, "description": 255},
    "listView": {"label": 40},
    "permissionset": {"label": 80, "description": 255},
    "customPermission": {"label": 80, "description": 255},
}


def check_text_limits(context: CheckContext, component: Component) -> Iterator[Problem]:
    """Labels, help texts and messages fit where Salesforce stores them."""
    for tag, limit in TEXT_LIMITS.get(component.kind.suffix, {}).items():
        length = len(text(component.element, tag) or "")
        if length > limit:
            message = f"{tag} is {length} characters long; at most {limit} are allowed, shorten it"
            yield component.problem(message, tag)
