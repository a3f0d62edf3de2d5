"""A small valid SFDX project: inspections of orders, written out file by file.

Tests break one thing in it at a time, so it has one of everything the gate knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tests.sandbox_metadata.project_interface import INTERFACE_FILES
from tests.sandbox_metadata.project_objects import OBJECT_FILES

#: Every file of the project by its path.
FILES: dict[str, str] = {
    "sfdx-project.json": json.dumps(
        {
            "packageDirectories": [{"path": "force-app", "default": True}],
            "name": "inspections",
            "namespace": "",
            "sfdcLoginUrl": "https://login.salesforce.com",
            "sourceApiVersion": "62.0",
        }
    ),
    **OBJECT_FILES,
    **INTERFACE_FILES,
}


def write_project(folder: Path, files: Mapping[str, str] = FILES) -> Path:
    """The files under a folder; returns the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder
