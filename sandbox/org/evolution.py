"""A running org takes another schema: tables grow, formulas are compiled anew, setup rows follow.

Owns the order that makes it all-or-nothing. Whatever may refuse comes before the first visible
change; tables and rows change in one transaction; other threads see the new schema only once that
is through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox.org.core import Core
from sandbox.org.ddl import IncompatibleDataError
from sandbox.org.formula_library import FormulaLibrary
from sandbox.org.lookup_filters import LookupFilters
from sandbox.org.plans import plan_saves
from sandbox.org.schema import Schema
from sandbox.org.setup_rows import ORG_ID, prepare_rows
from sandbox.org.triggers import Triggers
from sandbox.org.uniqueness import find_clashes


class _OnlyTriedError(Exception):
    """Everything went well and is undone, since it was only a trial."""


def adopt_schema(core: Core, schema: Schema, commit: Callable[[], None] | None) -> None:
    """Make `schema` the org's. `commit` is called last of all; its error undoes everything.

    Without `commit` it is only a trial. Raises SchemaError for a broken formula or filter and
    IncompatibleDataError when stored values would be read differently, or are not as unique as
    they must be; nothing has changed then.
    """
    store, before = core.store, core.schema
    with store.lock:
        formulas = FormulaLibrary(schema, ORG_ID)
        trial = replace(
            core,
            schema=schema,
            formulas=formulas,
            filters=LookupFilters(schema),
            plans=plan_saves(schema),
            triggers=Triggers(schema, formulas.resolver),
        )
        try:
            with store.transaction():
                store.adopt(schema)
                clashes = dict(find_clashes(store.connection, before, schema))
                if clashes:
                    raise IncompatibleDataError(clashes)
                core.users.adopt(schema)
                prepare_rows(trial)
                if commit is None:
                    raise _OnlyTriedError
                commit()
        except BaseException as error:
            store.restore(before)
            core.users.adopt(before)
            if not isinstance(error, _OnlyTriedError):
                raise
        else:
            core.schema, core.plans = schema, trial.plans
            core.formulas, core.filters = trial.formulas, trial.filters
            core.triggers = trial.triggers
