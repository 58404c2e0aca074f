"""What ``ringbolt doctor`` finds when it reaches out to each part: the far end itself, the balance
of the account, and whether the far end can call the shop back."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ringbolt.api.callbacks import callback_prefixes
from ringbolt.app.operator.part_kinds import Kind, parts_of
from ringbolt.bootstrap import context_of, open_alone, why_unusable
from ringbolt.cli.check_result import CheckResult
from ringbolt.cli.operator_access import world_url
from ringbolt.cli.running_shop import running_shop
from ringbolt.core.callback import SupportsCallbacks
from ringbolt.core.errors import RingboltError
from ringbolt.core.part_checks import Finding, SupportsBalance, SupportsCheck
from ringbolt.core.pricing.amount import SATS, Amount
from ringbolt.registry.values import split_url
from ringbolt.settings import Settings, SettingsError
from ringbolt.settings.secret import load_keyring
from ringbolt.upstream.exchange import Answer
from ringbolt.upstream.http import HttpClient
from ringbolt.voice.carrier import NeedsAudioUrls

_WITHIN_S: Final = 20.0
_REACH: Final = (
    "Look whether it is up and its address, credentials and this machine's network are right."
)
_CALLED: Final = "callbacks"
_AREAS: Final = {"calls": "voice"}
"""The areas of callbacks that are named otherwise than the section of the settings."""


async def reach(settings: Settings) -> list[CheckResult]:
    """Every real part at once: what it says of itself, and its balance."""
    async with world_url(settings) as world:
        context = context_of(settings, world)

        async def look(kind: Kind, part: Any, name: str) -> list[CheckResult]:
            if await why_unusable(kind.types, part, context):
                return []  # said before
            async with open_alone(kind.types, part, context) as opened:
                _tell_where_it_is_called(settings, kind, part.name, opened.port)
                found = await _findings(opened.port, settings.costs.sats_per)
                if _is_called(opened.port):
                    found.append(await _called_back(settings))
            effect = "simulated" if opened.is_simulated else "real"
            return [
                CheckResult(name, effect, each.state, f"{each.subject}: {each.detail}", each.fix)
                for each in found
            ]

        looks = [look(*each) for each in parts_of(settings)]
        return [each for found in await asyncio.gather(*looks) for each in found]


def _tell_where_it_is_called(settings: Settings, kind: Kind, name: str, port: object) -> None:
    """Give a part the address of its callbacks, as the shop does: its check may look at it."""
    url = settings.public_url.rstrip("/")
    if not url or not isinstance(port, SupportsCallbacks):
        return
    try:
        keyring = load_keyring(settings, create=False)
    except SettingsError:
        return  # said by the doctor's line about the secret
    prefix, *_ = callback_prefixes(keyring, _AREAS.get(kind.area, kind.area), name)
    port.callback_routes(url + prefix)


async def _findings(port: object, sats_per: Mapping[str, float]) -> list[Finding]:
    found: list[Finding] = []
    try:
        async with asyncio.timeout(_WITHIN_S):
            if isinstance(port, SupportsCheck):
                found += await port.check()
            is_told = any(each.subject == "balance" for each in found)  # its check may know better
            answers = is_told or all(each.state != "wrong" for each in found)
            if isinstance(port, SupportsBalance) and answers:
                left = await port.balance()
                found += [*([] if is_told else [_balance(left)]), *_rate(left, sats_per)]
    except TimeoutError:
        found.append(Finding("wrong", "far end", f"no answer within {_WITHIN_S:.0f} s", _REACH))
    except RingboltError as error:
        found.append(Finding("wrong", "far end", error.message, error.suggestion or _REACH))
    return found


def _balance(left: Amount | None) -> Finding:
    if left is None:
        return Finding("ok", "balance", "the far end does not say")
    if left.micros <= 0:
        return Finding("wrong", "balance", f"{left} is left", "Top the account up: it refuses.")
    return Finding("ok", "balance", f"{left} is left")


def _rate(left: Amount | None, sats_per: Mapping[str, float]) -> list[Finding]:
    """Whether what the account is billed in can be told in sats."""
    if left is None or left.currency == SATS or left.currency in sats_per:
        return []
    said = f"what a {left.currency} is worth in sats is not set: costs are listed, but not booked, "
    said += "and bound no purchase"
    fix = f"Set RINGBOLT_COSTS_SATS_PER={left.currency}=... (sats for one {left.currency})."
    return [Finding("note", "costs", said, fix)]


# Callbacks


def _is_called(port: object) -> bool:
    return isinstance(port, SupportsCallbacks | NeedsAudioUrls)


async def _called_back(settings: Settings) -> Finding:
    """Whether the far end reaches the shop, as far as this machine can see."""
    url = settings.public_url.rstrip("/")
    if not url:
        said = "its far end has to reach the shop, and no public URL is set"
        fix = "Set RINGBOLT_PUBLIC_URL to an https address that reaches this shop from outside."
        return Finding("note", _CALLED, said, fix)
    private = await _private_address(url)
    if private:
        said = f"{url} leads to {private}, which only this network reaches"
        fix = "Let RINGBOLT_PUBLIC_URL name an address that is reached from outside."
        return Finding("note", _CALLED, said, fix)
    if await running_shop(settings) is None:
        said = f"{url} was not tried: the shop does not run"
        return Finding("note", _CALLED, said, "Start the shop, and run ringbolt doctor again.")
    return await _answers(url)


async def _answers(url: str) -> Finding:
    client = HttpClient()
    try:
        exchange = await client.ask("GET", f"{url}/healthz")
    finally:
        await client.close()
    fix = (
        "Let the name and the reverse proxy (docs/operating.md) lead to this shop, with a valid "
        "certificate."
    )
    if not isinstance(exchange, Answer):
        return Finding("wrong", _CALLED, f"{url} cannot be reached: {exchange.why}", fix)
    if exchange.status != 200 or b'"status"' not in exchange.body:
        said = f"{url}/healthz answers HTTP {exchange.status}, and not as this shop does"
        return Finding("wrong", _CALLED, said, fix)
    if not url.startswith("https://"):
        said = f"{url} answers, but everybody on the way reads callbacks without https"
        return Finding("note", _CALLED, said, "Put a reverse proxy with a certificate before it.")
    said = f"{url} answers, seen from this machine"
    return Finding("ok", _CALLED, said)


async def _private_address(url: str) -> str:
    """The first address behind a URL that is not public; '' if all are, or none is found."""
    parts = split_url(url)
    if parts is None or parts.hostname is None:
        return ""
    try:
        found: Sequence[Any] = await asyncio.get_running_loop().getaddrinfo(
            parts.hostname, parts.port or 443, type=socket.SOCK_STREAM
        )
    except OSError:
        return ""
    for *_, address in found:
        if not ipaddress.ip_address(address[0].partition("%")[0]).is_global:
            return str(address[0])
    return ""
