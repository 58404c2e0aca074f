"""Fields of a voice request that are read without a server: callbacks where https is asked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ringbolt.api.kit.fields import Fields
from ringbolt.api.voice.call_fields import check_callback
from ringbolt.api.voice.dialect import STYLE
from ringbolt.core.errors import InvalidInput
from ringbolt.upstream.fetch.vetted import vet_url

STATUS = "statusCallbackEndpoint"


def refused(url: str) -> str:
    """Why a shop that sends over https alone refuses a callback."""
    shop: Any = SimpleNamespace(caller=SimpleNamespace(vet=lambda asked: vet_url(asked, EMPTY)))
    with pytest.raises(InvalidInput) as caught:
        check_callback(shop, Fields(STYLE, {STATUS: url}), STATUS, url)
    assert caught.value.field == STATUS
    assert caught.value.suggestion
    return caught.value.message


EMPTY: Any = frozenset()


@pytest.mark.parametrize("host", ["localhost", "localhost:9001", "127.0.0.1", "10.0.0.1"])
def test_a_callback_that_leads_inside_is_refused_first(host: str) -> None:
    message = refused(f"http://{host}/status")

    assert host.partition(":")[0] in message
    assert "https" not in message


def test_a_callback_in_the_open_is_advised_to_use_https() -> None:
    assert "https://" in refused("http://example.com/status")
