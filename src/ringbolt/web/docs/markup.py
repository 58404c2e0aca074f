"""Markdown and commands as HTML."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

from ringbolt.web.docs.snippets import Language

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
_NOTES: Final = re.compile(r"^<!--.*?-->\s*", re.DOTALL | re.MULTILINE)
_SIGNS: Final = re.compile(
    r"""(?P<s>"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|`[^`\n]*`)"""
    r"""|(?P<c>(?:(?<=\s)|^)(?://|\#)[ ].*$)|(?P<w>\b[a-z]+\b)""",
    re.MULTILINE,
)
_KEYWORDS: Final = {
    Language.CURL: frozenset({"curl", "until", "do", "done", "echo", "read", "sleep", "cat"}),
    Language.PYTHON: frozenset({"import", "while", "if", "break", "with", "as", "in", "or"}),
    Language.JAVASCRIPT: frozenset({"const", "let", "await", "for", "if", "break", "new"}),
}
_TABLE: Final = (
    '<div class="scroll" role="group" tabindex="0" aria-label="Table"><table class="table">'
)
Where = Callable[[str], str]
"""Where the page has moved that a relative link leads to; '' if it is not here."""
Block = Callable[[str, str], str]
"""A block of code as HTML, of what was said to be in it."""


def inline(text: str) -> Markup:
    """A sentence of Markdown."""
    # markdown-it escapes what is no markup, and no HTML is let through.
    return Markup(_MARKDOWN.renderInline(text))  # noqa: S704


def page(text: str, where: Where, block: Block) -> Markup:
    """A whole page of Markdown, with anchors at its headings as GitHub has them."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(_NOTES.sub("", text))
    _anchor(tokens)
    for token in tokens:
        if token.children:
            token.children = list(_moved(token.children, where))

    def fence(_: RendererHTML, all_: Sequence[Token], at: int, *__: Any) -> str:
        return block(all_[at].content.rstrip("\n"), all_[at].info.strip())

    markdown.add_render_rule("fence", fence)
    markdown.add_render_rule("table_open", _before(_TABLE))
    markdown.add_render_rule("table_close", _before("</table></div>"))
    html = markdown.renderer.render(tokens, markdown.options, {})
    return Markup(html)  # noqa: S704 - as above


def coloured(code: str, language: Language) -> Markup:
    """A command with its strings, comments and keywords marked."""
    words = _KEYWORDS[language]
    parts: list[Markup] = []
    end = 0
    for match in _SIGNS.finditer(code):
        kind = "k" if match.lastgroup == "w" else match.lastgroup
        if kind == "k" and match[0] not in words:
            continue
        parts.append(escape(code[end : match.start()]))
        parts.append(Markup('<span class="{}">{}</span>').format(kind, match[0]))
        end = match.end()
    parts.append(escape(code[end:]))
    return Markup("").join(parts)


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _anchor(tokens: Sequence[Token]) -> None:
    for opening, inside in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", anchor(inside.content))


def _moved(tokens: Sequence[Token], where: Where) -> list[Token]:
    """The parts of a line, with links to where their pages are; the rest are no links."""
    found: list[Token] = []
    is_gone = False
    for token in tokens:
        if token.type == "link_open":
            target = str(token.attrs["href"])
            moved = target if re.match(r"[a-z]+:|#", target) else where(target)
            is_gone = not moved
            token.attrs["href"] = moved
        if is_gone and token.type in ("link_open", "link_close"):
            continue
        found.append(token)
    return found


def _before(html: str) -> Callable[..., str]:
    return lambda *_: html
