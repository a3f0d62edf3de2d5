"""What the web server's access log says of a request: its path as it was sent, without the query.

Owns two omissions. The query may carry a secret (webhooks/salesforce.py), and a decoded path may
carry line breaks, with which a stranger could write lines of their own into the log.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger


class AccessLogger(Logger):  # type: ignore[misc]  # gunicorn publishes no types
    """gunicorn's logger, told by `--logger-class`; `%(U)s` is the path as on the wire."""

    def atoms(
        self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta
    ) -> dict[str, Any]:
        """The parts that an access log format may name."""
        found: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        return found | {"U": str(environ["RAW_URI"]).partition("?")[0]}
