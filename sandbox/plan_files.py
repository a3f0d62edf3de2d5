"""Reads the files that a data plan names, as `sf data import tree --plan` does.

Owns which files may be read: those in the `data` folder beside loaded metadata, and no others,
because whoever sends a plan chooses its names.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath

from sandbox.api import jsonio
from sandbox.org.errors import refuse


def fill_in_files(plan: object, folders: Sequence[Path]) -> object:
    """The plan with the records of its files in their place; other plans are answered as given.

    A plan is `[{"sobject": "Account", "files": ["Account.json"]}, …]`. Raises OrgError for a file
    that none of the folders holds.
    """
    if not isinstance(plan, list):
        return plan
    return [_fill_in(entry, folders) if _names_files(entry) else entry for entry in plan]


def _names_files(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("files"), list)


def _fill_in(entry: dict[str, object], folders: Sequence[Path]) -> dict[str, object]:
    names = entry["files"]
    records: list[object] = []
    for name in names if isinstance(names, list) else []:
        content = jsonio.loads(_find(str(name), folders).read_bytes())
        found = content.get("records") if isinstance(content, dict) else content
        if not isinstance(found, list):
            raise refuse("JSON_PARSER_ERROR", f"The data file {name} holds no list of records")
        records += found
    return {"sobject": entry.get("sobject"), "records": records}


def _find(name: str, folders: Sequence[Path]) -> Path:
    # Looked for among what is there: a hostile name never reaches the file system.
    wanted = PurePath(name)
    for folder in folders:
        for path in folder.rglob("*"):
            is_inside = path.resolve().is_relative_to(folder.resolve())
            if path.relative_to(folder) == wanted and is_inside and path.is_file():
                return path
    known = sorted(path.name for folder in folders for path in folder.glob("*.json"))
    raise refuse(
        "NOT_FOUND",
        f"The plan names the file {name}, which no data folder beside the metadata holds; "
        f"there are {', '.join(known) or 'none'}. Send the records themselves instead.",
    )
