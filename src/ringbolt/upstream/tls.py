"""Which certificates an outgoing connection trusts."""

from __future__ import annotations

import ssl
from hashlib import sha256
from pathlib import Path
from typing import Final

import aiohttp

Trust = ssl.SSLContext | aiohttp.Fingerprint | bool

SYSTEM: Final[Trust] = True
"""The authorities that this machine trusts."""


def authority(ca_file: Path) -> Trust:
    """Trust the authorities in a PEM file, and no others. Raises ``OSError`` (``ssl.SSLError`` is
    one) if it cannot be read."""
    return ssl.create_default_context(cafile=str(ca_file))


def pinned(certificate: Path) -> Trust:
    """Trust exactly the first certificate of a PEM file, whatever the host name.

    Raises ``OSError`` or ``ValueError`` if it cannot be read.
    """
    pem = certificate.read_text("ascii")
    begin = pem.index("-----BEGIN CERTIFICATE-----")
    end = pem.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")
    return aiohttp.Fingerprint(sha256(ssl.PEM_cert_to_DER_cert(pem[begin:end])).digest())
