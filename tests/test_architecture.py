"""Rules of the house that no linter checks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("config", "sfsync", "jobs", "webhooks", "tenders", "spreadsheets", "sandbox")
SOURCES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if "__pycache__" not in path.parts
]
LONGEST_MODULE = 350


def imports_of(path: Path) -> set[str]:
    """Top-level names of the modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_nobody_imports_the_web_application() -> None:
    offenders = [path for path in SOURCES if "app" in imports_of(path)]

    assert offenders == []


def test_money_stands_on_the_standard_library_alone() -> None:
    assert imports_of(ROOT / "money.py") <= sys.stdlib_module_names


def test_the_rules_import_money_and_the_standard_library_only() -> None:
    allowed = sys.stdlib_module_names | {"money", "tenders"}

    for path in sorted((ROOT / "tenders").rglob("*.py")):
        assert imports_of(path) <= allowed, path


def test_only_sfsync_imports_simple_salesforce() -> None:
    offenders = [
        path
        for path in SOURCES
        if path.parts[len(ROOT.parts)] != "sfsync" and "simple_salesforce" in imports_of(path)
    ]

    assert offenders == []


def test_the_sandbox_and_the_product_do_not_know_each_other() -> None:
    ours = {"config", "money", "sfsync", "jobs", "webhooks", "tenders", "spreadsheets", "app"}

    for path in SOURCES:
        if path.parts[len(ROOT.parts)] == "sandbox":
            assert not imports_of(path) & ours, path
        else:
            assert "sandbox" not in imports_of(path), path


def test_the_demo_talks_over_http_and_processes_only() -> None:
    ours = {"config", "money", "sfsync", "jobs", "tenders", "spreadsheets", "sandbox", "app"}

    for path in sorted((ROOT / "demo").rglob("*.py")):
        assert not imports_of(path) & ours, path


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_owns_and_stays_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert ast.get_docstring(ast.parse(text)), "a module without a docstring"
    assert len(text.splitlines()) <= LONGEST_MODULE


def test_nothing_that_is_committed_names_a_machine_path_or_a_registry_host() -> None:
    # Spelled in halves, so that this file does not find itself.
    forbidden = ["/wo" + "rk/", "/ro" + "ot/", "pyp" + "i.org", "npm" + "js.org"]
    listed = subprocess.run(
        ["git", "ls-files"],  # noqa: S607 -- whichever git there is
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split("\n")

    assert "README.md" in listed, "git did not list the files, so nothing was checked"
    for name in filter(None, listed):
        path = ROOT / name
        if path.suffix in {".xlsx", ".png"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not [word for word in forbidden if word in text], name


def test_the_make_targets_that_the_readme_promises_explain_themselves() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for target in ("demo", "test", "test-all", "lint", "bench", "lock", "up", "help", "install"):
        assert f"\n{target}: " in makefile
        line = next(row for row in makefile.splitlines() if row.startswith(f"{target}: "))
        assert "## " in line, target


def test_the_map_of_sfsync_names_every_module_once() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.split("## Inside sfsync")[1].split("\n\n")[2]
    named = [word for row in table.splitlines()[2:] for word in row.split("`")[1].split()]

    assert sorted(named) == sorted(
        path.stem for path in (ROOT / "sfsync").glob("*.py") if path.stem != "__init__"
    )


def test_every_table_of_ours_says_what_if_it_is_lost() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`(\w+)`", text.split("## Data of our own")[1].split("\n## ")[0]))
    declared = {
        name
        for path in (ROOT / "migrations" / "versions").glob("*.py")
        for name in re.findall(r'op\.create_table\(\s*"(\w+)"', path.read_text(encoding="utf-8"))
    }

    assert len(declared) > 10
    assert declared <= told


def test_the_documents_hold_no_placeholder() -> None:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        text = path.read_text(encoding="utf-8")
        assert not [
            word for word in ("DEMO_" + "OUTPUT", "TO" + "DO", "FIX" + "ME") if word in text
        ]
