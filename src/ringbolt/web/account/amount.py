"""An amount of satoshis as people write it."""

from __future__ import annotations

import re
from typing import Final

from ringbolt.api.orders.schema import MAX_SATS
from ringbolt.web.formats import grouped
from ringbolt.web.forms import Form
from ringbolt.web.i18n import _

_MAX_CHARS: Final = 64
# Groups of three, all with one sign between them: 1,000 and 1.000, but never 1.5.
_WRITTEN: Final = re.compile(
    "[0-9]{1,16}|[0-9]{1,3}([ ,.'\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}])[0-9]{3}"
    r"(?:\1[0-9]{3}){0,4}"
)


def whole_sats(form: Form, field: str, usual: str) -> int:
    """The satoshis in a field, ``usual`` if it is empty; ``form.errors`` says why it cannot be."""
    written = form.get(field) or usual
    if len(written) > _MAX_CHARS or not _WRITTEN.fullmatch(written):
        form.refuse(field, _("Write a whole number of satoshis, such as 50,000."))
        return 0
    digits = "".join(filter(str.isdigit, written))
    if not 1 <= int(digits) <= MAX_SATS:
        most = grouped(MAX_SATS)
        form.refuse(field, _("Choose between 1 and %(most)s sats.", most=most))
    return int(digits)
