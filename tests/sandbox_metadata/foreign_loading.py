"""Projects of other people: how they are loaded here, and what is said of their components."""

from __future__ import annotations

from pathlib import Path

from sandbox.metadata import load_schema
from sandbox.metadata.idle import NOT_SUPPORTED, REASONS
from sandbox.org.schema import Schema
from tests.sandbox_metadata.foreign_files import a_field, an_object
from tests.sandbox_metadata.project_files import write_project

SITE = an_object("Site__c")
PLACE = a_field("Site__c.Place__c", "Location", "<scale>7</scale>")
NO_LOCATION = (
    "type Location is not supported as a whole: use Place__Latitude__s and Place__Longitude__s"
)


def load(folder: Path, *parts: dict[str, str]) -> Schema:
    """The schema of these files as one source folder."""
    files: dict[str, str] = {}
    for part in parts:
        files |= part
    return load_schema([write_project(folder, files) / "force-app"])


def reasons(schema: Schema) -> dict[str, str]:
    """Why each component of the project is listed, but for whole kinds without effect."""
    return {
        u.name: u.reason
        for u in schema.unsupported
        if u.kind != "StandardField" and "has no effect" not in u.reason
        if u.reason not in {*REASONS.values(), NOT_SUPPORTED}
    }
