"""The fields of a request that are a telephone number, or a key of a telephone."""

from __future__ import annotations

import re
from typing import Final

from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.phone_input import MAX_PHONE_CHARS, international, one_number
from ringbolt.api.kit.style import shown
from ringbolt.core.phone import EXAMPLE

KEY: Final = re.compile(r"[0-9*#]?", re.ASCII)


def phone_number(fields: Fields, name: str) -> str | None:
    """A number as clients write it: one text, one number, or a list of one; None if it is absent
    or empty. Raises ``InvalidInput``."""
    value = one_number(fields.get(name))
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if not isinstance(value, str):
        raise fields.wrong_kind(name, "one number", f'One number each time. Example: "{EXAMPLE}".')
    found = international(value.strip()) if len(value) <= MAX_PHONE_CHARS else None
    if found is None:
        raise fields.wrong(
            name,
            f"is not a telephone number with its country code: {shown(value)}.",
            "INVALID_PHONE_NUMBER",
            f'Write + and the country code, then one number. Example: "{EXAMPLE}".',
        )
    return found


def finish_key(fields: Fields, name: str) -> str:
    """The key that ends the digits, '' for none. Raises ``InvalidInput``."""
    value = fields.get(name)
    if not fields.style.exact:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        value = value.strip() if isinstance(value, str) else value
    if isinstance(value, str) and KEY.fullmatch(value):
        return value
    raise fields.wrong(
        name,
        f"must be one of 0 to 9, * and #, or empty, not {shown(value)}.",
        "INVALID_FINISH_KEY",
        'Send one key in quotes such as "#", or "" for none.',
    )
