"""Which certificates an outgoing connection trusts."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final


class NotPinnedError(Exception):
    """The far end has another certificate than the pinned one."""


@dataclass(frozen=True, slots=True)
class Trust:
    """``ca_file``: the authorities, '' for those of this machine; or ``fingerprint``, the SHA-256
    of the one certificate that is trusted, whatever the host name."""

    ca_file: str = ""
    fingerprint: bytes = b""

    @property
    def context(self) -> ssl.SSLContext:
        """The settings of a connection."""
        return _context(self)

    def check(self, certificate: bytes | None) -> None:
        """Raises ``NotPinnedError`` unless it is the pinned one, if one is pinned."""
        if self.fingerprint and sha256(certificate or b"").digest() != self.fingerprint:
            raise NotPinnedError


SYSTEM: Final = Trust()
"""The authorities that this machine trusts."""


@cache
def _context(trust: Trust) -> ssl.SSLContext:
    # Made at the first use: reading this machine's authorities takes 10 ms.
    context = ssl.create_default_context(cafile=trust.ca_file or None)
    context.set_alpn_protocols(["http/1.1"])
    if trust.fingerprint:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # ``check`` compares the certificate itself
    return context


def authority(ca_file: Path) -> Trust:
    """Trust the authorities in a PEM file, and no others. Raises ``OSError`` (``ssl.SSLError`` is
    one) if it cannot be read."""
    trust = Trust(str(ca_file))
    _context(trust)
    return trust


def pinned(certificate: Path) -> Trust:
    """Trust exactly the first certificate of a PEM file, whatever the host name.

    Raises ``OSError`` or ``ValueError`` if it cannot be read.
    """
    pem = certificate.read_text("ascii")
    begin = pem.index("-----BEGIN CERTIFICATE-----")
    end = pem.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")
    return Trust(fingerprint=sha256(ssl.PEM_cert_to_DER_cert(pem[begin:end])).digest())
