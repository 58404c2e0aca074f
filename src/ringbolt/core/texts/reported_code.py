"""The code of a text of which the provider says that it has found one.

Providers find codes by simple patterns, such as the first four digits: of "Order 4410: your code is
771204" they say 4410, and of "Your code has expired. Case 48213" 48213. So the text decides.
"""

from __future__ import annotations

from ringbolt.core.texts.codes import extract_code, possible_codes
from ringbolt.core.texts.plain import plain_text


def code_of(text: str, reported: str, service_code: str = "") -> str:
    """The code as a user types it, '' if it is not clear that there is one, or which one it is.

    ``reported`` is what the provider found, '' if nothing. It counts where there is no text (a code
    that was spoken), and where the text announces it beside other codes, or in another form than
    the service's codes have.
    """
    typed = "".join(filter(str.isalnum, plain_text(reported)))
    if not text.strip():
        return typed
    found = extract_code(text, service_code)
    if found is None and typed in possible_codes(text):
        return typed
    return found or ""
