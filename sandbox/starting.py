"""What keeps a local org from starting, as one list for everybody who starts one."""

from __future__ import annotations

from sandbox.folder_lock import FolderInUseError
from sandbox.listener import PortInUseError
from sandbox.metadata import MetadataError
from sandbox.org.ddl import IncompatibleDataError
from sandbox.org.org import SchemaError

#: Each has a message for a person, who can do something about it.
START_ERRORS = (
    MetadataError,
    SchemaError,
    IncompatibleDataError,
    PortInUseError,
    FolderInUseError,
    OSError,
    ValueError,
)
