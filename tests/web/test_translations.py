"""Every sentence of the pages is in every catalogue, and its translations fit."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from tools.translations import PAGES, collected, files, is_complete, read

from ringbolt.web.i18n import catalogue
from ringbolt.web.languages import LANGUAGES

CATALOGUES = {path.parts[-3]: path for path in files()}
HOW = "run `make translations`"


def test_there_is_a_catalogue_for_every_language_but_english() -> None:
    assert sorted(CATALOGUES) == sorted(each.code for each in LANGUAGES if each.code != "en")


@pytest.mark.parametrize("code", CATALOGUES)
def test_every_sentence_has_an_entry_and_no_entry_is_left_over(code: str) -> None:
    sentences = {each.id for each in collected() if each.id}
    entries = {each.id for each in read(CATALOGUES[code]) if each.id}
    assert sentences - entries == set(), HOW
    assert entries - sentences == set(), HOW


@pytest.mark.parametrize("code", CATALOGUES)
def test_hardly_any_sentence_is_left_in_english(code: str) -> None:
    """A new sentence may wait for its translation; a page of them may not."""
    catalog = read(CATALOGUES[code])
    missing = [each.id for each in catalog if each.id and not is_complete(each.string)]
    assert len(missing) <= 0.03 * len(catalog), missing


@pytest.mark.parametrize("code", CATALOGUES)
def test_translations_have_the_same_placeholders_and_no_other_markup(code: str) -> None:
    catalog = read(CATALOGUES[code])
    wrong: list[str] = []
    for message in catalog:
        for form in _forms(message):
            of = _sentences(message)
            # A form for one thing may say it without its number: "one key".
            least, most = _placeholders(of[0]) & _placeholders(of[-1]), _placeholders(of[-1])
            found = _placeholders(form)
            may_omit = {"num"} if len(of) == 2 else set()
            if not (least - may_omit <= found <= most) or set('<>"') & set(form) - set(of[-1]):
                wrong.append(form)
    assert wrong == []


def test_every_sentence_in_python_is_found_by_the_collector() -> None:
    """The collector reads tokens: a call inside an f-string is hidden from it."""
    known = {each.id if isinstance(each.id, str) else each.id[0] for each in collected() if each.id}
    used = [text for path in PAGES.rglob("*.py") for text in _marked_in(path)]
    assert len(used) > 50
    assert set(used) - known == set()


def test_a_sentence_without_a_translation_stays_english() -> None:
    assert catalogue("de").gettext("Nobody has ever said this.") == "Nobody has ever said this."


def _sentences(message: Message) -> tuple[str, ...]:
    """The sentence, or its forms for one and for many."""
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def _forms(message: Message) -> tuple[str, ...]:
    """The translations that are there."""
    if not message.id:
        return ()
    forms = message.string if isinstance(message.string, list | tuple) else (message.string,)
    return tuple(filter(None, forms))


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s|%(?!\(|%)", text.replace("%%", "")))


def _marked_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and _name(node.func) in ("_", "ngettext", "marked"):
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""
