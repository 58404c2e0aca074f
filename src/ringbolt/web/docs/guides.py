"""The pages of ``docs/`` that buyers and developers need, as pages of the shop.

A wheel has them beside this package (``pyproject.toml`` puts them there); a checkout reads its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from markupsafe import Markup, escape

import ringbolt
from ringbolt.web.docs import markup
from ringbolt.web.docs.snippets import Language

LOCAL: Final = "http://127.0.0.1:8402"
"""The shop that the pages speak of: one that the reader has just opened."""
PREFIX: Final = "/docs/guide/"
_SHELLS: Final = frozenset({"sh", "bash"})


@dataclass(frozen=True, slots=True)
class Guide:
    """``path`` is its address, ``file`` its name in ``docs/``. ``at_home``: it is about a shop of
    the reader's own, so that its commands do not name this one."""

    path: str
    file: str
    label: str
    at_home: bool = False


GUIDES: Final = (
    Guide("/docs/choose", "which-api.md", "Which API?"),
    Guide("/docs/errors", "errors.md", "Errors"),
    Guide(f"{PREFIX}l402", "l402.md", "Pay per call"),
    Guide(f"{PREFIX}orders", "orders.md", "Orders"),
    Guide(f"{PREFIX}voice", "voice.md", "Voice API"),
    Guide(f"{PREFIX}discovery", "discovery.md", "Discovery"),
    Guide(f"{PREFIX}codes", "codes.md", "Codes in texts"),
    Guide(f"{PREFIX}audio-files", "audio-files.md", "Audio files"),
    Guide(f"{PREFIX}spoken-texts", "spoken-texts.md", "Spoken texts"),
    Guide(f"{PREFIX}lifecycle", "lifecycle.md", "An order's life"),
    Guide(f"{PREFIX}mcp", "mcp.md", "Agents (MCP)"),
    Guide(f"{PREFIX}client", "client.md", "The Python client"),
    Guide(f"{PREFIX}sats4ai", "howto-sats4ai-client.md", "A Sats4AI client"),
    Guide(f"{PREFIX}cequens", "howto-cequens-client.md", "A CEQUENS client"),
    Guide(f"{PREFIX}versioning", "versioning.md", "What may change"),
    Guide(f"{PREFIX}recipes", "recipes.md", "Recipes: LangChain, n8n"),
    Guide(f"{PREFIX}sandbox", "sandbox.md", "Testing, and sandboxes"),
    Guide(f"{PREFIX}tutorial", "tutorial.md", "Buy a call", at_home=True),
    Guide(f"{PREFIX}receive-a-code", "tutorial-receive-a-code.md", "Receive a code", at_home=True),
    Guide(f"{PREFIX}ask-by-phone", "tutorial-ask-by-phone.md", "Ask by phone", at_home=True),
    Guide(f"{PREFIX}sms4sats", "howto-sms4sats-client.md", "An sms4sats client", at_home=True),
    Guide(f"{PREFIX}scripted-numbers", "scripted-numbers.md", "Scripted numbers", at_home=True),
)
_BY_FILE: Final = {guide.file: guide for guide in GUIDES}


def by_name(name: str) -> Guide | None:
    """The guide at ``/docs/guide/{name}``."""
    return next((each for each in GUIDES if each.path == f"{PREFIX}{name}"), None)


def text_of(guide: Guide) -> str:
    """Its Markdown."""
    shipped = files("ringbolt.web").joinpath("guides", guide.file)
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    checkout = Path(ringbolt.__file__).resolve().parents[2]
    return (checkout / "docs" / guide.file).read_text(encoding="utf-8")


class GuideRenderer:
    """Renders guides once. ``block`` shows a piece of code, of what is said to be in it."""

    def __init__(self, block: Callable[[Markup, str], str]) -> None:
        self._block = block
        self._rendered: dict[Guide, Markup] = {}

    def html(self, guide: Guide, base: str, *, play: bool) -> Markup:
        """The guide with the address of this shop in its commands."""
        html = self._rendered.get(guide)
        if html is None:
            html = markup.page(text_of(guide), _where, self._shown)
            self._rendered[guide] = html
        return html if guide.at_home and not play else html.replace(LOCAL, escape(base))

    def _shown(self, code: str, said: str) -> str:
        is_shell = said in _SHELLS
        return self._block(markup.coloured(code, Language.CURL) if is_shell else escape(code), said)


def _where(target: str) -> str:
    name, mark, fragment = target.partition("#")
    guide = _BY_FILE.get(name)
    return "" if guide is None else f"{guide.path}{mark}{fragment}"
