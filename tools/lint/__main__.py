"""Check the house rules; print what breaks one, and end with 1 if anything does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tools.lint import sql_rules, test_rules
from tools.lint.finding import Finding, parsed

ROOT = Path(__file__).parents[2]


def findings(root: Path) -> Iterator[Finding]:
    """Everything under ``root`` that breaks a rule."""
    for path in sorted((root / "src").rglob("*.py")):
        if not sql_rules.may_hold_sql(path.relative_to(root)):
            yield from sql_rules.check(path, parsed(path))
    for path in sorted((root / "tests").rglob("test_*.py")):
        yield from test_rules.check(path, parsed(path))
    for path in sorted((root / "tests" / "support").rglob("*.py")):
        yield from test_rules.check_assertions(path, parsed(path))


def main() -> int:
    found = list(findings(ROOT))
    for finding in found:
        print(finding.line_from(ROOT))
    print(f"{len(found)} findings" if found else "House rules: all kept.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
