"""What counts as this machine.

Owns that one answer for everybody who asks: who is sent to, who is spoken to, whose web pages may
call. Names are not looked up, so that no name server can make another machine look like this one.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

_SCHEMES = frozenset({"http", "https"})


def is_this_machine(host: str) -> bool:
    """True for localhost and for loopback addresses, IPv6 ones without brackets."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def why_not_loopback(url: str) -> str | None:
    """What is wrong with an address to send to; None when it is an http(s) loopback address."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        return f"{url!r} is no address: {error}"
    if parts.scheme not in _SCHEMES or not host:
        return f"{url!r} is no http or https address"
    if is_this_machine(host):
        return None
    return f"{host} is not this machine, and the local org sends nowhere else"


def check_loopback(url: str) -> None:
    """Raise ValueError, with the reason, for an address that nothing may be sent to."""
    reason = why_not_loopback(url)
    if reason is not None:
        raise ValueError(f"outbound endpoint: {reason}")
