"""Ports for servers of tests that come and go, which nobody else takes while they are away."""

from __future__ import annotations

import socket
import sys
import weakref


class HeldPort:
    """A free port of loopback, ours as long as this object lives, whether a server listens or not.

    The kernel chooses it. A socket that is bound to it and never listens keeps it: on Linux whoever
    names the port and sets ``SO_REUSEADDR``, as servers do, may listen beside it, but nobody is
    given it for want of a better one, neither a listener on port 0 nor a connection's near end.
    Elsewhere a second bind would be refused, so that the port is only known to have been free.
    """

    def __init__(self) -> None:
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        self.number: int = held.getsockname()[1]
        weakref.finalize(self, held.close)
        if sys.platform != "linux":
            held.close()
