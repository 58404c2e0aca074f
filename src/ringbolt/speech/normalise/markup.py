"""Take out the markup of other programs (HTML, Markdown, entities), and keep what it says. Pure.

Engines have markup of their own: in ``[yes](1)`` hibari reads the brackets as a pronunciation and
drops the digit. So none of a buyer's markup reaches an engine.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[a-zA-Z][a-zA-Z\d]{1,31});")
_HIDDEN: Final = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"))
_BLOCKS: Final = "br|p|div|li|ul|ol|tr|table|h[1-6]|hr|blockquote|pre|section|article|header|footer"
_BLOCK: Final = re.compile(rf"</?(?:{_BLOCKS})(?:[\s/][^<>]*)?>", re.IGNORECASE)
_INLINE: Final = re.compile(
    r"</?(?:a|abbr|address|audio|b|big|body|button|center|cite|code|col|dd|del|dl|dt|em|font|form"
    r"|head|html|i|iframe|img|input|ins|kbd|label|link|main|mark|meta|nav|o:p|path|q|s|samp|small|source|span|strike"
    r"|strong|sub|sup|svg|tbody|td|tfoot|th|thead|time|title|tt|u|var|video|wbr"
    r"|amazon:effect|break|emphasis|lang|mark|phoneme|prosody|say-as|speak|voice|w)(?:[\s/][^<>]*)?>",
    re.IGNORECASE,
)
_BRACKETED: Final = re.compile(r"<([^\W\d][^<>]{0,100}|\d{1,4}|[*#])>")
_RETRIEVER: Final = re.compile(r"\s*<#>")
"""The beginning of a text that an app on Android is to find; nobody says it."""
_LINK: Final = re.compile(r"!?\[([^\[\]\n]*)\]\(([^()\n]*)\)")
_FENCE: Final = re.compile(r"^ *(?:```|~~~)[^\n]*$", re.MULTILINE)
_HEADING: Final = re.compile(r"^ *#{2,6} +(?=\S)|^ *>[> ]*", re.MULTILINE)
_BULLET: Final = re.compile(r"^ *[+•‣▪◦·-] +(?=\S)", re.MULTILINE)
_STARRED_LINES: Final = re.compile(r"^ *\* +(?=\S)", re.MULTILINE)
_RULER: Final = re.compile(r"^ *(?:[-=_*|:+] *){3,}$", re.MULTILINE)
_EMPHASIS: Final = (
    re.compile(r"(?<![\w*])\*\*(?=[^\s*])([^*\n]+)(?<=[^\s*])\*\*(?![\w*])"),
    re.compile(r"(?<![\w*#])\*(?=[^\s*#])([^*\n]*[^\W\d_][^*\n]*)(?<=[^\s*#])\*(?![\w*#])"),
    re.compile(r"(?<![\w_])__(?=[^\s_])([^_\n]+)(?<=[^\s_])__(?![\w_])"),
    re.compile(r"(?<![\w_@./-])_(?=[^\s_])([^_\n]+)(?<=[^\s_])_(?![\w_@./-])"),
    re.compile(r"~~(?=[^\s~])([^~\n]+)(?<=[^\s~])~~"),
)
_WRITTEN_BREAK: Final = re.compile(r"\\[nrt](?![a-z])")
_BRACKETS: Final = re.compile(r"[\[\]{}⟨⟩「」『』【】《》〈〉]+")


def without_markup(text: str) -> str:
    """``text`` as its reader would see it: ``[yes](1)`` as ``yes (1)``, ``&amp;`` as ``&``."""
    if "&" in text:
        text = _characters(_characters(text))  # "&amp;nbsp;" was escaped twice
    if "<" in text:
        text = _without_tags(text)
    if "[" in text:
        text = _LINK.sub(_link, text)
    if "\\" in text:
        text = _WRITTEN_BREAK.sub("\n", text)
    text = _RULER.sub("", _FENCE.sub("", text))
    text = _BULLET.sub("", _HEADING.sub("", text))
    if len(_STARRED_LINES.findall(text)) > 1:  # a single star may be the key to press
        text = _STARRED_LINES.sub("", text)
    for emphasis in _EMPHASIS:
        text = emphasis.sub(r"\1", text)
    return _BRACKETS.sub(" ", text.replace("`", " "))


def _characters(text: str) -> str:
    return _ENTITY.sub(lambda found: unescape(found[0]), text)


def _without_tags(text: str) -> str:
    retriever = _RETRIEVER.match(text)
    text = text[retriever.end() :] if retriever else text
    for opening, closing in _HIDDEN:
        text = _without_hidden(text, opening, closing)
    text = _INLINE.sub("", _BLOCK.sub("\n", text))
    return _BRACKETED.sub(r" \1 ", text)


def _without_hidden(text: str, opening: str, closing: str) -> str:
    """Without what no browser shows; what has no end stays."""
    lower = text.lower()
    kept, at = [], 0
    while (start := lower.find(opening, at)) >= 0:
        end = lower.find(closing, start)
        if end < 0:
            break
        kept.append(text[at:start])
        at = end + len(closing)
    return " ".join((*kept, text[at:]))


def _link(found: re.Match[str]) -> str:
    shown, target = found[1].strip(), found[2].strip()
    if not target or target == shown:
        return shown
    return f"{shown} ({target})"
