"""What a process allows itself before it serves."""

from __future__ import annotations

import sys

import pytest

from ringbolt.cli.commands.serve import allow_many_connections
from ringbolt.cli.http_server import MAX_CONNECTIONS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such limits")


def test_a_shop_may_have_as_many_connections_as_the_machine_allows() -> None:
    import resource

    former = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, former[1]))
        allow_many_connections()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert hard == former[1]
        assert soft == (
            MAX_CONNECTIONS if hard == resource.RLIM_INFINITY else min(hard, MAX_CONNECTIONS)
        )
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, former)
