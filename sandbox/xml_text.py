"""Text that goes into XML.

Owns which letters cannot: a record may hold them, and one of them makes a document that no client
can read. Source: XML 1.0, section 2.2, "Characters".
"""

from __future__ import annotations

import re

_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def drop_unwritable(text: str) -> str:
    """The text without the letters that XML has no spelling for, escaped or not."""
    return _UNWRITABLE.sub("", text)
