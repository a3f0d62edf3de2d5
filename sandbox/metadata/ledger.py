"""The metadata of a running org: the folders it started with, and what was deployed since.

Owns what outlives a restart. Deployed components are kept in source format in the data folder and
win over the folders' own; key prefixes are kept too, because the Ids of all records carry them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import RLock

from sandbox.metadata.files import source_path, write_source
from sandbox.metadata.loader import build_checked, load_project
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component, Project, read_project
from sandbox.org.schema import Schema

_FOLDER = "deployed"
_PREFIXES = "key_prefixes.json"
Key = tuple[str, str]


def key_of(component: Component) -> Key:
    """What makes two components the same one."""
    return component.kind.suffix, component.full_name


class MetadataLedger:
    """All components of an org. `data` None keeps what is deployed in memory only.

    Raises MetadataError with every problem of the folders: the caller shows it and does not start.
    """

    def __init__(self, folders: Sequence[Path] = (), data: Path | None = None) -> None:
        self.lock = RLock()  #: held by a deploy from its first look to its last write
        self._data = data
        self._prefixes = read_prefixes(data)
        base = read_project(folders)
        kept = _find_kept(data / _FOLDER) if data else []
        added = read_project(kept)
        self._base = base.components
        self._strays = [*base.strays, *added.strays]
        self._deployed = {key_of(c): c for c in added.components}
        self.schema = self._load([*base.problems, *added.problems])

    @property
    def components(self) -> list[Component]:
        """Every component that is in force."""
        return self._merge(self._deployed)

    def merged_with(self, added: Iterable[Component]) -> Project:
        """The org's metadata as it would be with these components on top. Changes nothing."""
        merged = self._merge({**self._deployed, **{key_of(c): c for c in added}})
        return Project(merged, strays=self._strays)

    def build(self, project: Project) -> tuple[Schema, list[Problem]]:
        """The schema of a project, objects keeping their key prefixes, and its problems."""
        return build_checked(project, self._prefixes)

    def accept(self, added: Sequence[Component], schema: Schema) -> None:
        """Make the components and their schema those of the org, also after a restart."""
        # A path of their own, so that they are not taken for files of the next package.
        kept = [replace(c, path=Path(_FOLDER, source_path(c))) for c in added]
        deployed = {**self._deployed, **{key_of(c): c for c in kept}}
        prefixes = self._prefixes | _prefixes_of(schema)
        if self._data is not None:
            _write_prefixes(self._data, prefixes)
            _replace_folder(self._data / _FOLDER, deployed.values())
        self._deployed, self._prefixes, self.schema = deployed, prefixes, schema

    def _merge(self, deployed: Mapping[Key, Component]) -> list[Component]:
        # By path, as a folder is read, so that a restart finds everything in the same order.
        added = sorted(deployed.values(), key=source_path)
        return [*(c for c in self._base if key_of(c) not in deployed), *added]

    def _load(self, problems: list[Problem]) -> Schema:
        project = Project(self.components, problems, strays=self._strays)
        schema = load_project(project, self._prefixes)
        self._prefixes |= _prefixes_of(schema)
        if self._data is not None:
            self._data.mkdir(parents=True, exist_ok=True)
            _write_prefixes(self._data, self._prefixes)
        return schema


def _prefixes_of(schema: Schema) -> dict[str, str]:
    return {o.name: o.key_prefix for o in schema.objects.values() if o.custom or o.history_of}


def read_prefixes(data: Path | None) -> dict[str, str]:
    """The key prefixes that a data folder's objects have, by name. Raises ValueError."""
    path = data / _PREFIXES if data else None
    if path is None or not path.exists():
        return {}
    try:
        return {str(name): str(prefix) for name, prefix in json.loads(path.read_text()).items()}
    except (ValueError, AttributeError) as error:
        remedy = "move the data folder away to start with an empty org"
        raise ValueError(f"{path} holds no key prefixes ({error}); {remedy}") from error


def _write_prefixes(data: Path, prefixes: Mapping[str, str]) -> None:
    draft = data / f"{_PREFIXES}.new"
    draft.write_text(json.dumps(prefixes, indent=1, sort_keys=True))
    draft.replace(data / _PREFIXES)


def _find_kept(folder: Path) -> list[Path]:
    old = folder.with_suffix(".old")
    if not folder.exists() and old.exists():
        # The last deploy was cut off between its two renames; it never answered.
        old.rename(folder)
    return [folder] if folder.is_dir() else []


def _replace_folder(folder: Path, components: Iterable[Component]) -> None:
    draft, old = folder.with_suffix(".new"), folder.with_suffix(".old")
    for leftover in (draft, old):
        shutil.rmtree(leftover, ignore_errors=True)
    write_source(draft, components)
    if folder.exists():
        folder.rename(old)
    draft.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
