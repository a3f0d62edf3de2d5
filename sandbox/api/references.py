"""`@{NewOrder.id}`: values of earlier subrequests inside later ones.

Owns the substitution. Source: REST API guide, "Composite: reference IDs".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sandbox.org.errors import OrgError, refuse

_REFERENCE = re.compile(r"@\{([^}.\[\]]+)([^}]*)\}")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


def fill_references(value: object, results: Mapping[str, object]) -> object:
    """`value` with every reference replaced, in keys of objects too.

    A text that is one reference and nothing else takes the value's own type. Raises OrgError
    PROCESSING_HALTED when a reference has no value, so the subrequest does not run.
    """
    if not isinstance(value, str) and next(referenced_ids(value), None) is None:
        return value
    if isinstance(value, str):
        return _fill_text(value, results) if "@{" in value else value
    if isinstance(value, dict):
        return {
            str(fill_references(name, results)): fill_references(held, results)
            for name, held in value.items()
        }
    if isinstance(value, list):
        return [fill_references(item, results) for item in value]
    return value


def referenced_ids(value: object) -> Iterator[str]:
    """The reference IDs that `value` mentions, in the order of the text."""
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            if "@{" in current:
                yield from (found[1] for found in _REFERENCE.finditer(current))
        elif isinstance(current, dict):
            pending += [part for pair in reversed(current.items()) for part in reversed(pair)]
        elif isinstance(current, list):
            pending += reversed(current)


def _fill_text(text: str, results: Mapping[str, object]) -> object:
    whole = _REFERENCE.fullmatch(text)
    if whole:
        return _look_up(whole, results)
    return _REFERENCE.sub(lambda found: str(_look_up(found, results)), text)


def _look_up(found: re.Match[str], results: Mapping[str, object]) -> object:
    reference, path = found[1], found[2]
    if reference not in results:
        raise _no_value(found)
    value = results[reference]
    position = 0
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise _no_value(found)
        value = _take_step(value, step)
        position = step.end()
    if value is None or isinstance(value, (dict, list)):
        raise _no_value(found)
    return value


def _take_step(value: object, step: re.Match[str]) -> object:
    if step[2] is not None:
        index = int(step[2])
        return value[index] if isinstance(value, list) and index < len(value) else None
    if not isinstance(value, dict):
        return None
    if step[1] in value:
        return value[step[1]]
    # A record shows Id, a save result id; clients write either.
    return next((held for name, held in value.items() if name.lower() == step[1].lower()), None)


def _no_value(found: re.Match[str]) -> OrgError:
    name = f"{found[1]}{found[2]}"
    return refuse(
        "PROCESSING_HALTED",
        f"Invalid reference specified. No value for {name} found in {found[1]}.",
    )
