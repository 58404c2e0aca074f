"""What the how-to pages print as settings is taken as it stands, by file and by variable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringbolt.settings import load_settings

PAGES = sorted((Path(__file__).parents[2] / "docs").glob("howto-*.md"))
FILES = re.compile(r"^```toml\n(\[\[.*?)^```", re.MULTILINE | re.DOTALL)
VARIABLES = re.compile(r"^export (RINGBOLT_[A-Z_]+)='(\[.*?\])'$", re.MULTILINE | re.DOTALL)
SAY_BOTH = {"howto-twilio.md", "howto-http-gateway.md", "howto-android-phone.md"}
"""Pages that print the same settings both ways."""
NEEDS_A_PLUG_IN = {"howto-plug-in.md"}


def printed(pattern: re.Pattern[str]) -> Iterator[tuple[str, ...]]:
    for page in PAGES:
        if page.name not in NEEDS_A_PLUG_IN:
            for found in pattern.findall(page.read_text()):
                yield (page.name, *((found,) if isinstance(found, str) else found))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("page", "section"), list(printed(FILES)))
def test_a_printed_section_is_taken(folder: Path, page: str, section: str) -> None:
    (folder / "ringbolt.toml").write_text(section)

    assert load_settings(), page


@pytest.mark.parametrize(("page", "variable", "value"), list(printed(VARIABLES)))
def test_a_printed_variable_is_taken_and_says_what_a_section_of_its_page_says(
    monkeypatch: pytest.MonkeyPatch, folder: Path, page: str, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    by_variable = load_settings()
    monkeypatch.delenv(variable)

    by_file = []
    for _, section in (each for each in printed(FILES) if each[0] == page):
        (folder / "ringbolt.toml").write_text(section)
        by_file.append(load_settings())

    assert by_variable in by_file or page not in SAY_BOTH
