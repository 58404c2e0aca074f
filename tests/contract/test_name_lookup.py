"""Names of strangers: how long they are asked for, how many at once, and where else."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from ringbolt.core.errors import AudioUnplayable
from ringbolt.upstream.fetch.name_lookup import (
    LookupFailedError,
    LookupLimits,
    NameLookup,
    NameServers,
    TooManyLookupsError,
    zone_of,
)
from ringbolt.upstream.fetch.safe import SafeFetcher
from ringbolt.upstream.fetch.webhook_client import HostBusy, NoAnswer, WebhookClient
from support.servers.names import name_server
from support.waiting import LONG_S, PATIENCE_S, until


async def addresses(lookup: NameLookup, name: str, family: int = socket.AF_UNSPEC) -> list[str]:
    found = await lookup.resolve(name, 443, socket.AddressFamily(family))
    assert all(entry["port"] == 443 for entry in found)
    return [entry["host"] for entry in found]


async def test_both_families_are_found_and_ipv4_comes_first() -> None:
    both = ["2606:4700::1", "93.184.216.34", "93.184.216.35"]
    async with name_server(shop_example=both) as (_, servers):
        lookup = NameLookup(dns_servers=servers)

        found = await addresses(lookup, "Shop.Example")
        assert found[2:] == ["2606:4700::1"]
        assert sorted(found[:2]) == ["93.184.216.34", "93.184.216.35"]
        assert await addresses(lookup, "shop.example", socket.AF_INET6) == ["2606:4700::1"]


async def test_a_name_that_does_not_exist_is_said_to_be_unknown() -> None:
    async with name_server() as (_, servers):
        with pytest.raises(LookupFailedError, match=r"the name gone\.example is not known"):
            await addresses(NameLookup(dns_servers=servers), "gone.example")


async def test_a_name_server_that_never_answers_is_given_up() -> None:
    async with name_server(silent=("example",)) as (_, servers):
        lookup = NameLookup(dns_servers=servers, limits=LookupLimits(timeout_s=0.3))
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(LookupFailedError, match="no name server answers"):
                await addresses(lookup, "tarpit.example")


async def test_a_zone_that_keeps_look_ups_waiting_fills_its_own_turns_alone() -> None:
    async with name_server(silent=("evil.example",), good_test=["93.184.216.34"]) as (_, servers):
        lookup = NameLookup(dns_servers=servers)
        held = [
            asyncio.create_task(addresses(lookup, f"a{n}.evil.example"))
            for n in range(LookupLimits().per_zone)
        ]
        await asyncio.sleep(0)

        with pytest.raises(TooManyLookupsError):
            await addresses(lookup, "another.evil.example")
        assert await addresses(lookup, "good.test") == ["93.184.216.34"]
        await _stop(held)


async def test_all_zones_together_have_a_bound_and_what_is_called_off_frees_its_turn() -> None:
    async with name_server(silent=("evil",), good_test=["93.184.216.34"]) as (_, servers):
        lookup = NameLookup(dns_servers=servers, limits=LookupLimits(at_once=3))
        held = [asyncio.create_task(addresses(lookup, f"a{n}.b{n}.evil")) for n in range(3)]
        await asyncio.sleep(0)

        with pytest.raises(TooManyLookupsError):
            await addresses(lookup, "good.test")
        await _stop(held)
        assert await addresses(lookup, "good.test") == ["93.184.216.34"]


async def _stop(tasks: list[asyncio.Task[list[str]]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(("ttl_s", "times"), [(60, 1), (0, 3)])
async def test_an_answer_is_kept_as_long_as_it_says(ttl_s: int, times: int) -> None:
    async with name_server(ttl_s, shop_example=["93.184.216.34"]) as (server, servers):
        lookup = NameLookup(dns_servers=servers)
        for _ in range(3):
            await addresses(lookup, "shop.example")
        assert len(server.asked) == 2 * times


async def test_names_are_not_remembered_for_ever() -> None:
    names: dict[str, Any] = {f"n{n}_example": ["93.184.216.34"] for n in range(8)}
    async with name_server(**names) as (_, servers):
        lookup = NameLookup(dns_servers=servers, limits=LookupLimits(remembered=5))
        for n in range(8):
            await addresses(lookup, f"n{n}.example")
        assert len(lookup._known) == 5


async def test_a_name_of_the_operator_is_asked_of_the_system_alone() -> None:
    async with name_server() as (server, servers):
        found = await addresses(NameLookup({"localhost"}, servers), "localhost", socket.AF_INET)
        assert found == ["127.0.0.1"]
        assert not server.asked


async def test_another_network_brings_other_name_servers(tmp_path: Path) -> None:
    written = tmp_path / "resolv.conf"
    asked = NameServers(None, written, timeout_s=5)

    written.write_text("nameserver 192.0.2.1\n")
    assert asked.resolver().nameservers == ["192.0.2.1"]
    written.write_text("nameserver 192.0.2.22\n")
    await until(lambda: asked.resolver().nameservers == ["192.0.2.22"])


async def test_without_name_servers_no_name_is_found(tmp_path: Path) -> None:
    lookup = NameLookup(resolv_conf=tmp_path / "none")
    with pytest.raises(LookupFailedError, match="cannot be looked up"):
        await addresses(lookup, "shop.example")


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("a.b.evil.example", "evil.example"),
        ("evil.example", "evil.example"),
        ("a.evil.co.uk", "evil.co.uk"),
        ("t.co", "t.co"),
        ("com", "com"),
        ("a.ab.de", "ab.de"),
    ],
)
def test_a_zone_is_what_somebody_registered(name: str, zone: str) -> None:
    assert zone_of(name) == zone


async def test_a_webhook_that_cannot_be_looked_up_for_others_is_only_put_off() -> None:
    async with name_server() as (_, servers):
        caller = WebhookClient(
            (), allow_http=True, per_receiver=2, per_machine=4, user_agent="Test",
            resolver=NameLookup(dns_servers=servers, limits=LookupLimits(per_zone=0)),
        )  # fmt: skip
        answer = await caller.call("POST", "http://hooks.example/x", {}, b"{}", 5)
        assert isinstance(answer, HostBusy)
        await caller.close()


async def test_forty_names_that_hang_keep_no_other_webhook_waiting() -> None:
    async with name_server(silent=("evil.test",)) as (server, servers):
        caller = WebhookClient(
            (), allow_http=True, per_receiver=4, per_machine=32, user_agent="Test",
            resolver=NameLookup(dns_servers=servers, limits=LookupLimits(timeout_s=LONG_S)),
        )  # fmt: skip
        held = [
            asyncio.create_task(caller.call("POST", f"http://a{n}.evil.test/w", {}, b"{}", LONG_S))
            for n in range(40)
        ]
        await until(lambda: len(server.asked) >= 2 * LookupLimits().per_zone)
        assert not any(task.done() for task in held[: LookupLimits().per_zone])
        answer = await caller.call("POST", "http://honest.example/w", {}, b"{}", PATIENCE_S)

        assert isinstance(answer, NoAnswer)
        assert answer.reason == "the name honest.example is not known"
        assert not any(task.done() for task in held[: LookupLimits().per_zone])
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
        await caller.close()


@pytest.mark.parametrize(
    ("per_zone", "said"),
    [(0, "too many names are being looked up"), (9, "the name gone.example is not known")],
)
async def test_a_file_whose_name_is_not_found_says_why(
    tmp_path: Path, per_zone: int, said: str
) -> None:
    async with name_server() as (_, servers):
        lookup = NameLookup(dns_servers=servers, limits=LookupLimits(per_zone=per_zone))
        fetcher = SafeFetcher(frozenset(), False, "Test", lookup)
        with pytest.raises(AudioUnplayable, match=said) as refusal:
            await fetcher.fetch(
                "https://gone.example/a.mp3", tmp_path / "a", max_bytes=9, timeout_s=PATIENCE_S
            )
        assert refusal.value.retryable
        await fetcher.close()
