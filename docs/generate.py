"""Write the reference pages from the code, or check that they are current.

``python docs/generate.py`` writes every page; ``--check`` writes nothing and exits with 1 and the
names of the pages that are stale.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from generator import cli, errors, lifecycle, scripted_numbers, settings

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "ringbolt"

PAGES: dict[str, Callable[[], str]] = {
    "docs/lifecycle.md": lifecycle.render,
    "docs/settings.md": settings.render_page,
    "ringbolt.sample.toml": settings.render_sample,
    "docs/errors.md": lambda: errors.render(SOURCE),
    "src/ringbolt/api/error_codes.csv": lambda: errors.render_table(SOURCE),
    "docs/cli.md": cli.render,
    "docs/scripted-numbers.md": scripted_numbers.render,
}


def stale(root: Path) -> list[str]:
    """The pages under ``root`` that are not as the code is."""
    return [name for name, render in PAGES.items() if _read(root / name) != render()]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def write(root: Path) -> list[str]:
    """Write the pages that are stale; returns their names."""
    names = stale(root)
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PAGES[name](), encoding="utf-8")
    return names


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="only say what is stale")
    try:
        if parser.parse_args().check:
            names = stale(ROOT)
            for name in names:
                print(f"{name} is stale: run 'make docs'", file=sys.stderr)
            return 1 if names else 0
        for name in write(ROOT):
            print(f"wrote {name}")
    except errors.ErrorPageFault as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
