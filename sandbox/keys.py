"""The key with which clients of a local org sign JWT bearer logins.

Made once per data folder. The org hands out the private half on its start line: it proves nothing
to anybody but this org.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_FILE_NAME = "login-key.pem"


@dataclass(frozen=True)
class LoginKey:
    """Both halves: `pem` for the client, `public` for the org."""

    pem: str
    public: rsa.RSAPublicKey


def load_login_key(folder: Path) -> LoginKey:
    """The key of this data folder, made when missing. Raises ValueError for a bad file."""
    path = folder / _FILE_NAME
    if not path.exists():
        _create_key(path)
    pem = path.read_bytes()
    try:
        key = serialization.load_pem_private_key(pem, None)
    except ValueError:
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{path} holds no RSA key; delete it to get a new one")
    return LoginKey(pem.decode(), key.public_key())


def _create_key(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
