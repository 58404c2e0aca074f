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
    world = "simulated phones, numbers, texts and mail"
    if settings.node_is_simulated:
        what, money = f"play money; {world}", " with play money"
    else:
        what, money = f"Lightning node {settings.lnd.url}; {world}", ""
    sys.stderr.write(_TEXT.format(url=url, what=what, money=money))
    sys.stderr.flush()
