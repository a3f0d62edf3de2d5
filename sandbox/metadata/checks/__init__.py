"""The semantic checks of metadata: what the Metadata schema cannot know.

Owns nothing itself; `table` lists the checks, the other modules hold them by subject.
"""

from __future__ import annotations

from sandbox.metadata.checks.context import CheckContext
from sandbox.metadata.checks.table import run_all_checks, run_load_checks

__all__ = ["CheckContext", "run_all_checks", "run_load_checks"]
