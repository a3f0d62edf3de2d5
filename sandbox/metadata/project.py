"""The metadata components of one or more SFDX source folders, parsed and named.

Owns which files count and what each is called: a component is named by its file, as the Salesforce
CLI does, and a folder with `sfdx-project.json` stands for its package directories.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from sandbox.metadata.documents import children, line_of, parse_document, text
from sandbox.metadata.kinds import AURA, INLINE_KINDS, KINDS, Kind
from sandbox.metadata.problems import Problem
from sandbox.org.schema import Unsupported

_META = "-meta.xml"
_PROJECT_FILE = "sfdx-project.json"
_MANIFEST = "package.xml"
#: Folders of bundles, whose files are contents and may be called anything.
_BUNDLES = frozenset({"aura", "digitalExperiences", "experiences", "lwc", "staticresources"})
_REMEDY = "give an SFDX project or a source folder"


@dataclass(frozen=True)
class Component:
    """One metadata component: a whole file, or an element inside an object file."""

    kind: Kind
    name: str
    owner: str  #: the object it belongs to; empty for top-level components
    path: Path
    element: etree._Element
    inline: bool = False

    def problem(self, message: str, at: etree._Element | str | None = None) -> Problem:
        """A finding about this component, at an element, at a child by name, or at its start."""
        if isinstance(at, str):
            return Problem(str(self.path), line_of(self.element, at), message)
        return Problem(str(self.path), line_of(self.element if at is None else at), message)

    @property
    def full_name(self) -> str:
        """The component as the Metadata API names it: `Order.Proposal__c`."""
        return f"{self.owner}.{self.name}" if self.owner else self.name


@dataclass
class Project:
    """Everything read from the folders, with what could not be read."""

    components: list[Component] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files_count: int = 0
    strays: list[Unsupported] = field(default_factory=list)  #: files that are no known component

    def of(self, suffix: str) -> Iterator[Component]:
        """The components of one kind, in the order of the folders."""
        return (c for c in self.components if c.kind.suffix == suffix)


def read_project(folders: Sequence[Path]) -> Project:
    """Parse every metadata file of the folders; what cannot be read becomes a problem."""
    project = Project()
    for folder in folders:
        _read_folder(project, folder)
    return project


def source_directories(folder: Path) -> tuple[list[Path], list[Problem]]:
    """The folders with metadata: the package directories of a project, else the folder itself."""
    project_file = folder / _PROJECT_FILE
    if not folder.is_dir():
        return [], [Problem(str(folder), 1, f"is not a folder; {_REMEDY}")]
    if not project_file.is_file():
        return [folder], []
    try:
        listed = json.loads(project_file.read_text(encoding="utf-8"))["packageDirectories"]
        paths = [folder / str(entry["path"]) for entry in listed]
    except (ValueError, KeyError, TypeError) as error:
        message = f"is not an SFDX project file ({error}); it needs packageDirectories with paths"
        return [], [Problem(str(project_file), 1, message)]
    missing = [
        Problem(str(project_file), 1, f"package directory {path.name} does not exist; create it")
        for path in paths
        if not path.is_dir()
    ]
    return [path for path in paths if path.is_dir()], missing


def _read_folder(project: Project, folder: Path) -> None:
    directories, problems = source_directories(folder)
    project.problems += problems
    project.strays += (s for d in directories for s in _misnamed_files(d))
    paths = [p for d in directories for p in sorted(d.rglob(f"*{_META}")) if p.is_file()]
    project.files_count += len(paths)
    if not paths and not problems:
        message = f"holds no metadata (no file ends in {_META}); {_REMEDY}"
        project.problems.append(Problem(str(folder), 1, message))
    for path in paths:
        _read_file(project, path)


def _misnamed_files(directory: Path) -> Iterator[Unsupported]:
    for path in sorted(directory.rglob("*.xml")):
        is_content = not _BUNDLES.isdisjoint(path.relative_to(directory).parts)
        if not path.name.endswith(_META) and path.name != _MANIFEST and not is_content:
            reason = f"does not end in {_META}, so the CLI ignores it; rename or remove it"
            yield Unsupported("File", path.name, reason, str(path))


def _read_file(project: Project, path: Path) -> None:
    stem, _, suffix = path.name.removesuffix(_META).rpartition(".")
    is_aura = (suffix, path.parent.parent.name) == (AURA.suffix, AURA.directory)
    kind = AURA if is_aura else KINDS.get(suffix)
    if kind is None or not stem:
        reason = f"metadata suffix .{suffix}{_META} is unknown; correct the file name"
        project.strays.append(Unsupported("File", path.name, reason, str(path)))
        return
    root = parse_document(path)
    if isinstance(root, Problem):
        project.problems.append(root)
        return
    component = Component(kind, _name(kind, stem, path), _owner(kind, path), path, root)
    project.components.append(component)
    if suffix == "object":
        project.components += inline_components(component)


def _name(kind: Kind, stem: str, path: Path) -> str:
    nested = kind.suffix in ("report", "dashboard")
    # The CLI percent-encodes characters that a file name cannot hold, as in layout names.
    return f"{path.parent.name}/{unquote(stem)}" if nested else unquote(stem)


def _owner(kind: Kind, path: Path) -> str:
    return path.parent.parent.name if kind.in_object else ""


def inline_components(holder: Component) -> Iterator[Component]:
    """The fields, rules and the like that an object file holds itself."""
    for kind in INLINE_KINDS:
        for element in children(holder.element, kind.inline_tag):
            name = text(element, "fullName") or ""
            yield Component(kind, name, holder.name, holder.path, element, inline=True)
