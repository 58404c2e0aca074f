"""Make the database of a version, to be upgraded by all that come after it.

Run it before a migration is added, or in a later checkout on the code of that version:

    python -m upgrade.make PATH-TO-A-CHECKOUT      (with tests and src on PYTHONPATH)

A shop of that checkout is filled and killed, and what its two files hold is written down:
``versions/NNNN.json``.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from support.processes.shop import running_process
from upgrade.dump import Dump
from upgrade.fill import NOBODY, fill

RING_TIMEOUT_S = 120
SPEED = 2.0
ENVIRONMENT = {
    "RINGBOLT_CALLS_RING_TIMEOUT_S": str(RING_TIMEOUT_S),
    "RINGBOLT_FETCH_ALLOW_ORIGINS": NOBODY,
    "RINGBOLT_SIMULATOR_SPEED": str(SPEED),
}


async def make(checkout: Path) -> Dump:
    os.environ["PYTHONPATH"] = str(checkout / "src")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        async with running_process(["serve"], data, **ENVIRONMENT) as shop:
            known = await fill(shop.url, _schema(checkout))
            shop.kill()
        return Dump.of(data / "ringbolt.db", data / "world.db", known)


def _schema(checkout: Path) -> str:
    """The newest revision that the checkout knows."""
    versions = (checkout / "src").rglob("migrations/versions/*.py")
    return max(path.name for path in versions)[:4]


if __name__ == "__main__":
    dump = asyncio.run(make(Path(sys.argv[1]).resolve()))
    path = Path(__file__).parent / "versions" / f"{dump.revision}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(dump.to_json())
