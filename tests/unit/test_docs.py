"""The documentation is current, its links lead somewhere, and it gives nothing away."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import generate
from generator import errors, settings
from generator.error_meanings import Meaning
from ringbolt.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)

_GIVEAWAYS = {
    "a registry host": re.compile(
        r"\b(pypi|npmjs|crates|golang|rubygems)\.(org|io)\b|\bpython(?:)hosted\b|--(extra-)?index-url"
    ),
    "a machine's path": re.compile(r"(?<![\w.}])/(root|home|work|Users|mnt|srv)/[\w.-]+/?"),
    "a private key": re.compile(r"BEGIN [A-Z ]*PRIVATE KEY"),
    "an access key": re.compile(r"\b(AKIA[0-9A-Z]{16}|gh[pousr]_\w{36}|rb_[0-9a-f]{12}_[\w-]{32})"),
    "a password in a URL": re.compile(r"://[^\s/:@\"'`]+:(?!password@|pw@|secret@)[^\s/@{]+@"),
}


def _text_files() -> Iterator[Path]:
    """What the repository holds, or would hold."""
    git = shutil.which("git")
    listed = subprocess.run(
        [git or "git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and b"\0" not in path.read_bytes()[:8192]:
            yield path


@pytest.mark.parametrize("name", generate.PAGES)
def test_a_generated_page_is_as_the_code_is(name: str) -> None:
    written = (ROOT / name).read_text(encoding="utf-8")

    assert written == generate.PAGES[name](), f"{name} is stale: run 'make docs'"


def test_a_stale_page_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two = ("docs/errors.md", "docs/scripted-numbers.md")
    texts = {name: generate.PAGES[name]() for name in two}
    monkeypatch.setattr(
        generate, "PAGES", {name: functools.partial(texts.__getitem__, name) for name in two}
    )
    generate.write(tmp_path)
    with (tmp_path / "docs/errors.md").open("a", encoding="utf-8") as page:
        page.write("an edit by hand\n")

    assert generate.stale(tmp_path) == ["docs/errors.md"]


def test_the_sample_names_every_option_and_its_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = (ROOT / "ringbolt.sample.toml").read_text(encoding="utf-8")
    options = re.sub(r"^#(?=\w+ = )", "", sample, flags=re.MULTILINE)
    path = tmp_path / "ringbolt.toml"
    path.write_text(options, encoding="utf-8")
    document = tomllib.loads(options)
    for name in [name for name in os.environ if name.startswith("RINGBOLT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    found = {
        (section, name): value
        for section, values in document.items()
        for name, value in (values.items() if isinstance(values, dict) else [("", values)])
    }
    assert len(found) == sum(len(options) for options in settings.sections().values())
    assert Settings().model_dump() == Settings.model_construct().model_dump()


def test_the_sample_changes_nothing_as_it_stands() -> None:
    document = tomllib.loads((ROOT / "ringbolt.sample.toml").read_text(encoding="utf-8"))

    assert all(section == {} for section in document.values())


def test_a_code_without_a_meaning_is_found(tmp_path: Path) -> None:
    (tmp_path / "new.py").write_text(
        'class Odd(RingboltError):\n    status = 418\n    default_code = "ODD"\n'
        'def refuse():\n    raise Odd("", code="TEA_POT")\n'
    )
    found = errors.codes(tmp_path)

    assert found == {"ODD": {418}, "TEA_POT": {418}}
    with pytest.raises(errors.ErrorPageFault, match="TEA_POT has no meaning"):
        errors.check(found, {"ODD": Meaning("odd", "nothing")})


def test_a_meaning_without_a_code_is_found() -> None:
    with pytest.raises(errors.ErrorPageFault, match="GONE_CODE is not in the code"):
        errors.check({}, {"GONE_CODE": Meaning("gone", "nothing", 400)})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for target in _LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name) if name else page
        if not path.exists() or (anchor and anchor not in _anchors(path)):
            broken.append(target)

    assert not broken


def _anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get on GitHub."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    kept = (re.sub(r"[^\w\- ]", "", heading.strip().lower()) for heading in _HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("what", _GIVEAWAYS)
def test_no_file_gives_away(what: str) -> None:
    hits = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in _text_files()
        for match in _GIVEAWAYS[what].finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]

    assert not hits
