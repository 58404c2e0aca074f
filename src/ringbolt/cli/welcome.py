"""What a shop says when it opens."""

from __future__ import annotations

import sys

from ringbolt.settings import Settings

_TEXT = """
Ringbolt is open at {url}  ({what})

Buy a call with play money, as the API's documentation has it:

  curl -i {url}/api/l402/place-call -H 'Content-Type: application/json' \\
    -d '{{"phone_number":"+1234567890","message":"Hello, this is a test."}}'

or in one step:

  ringbolt call +1234567890 "Hello, this is a test." --server {url}

Health {url}/readyz   figures {url}/metrics   stop with Ctrl-C
"""


def welcome(settings: Settings, url: str) -> None:
    if settings.node_is_simulated:
        what = "play money, simulated phones"
    else:
        what = f"Lightning node {settings.lnd.url}, simulated phones"
    sys.stderr.write(_TEXT.format(url=url, what=what))
    sys.stderr.flush()
