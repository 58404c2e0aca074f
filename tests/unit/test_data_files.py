"""The tables, word lists and pictures that come with the package."""

from __future__ import annotations

import re
import struct
import unicodedata
import zipfile
import zlib
from importlib import resources
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from ringbolt.core.services import SERVICES
from ringbolt.core.tables import entries, shipped_rows, table_lines, table_rows
from ringbolt.core.texts.words import WordList, words
from ringbolt.simulator.numbers.script import SCRIPTED_SERVICES
from ringbolt.speech.languages import ALIASES, BY_SCRIPT, LANGUAGES
from ringbolt.speech.voices import PERSONAS
from ringbolt.web.docs.guides import GUIDES

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "ringbolt"
TABLES = sorted(PACKAGE.rglob("*.csv"))
PICTURES = resources.files("ringbolt.api.orders").joinpath("pictures")


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_a_table_explains_itself_and_is_rectangular(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    package = ".".join(path.parent.relative_to(PACKAGE.parent).parts)

    rows = list(shipped_rows(package, path.name))

    assert text.startswith("# ")
    assert len(rows) > 5
    assert len(rows) + 1 == len(table_lines(text))
    assert unicodedata.normalize("NFC", text) == text
    listed = [entry for row in rows for field in row.values() for entry in entries(field)]
    assert [entry for entry in listed if not entry or entry != entry.strip()] == []


@pytest.mark.parametrize("name", WordList)
def test_a_word_list_has_each_word_once_in_lower_case(name: WordList) -> None:
    found = words(name)

    assert found
    assert [word for word in found if word != word.lower() or word != word.strip()] == []
    # One language spells many of them as another does.
    assert len(found) - len(set(found)) <= len(found) // 8


def test_no_answer_asks_for_both() -> None:
    assert not set(words(WordList.STOP)) & set(words(WordList.START))


def test_names_that_are_words_are_names() -> None:
    names = {name.lower() for service in SERVICES.values() for name in service.names}

    assert set(words(WordList.AMBIGUOUS_NAME)) <= names


def test_services_of_a_group_are_several_and_signatures_are_patterns() -> None:
    groups = [service.group for service in SERVICES.values() if service.group]

    assert all(groups.count(group) > 1 for group in groups)
    for service in SERVICES.values():
        re.compile(service.signature)
        assert not set(service.nicknames) & set(service.names)


def test_languages_name_each_code_once() -> None:
    assert not ALIASES.keys() & LANGUAGES.keys()
    assert sum(map(len, BY_SCRIPT.values())) == len(LANGUAGES)
    assert len(ALIASES) == sum(len(each.aliases) for each in LANGUAGES.values())
    # A script with one language leaves nothing to choose.
    assert not any(LANGUAGES[codes[0]].detected for codes in BY_SCRIPT.values() if len(codes) == 1)


def test_personas_speak_known_languages() -> None:
    assert {persona.language for persona in PERSONAS} <= LANGUAGES.keys()
    assert all(persona.tiers for persona in PERSONAS)


def test_the_words_that_texts_are_read_by_are_of_languages_that_are_spoken() -> None:
    package = "ringbolt.speech.normalise"
    code_words = [row["language"] for row in shipped_rows(package, "code_words.csv")]
    shortened = {row["language"] for row in shipped_rows(package, "abbreviations.csv")}

    assert sorted(code_words) == sorted([*LANGUAGES, "any"])
    assert shortened <= set(LANGUAGES)


def test_the_blocks_of_scripts_are_in_rising_order() -> None:
    blocks = [
        (int(row["first"], 16), int(row["last"], 16))
        for row in shipped_rows("ringbolt.speech", "scripts.csv")
    ]

    ends = [end for block in blocks for end in block]
    assert ends == sorted(ends)


@pytest.mark.parametrize("code", [*SERVICES, *SCRIPTED_SERVICES])
def test_every_service_has_a_picture_of_its_own(code: str) -> None:
    png = PICTURES.joinpath(f"{code}.png").read_bytes()
    at = png.index(b"IDAT")
    (length,) = struct.unpack(">I", png[at - 4 : at])
    pixels = zlib.decompress(png[at + 4 : at + 4 + length])

    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) == (64, 64)
    assert len(pixels) == 64 * (1 + 64 // 8)


def test_comments_blank_lines_and_a_byte_order_mark_are_no_rows() -> None:
    text = "\ufeff# note\n\nlist,words\na,b|c d\n# more\ne,\n"

    rows = [(row["list"], entries(row["words"])) for row in table_rows(text)]

    assert rows == [("a", ("b", "c d")), ("e", ())]


@pytest.mark.parametrize("row", ["a", "a,b,c"])
def test_a_row_with_other_fields_than_the_header_is_refused(row: str) -> None:
    with pytest.raises(ValueError, match="argument 2 is"):
        list(table_rows(f"list,words\n{row}\n"))


def test_the_wheel_holds_all_that_is_not_python(tmp_path: Path) -> None:
    builder = WheelBuilder(str(ROOT))

    (wheel,) = builder.build(directory=str(tmp_path), versions=["standard"])

    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    data = [
        path
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc") and "__pycache__" not in path.parts
    ]
    assert {path.suffix for path in data} >= {".csv", ".png", ".typed", ".mako"}
    assert {path.relative_to(PACKAGE.parent).as_posix() for path in data} <= packed
    assert {f"ringbolt/web/guides/{guide.file}" for guide in GUIDES} <= packed
