"""What ``ringbolt serve`` prints when the shop is open."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from ringbolt.cli.program import command
from ringbolt.registry.settings import PartSettings
from ringbolt.settings import Settings

_NUMBER = "+1234567890"
_MESSAGE = "Hello, this is a test."


def print_banner(settings: Settings, url: str) -> None:
    """The shop's address, what of it is simulated, and the first commands to try, which run as they
    are printed; to stderr."""
    sys.stderr.write("\n".join(["", *_lines(settings, url), ""]))
    sys.stderr.flush()


def _lines(settings: Settings, url: str) -> Iterator[str]:
    simulated = {
        kind: parts
        for kind, parts in _kinds(settings).items()
        if any(map(settings.in_world, parts))
    }
    money = (
        "play money" if settings.node.simulated else f"Lightning node {_address(settings)}"
    ) + (f"; simulated {_listed(settings, simulated)}" if simulated else "")
    if settings.is_paid_for_simulation:
        money += f"; /simulator needs the operator's token: {command('token')}"
    if settings.sandbox.open:
        money = "a sandbox for strangers; play money; everything is simulated"
    yield f"Ringbolt is open at {url}  ({money})"
    # Only where every part is simulated: with a real one a real phone might ring.
    if _all_simulated(settings, settings.calls.carriers):
        yield from _about_calls(url, play=settings.node.simulated)
    if _all_simulated(settings, settings.numbers.providers):
        yield ""
        yield "Order a code (texts, rented numbers, e-mail: docs/orders.md):"
        yield ""
        yield f"""  curl {url}/createorder -d '{{"country":187,"service":"sim-code"}}'; echo"""
    yield ""
    yield f"What there is: {url}/   prices: {url}/price"
    yield f"Health: {url}/readyz   figures: {url}/metrics   stop with Ctrl-C"


def _about_calls(url: str, *, play: bool) -> Iterator[str]:
    yield ""
    yield "Buy a call: this asks for the invoice,"
    yield ""
    yield f"  curl -i {url}/api/l402/place-call -H 'Content-Type: application/json' \\"
    yield f"""    -d '{{"phone_number":"{_NUMBER}","message":"{_MESSAGE}"}}'; echo"""
    if play:
        yield ""
        yield "and this asks, pays with play money, and follows the call:"
        yield ""
        yield f"  {command('call', _NUMBER, _MESSAGE, '--server', url)}"


def _address(settings: Settings) -> str:
    address: str = getattr(settings.node, "url", "") or settings.node.name
    return address


def _kinds(settings: Settings) -> dict[str, Sequence[PartSettings]]:
    """The parts beside the node."""
    return {
        "phones": settings.calls.carriers,
        "numbers": settings.numbers.providers,
        "texts": settings.sms.carriers,
        "mail": settings.mail.servers,
    }


def _all_simulated(settings: Settings, parts: Sequence[PartSettings]) -> bool:
    return bool(parts) and all(map(settings.in_world, parts))


def _listed(settings: Settings, kinds: dict[str, Sequence[PartSettings]]) -> str:
    """Kinds of parts, each with those of it that are real."""
    names = [
        kind + _but_for([part.name for part in parts if not settings.in_world(part)])
        for kind, parts in kinds.items()
    ]
    return " and ".join([*([", ".join(names[:-1])] if names[:-1] else []), *names[-1:]])


def _but_for(real: list[str]) -> str:
    return f" (real: {', '.join(real)})" if real else ""
