"""All commands of `python -m sandbox`: their words of help, their arguments, and what they run.

Owns the list and the help. A command's own code is imported only when it runs, so that help and
mistakes are told at once.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from sandbox.cli import arguments


@dataclass(frozen=True)
class Command:
    """One command; `run` is `module:function`."""

    name: str
    summary: str  #: its line in the list of commands
    text: str  #: what a person must know, with examples
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: str

    def __call__(self, given: argparse.Namespace) -> int:
        """Run it; the exit code."""
        from sandbox.cli.outcomes import report_errors

        module, _, name = self.run.partition(":")
        return report_errors(getattr(import_module(module), name), given)


_SERVE = """\
Start an org and serve Salesforce's APIs until Ctrl-C or SIGTERM, on loopback only.

Printed: one JSON line on stdout with addresses, tokens and credentials, once everything answers;
on stderr, by name, the loaded metadata that has no effect here.
Data: with --data everything lives in that folder (records in org.sqlite3, tokens, the TLS
certificate, bulk jobs, deployed metadata, snapshots) and survives a restart; without it all of it
is gone at the end.

examples:
  python -m sandbox serve
  python -m sandbox serve --metadata my-sfdx-project --data .local/org
  python -m sandbox serve --port 0 --tls-port 0 --proxy-port 0

exit codes: 0 stopped, 2 could not start (stderr says why)
"""
_SHELL = """\
Type SOQL and REST calls, or pipe them in, one statement a line (a backslash at the end of a line
goes on with the next; lines that begin with # or -- are skipped).

  SELECT Name FROM Account          a query, as a table; at most --limit rows
  GET sobjects/Account/describe     any resource; below /services/data/vNN.0/ without a / at first
  POST sobjects/Account {"Name": "A"}
  describe Order                    its fields
  objects, help, quit

Speaks to the org at --url, or with --metadata or --data to one started for the session. It logs
in by itself with the local org's own credentials. Refusals go to stderr in the org's words; with
--json they are a line {"error": …} on stdout. The history lies in
$XDG_STATE_HOME/sandbox-shell-history (~/.local/state).

examples:
  python -m sandbox shell
  python -m sandbox shell --metadata my-sfdx-project
  python -m sandbox shell -e "SELECT COUNT() FROM Account"
  echo "SELECT Id, Name FROM Account" | python -m sandbox shell --json

exit codes: 0 all done, 1 a piped or executed statement was refused, 2 no org was reached
"""
_SEED = """\
Load records, all or nothing, in the name of the org's loader.

A .json file is a data plan as `sf data import tree` takes it (files that it names lie beside it),
or records of your own: {"sobject": "Account", "records": [{…}]}.
A .csv file is named as its object (Account.csv) or goes with --object. Its header has API names of
fields; a parent is named by external ID as in Order__r.External_Id__c. An empty cell leaves the
default, #N/A is null. Files of parents are loaded first. A bad row is told on stderr with file,
line, column, value and reason, and nothing is stored, unless --keep-going.

examples:
  python -m sandbox seed salesforce/data/sample-data-plan.json
  python -m sandbox seed Account.csv Contact.csv --keep-going
  python -m sandbox seed export.csv --object Account --delimiter SEMICOLON
  python -m sandbox seed Account.csv --metadata my-sfdx-project --data .local/org

exit codes: 0 all stored, 1 something was refused, 2 no org was reached or a file is unfit
"""
_SNAPSHOT = """\
Keep the org's data under a name: records with history and recycle bin, users, numbers given out.
Metadata, tokens, the clock, faults and counters are none of it.

Snapshots lie in the data folder, in snapshots/NAME.sqlite3. Those of an org without a data folder
are gone when it ends.

examples:
  python -m sandbox snapshot before-demo
  python -m sandbox snapshot before-demo --replace
  python -m sandbox snapshot monday --data .local/org

exit codes: 0 kept, 1 refused, 2 no org was reached or the folder is in use
"""
_RESTORE = """\
Bring the data of a snapshot back; the present data is lost.

Query locators, bulk jobs and commits on their way are dropped; tokens, clock, faults and counters
stay. Columns that the metadata has gained since are added, empty. A snapshot with values that the
org's metadata has no place for, or would read differently, is refused and nothing changes.

examples:
  python -m sandbox restore before-demo
  python -m sandbox restore monday --data .local/org

exit codes: 0 restored, 1 refused, 2 no org was reached or the folder is in use
"""
_SNAPSHOTS = """\
List the snapshots, oldest first, or delete one.

examples:
  python -m sandbox snapshots
  python -m sandbox snapshots --delete before-demo
  python -m sandbox snapshots --json --data .local/org

exit codes: 0 done, 1 refused, 2 no org was reached
"""
_CHECK = """\
Check a metadata folder as a deploy would, and more: misspelt names in formulas, missing help texts,
fields on no layout. One finding a line, with file and line.

example:
  python -m sandbox check salesforce

exit codes: 0 nothing found, 1 problems, 2 no metadata there
"""
_CONFORMANCE = """\
Run a JSON file of formula or SOQL cases through this org's own interpreter and parser.
Printed: each case that fails, and how many passed.

examples:
  python -m sandbox conformance formula cases.json
  python -m sandbox conformance soql cases.json

exit codes: 0 all passed, 1 some failed, 2 the file cannot be read
"""
_COVERAGE = """\
Print what of Salesforce is here and what is missing, as Markdown.

example:
  python -m sandbox coverage > sandbox/COVERAGE.md

exit code: 0
"""

COMMANDS = (
    Command(
        "serve",
        "start an org, print one JSON line, and serve",
        _SERVE,
        arguments.add_serve,
        "sandbox.serving:serve",
    ),
    Command(
        "shell",
        "type SOQL and REST calls, or pipe them in",
        _SHELL,
        arguments.add_shell,
        "sandbox.cli.shell:run_shell",
    ),
    Command(
        "seed",
        "load a data plan or CSV files",
        _SEED,
        arguments.add_seed,
        "sandbox.cli.seed:run_seed",
    ),
    Command(
        "snapshot",
        "keep the org's data under a name",
        _SNAPSHOT,
        arguments.add_snapshot,
        "sandbox.cli.snapshots:run_snapshot",
    ),
    Command(
        "restore",
        "bring the data of a snapshot back",
        _RESTORE,
        arguments.add_restore,
        "sandbox.cli.snapshots:run_restore",
    ),
    Command(
        "snapshots",
        "list or delete snapshots",
        _SNAPSHOTS,
        arguments.add_snapshots,
        "sandbox.cli.snapshots:run_snapshots",
    ),
    Command(
        "check",
        "check a metadata folder, as a deploy would and more",
        _CHECK,
        arguments.add_check,
        "sandbox.cli.offline:run_check",
    ),
    Command(
        "conformance",
        "run a file of formula or SOQL cases",
        _CONFORMANCE,
        arguments.add_conformance,
        "sandbox.cli.offline:run_conformance",
    ),
    Command(
        "coverage",
        "print what of Salesforce is here, as Markdown",
        _COVERAGE,
        arguments.add_coverage,
        "sandbox.cli.offline:run_coverage",
    ),
)
