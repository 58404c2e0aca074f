"""Run every benchmark, or those that are named: ``python -m benchmarks [challenge paid ...]``.

By their names only: ``soak`` takes 20 minutes, ``listening`` needs the packages of ``make listen``,
``web_browser`` needs Chromium.
"""

from __future__ import annotations

import subprocess
import sys

ALL = (
    "challenge",
    "paid",
    "sockets",
    "codecs",
    "texts",
    "store",
    "simulated_node",
    "simulated_calls",
    "twilio_calls",
    "speech",
    "normalise",
    "orders",
    "order_history",
    "order_idle",
    "mails",
    "texts_by_http",
    "handler_api",
    "agents",
    "python_client",
    "recovery",
    "web_pages",
    "web_live",
)
BY_NAME = ("soak", "listening", "web_browser")


def main() -> int:
    wanted = sys.argv[1:] or list(ALL)
    unknown = [name for name in wanted if name not in ALL + BY_NAME]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(ALL + BY_NAME)}")
        return 2
    failed = []
    for name in wanted:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
