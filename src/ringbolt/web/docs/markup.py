"""Markdown and commands as HTML."""

from __future__ import annotations

import re
from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from ringbolt.web.docs.snippets import Language

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
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


def inline(text: str) -> Markup:
    """A sentence of Markdown."""
    # markdown-it escapes what is no markup, and no HTML is let through.
    return Markup(_MARKDOWN.renderInline(text))  # noqa: S704


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
