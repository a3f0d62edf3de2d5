"""Salesforce metadata: SFDX source folders loaded as a schema, and checked before a deploy.

Owns the public names; the rest of the sandbox imports them from here.
"""

from __future__ import annotations

from sandbox.metadata.gate import check_folder, main
from sandbox.metadata.loader import load_schema
from sandbox.metadata.problems import MetadataError, Problem

__all__ = ["MetadataError", "Problem", "check_folder", "load_schema", "main"]
