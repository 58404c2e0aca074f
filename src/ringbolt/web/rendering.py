"""Pages from templates, with the headers that keep them safe.

The Content-Security-Policy allows no inline script or style and nothing of another host. An order's
address is its key: no page tells it to another host (``Referrer-Policy``) or to a cache.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.responses import Response

from ringbolt.web import formats, i18n
from ringbolt.web.assets import asset_url
from ringbolt.web.languages import LANGUAGES, language, speak
from ringbolt.web.qr import qr_svg

_POLICY: Final = "; ".join((
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self' data:",
    "media-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
))  # fmt: skip
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class Renderer:
    """Renders templates. ``common``: what every page has."""

    def __init__(self, common: Mapping[str, Any]) -> None:
        self._templates = Environment(
            loader=PackageLoader("ringbolt.web"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,  # it looks at the time of every file for every page
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        self._templates.policies["ext.i18n.trimmed"] = True
        # What the extension adds to every environment: types know nothing of it.
        self._templates.install_gettext_callables(**i18n.callables())  # type: ignore[attr-defined]
        self._templates.globals.update(common, asset=asset_url, qr=_qr, languages=LANGUAGES)
        filters: dict[str, Callable[..., str]] = {
            "amount": formats.amount,
            "clock": formats.clock,
            "day": formats.day,
            "exact": formats.exact_sats,
            "language_name": formats.language_name,
            "minute": formats.minute,
            "short_day": formats.short_day,
            "place_name": formats.place_name,
            "region_name": formats.region_name,
            "sats": formats.grouped,
            "signed": formats.signed_sats,
            "spaced": spaced,
            "stamp": formats.stamp,
        }
        self._templates.filters.update((name, _said(fn)) for name, fn in filters.items())

    def warm_up(self) -> None:
        """Load what the first visitors would wait for, some 0.3 s in all: visitors' templates, and
        the sentences, numbers and dates of each language. For a thread."""
        for name in self._templates.list_templates(filter_func=_is_for_visitors):
            self._templates.get_template(name)
        for each in LANGUAGES:
            speak(each)  # in this thread's own context
            i18n.catalogue(each.code)
            formats.day(0)
            formats.amount(1, "minute")

    def text(self, template: str, **values: Any) -> str:
        """The template in the language of the request that is answered."""
        return self._templates.get_template(template).render({"language": language(), **values})

    def page(
        self, template: str, status: int = 200, more: Mapping[str, str] | None = None, **values: Any
    ) -> Response:
        return Response(
            self.text(template, **values),
            status,
            {**HEADERS, **(more or {})},
            "text/html; charset=utf-8",
        )


def _is_for_visitors(template: str) -> bool:
    return not template.startswith(("operator", "docs/"))


def _said(filter_: Callable[..., str]) -> Callable[..., str]:
    """The filter, called at each rendering: Jinja would apply it to a constant only once, in the
    language of the first visitor."""

    @pass_context
    def said(_: Context, *args: Any) -> str:
        return filter_(*args)

    return said


def spaced(text: str) -> str:
    """A code sign by sign, for screen readers."""
    return " ".join(text)


def _qr(text: str) -> Markup:
    # Only digits, letters and path commands of our own.
    return Markup(qr_svg(text))  # noqa: S704
