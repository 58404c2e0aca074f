"""What ``ringbolt serve`` prints when the shop is open."""

from __future__ import annotations

import sys

from ringbolt.settings import Settings

_TEXT = """
Ringbolt is open at {url}  ({what})

Buy a call{money}, as the API's documentation has it:

  curl -i {url}/api/l402/place-call -H 'Content-Type: application/json' \\
    -d '{{"phone_number":"+1234567890","message":"Hello, this is a test."}}'

or in one step:

  ringbolt call +1234567890 "Hello, this is a test." --server {url}

Order a code (texts, rented numbers, e-mail: docs/orders.md; prices: {url}/price):

  curl {url}/createorder -d '{{"country":187,"service":"sim-code"}}'

Health {url}/readyz   figures {url}/metrics   stop with Ctrl-C
"""


def print_banner(settings: Settings, url: str) -> None:
    """The shop's address, what of it is simulated, and the first commands to try; to stderr."""
    world = _simulated(settings)
    if settings.node.simulated:
        what, money = "play money", " with play money"
    else:
        what, money = f"Lightning node {_address(settings)}", ""
    what += f"; simulated {world}" if world else ""
    if settings.is_paid_for_simulation:
        what += "; /simulator needs the operator's token: ringbolt token"
    sys.stderr.write(_TEXT.format(url=url, what=what, money=money))
    sys.stderr.flush()


def _address(settings: Settings) -> str:
    address: str = getattr(settings.node, "url", "") or settings.node.name
    return address


def _simulated(settings: Settings) -> str:
    """The other simulated parts: phones, numbers, texts and mail."""
    kinds = {
        "phones": settings.calls.carriers,
        "numbers": settings.numbers.providers,
        "texts": settings.sms.carriers,
        "mail": settings.mail.servers,
    }
    names = [
        name + _but_for([part.name for part in parts if not part.simulated])
        for name, parts in kinds.items()
        if any(part.simulated for part in parts)
    ]
    return " and ".join([*([", ".join(names[:-1])] if names[:-1] else []), *names[-1:]])


def _but_for(real: list[str]) -> str:
    return f" (real: {', '.join(real)})" if real else ""
