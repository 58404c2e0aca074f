"""What the shop's errors say in other languages than English: one sentence for each code.

English pages show the error's own sentence, which knows more: it names the service that is not
known, or the digits that are too many. A code that is not here is shown in English everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringbolt.core.errors import RateLimited, RingboltError
from ringbolt.web.formats import span
from ringbolt.web.i18n import _, marked
from ringbolt.web.languages import ENGLISH, language

SENTENCES: Final[Mapping[str, str]] = {
    # The form
    "INVALID_PHONE_NUMBER": marked(
        "This number is not complete. Write + and the country code, then the number."
    ),
    "IMPOSSIBLE_PHONE_NUMBER": marked(
        "This cannot be a telephone number. Check the country code and count the digits."
    ),
    "DESTINATION_REFUSED": marked(
        "Such numbers are not called or texted here: premium, toll-free, emergency, pager "
        "and satellite numbers."
    ),
    "DESTINATION_NOT_OFFERED": marked(
        "This shop does not serve this destination. Choose another country."
    ),
    "TEST_NUMBER": marked(
        "This is a test number, and this shop places real calls. Use a real number."
    ),
    "LANDLINE": marked(
        "This is a landline, which gets no texts. Use a mobile number, or choose a phone call."
    ),
    "NO_CARRIER": marked(
        "Nobody here can deliver to this destination at the moment. Choose another one."
    ),
    "MESSAGE_TOO_LONG": marked("The text is too long. Shorten it."),
    "MESSAGE_NOT_SPEAKABLE": marked(
        "We have no voice that can read this text. Use words or numbers of another "
        "language or script."
    ),
    "SSML_INVALID": marked("The markup in this text cannot be read. Write plain text."),
    "INVALID_TEXT": marked(
        "The text has signs that cannot be sent. Remove control characters and line breaks."
    ),
    "INVALID_AUDIO_URL": marked(
        "We cannot open this address. Give the public address of an MP3 or WAV file."
    ),
    "AUDIO_UNPLAYABLE": marked(
        "We could not fetch or play this file. Use MP3 or WAV, at an address that anyone can open."
    ),
    "INVALID_DURATION": marked("Choose between 1 and 30 minutes."),
    "CALL_TOO_LONG": marked(
        "This call would last too long. Shorten what is said, or repeat it less often."
    ),
    "UNKNOWN_VOICE": marked("There is no such voice. Choose one of the list."),
    "UNKNOWN_SERVICE": marked("We do not know this service. Choose one of the list."),
    "SERVICE_NOT_OFFERED": marked("This shop receives no codes of this service."),
    "UNKNOWN_COUNTRY": marked("We do not know this country. Choose one of the list."),
    "NO_NUMBER_FREE": marked(
        "No number is free there at the moment. Choose another country or service, or try "
        "again in 20 minutes."
    ),
    "INVALID_EMAIL_ADDRESS": marked(
        "This is not an e-mail address that can be written to. Give exactly one address."
    ),
    "SUBJECT_NOT_ALLOWED": marked("The subject cannot be chosen here. Leave it out."),
    "CONTENT_REFUSED": marked("This shop does not send such a text. Change it."),
    "SUPPRESSED": marked("The recipient asked to get no calls and no messages from us."),
    "OUT_OF_RANGE": marked("This number is too small or too large."),
    "INVALID_ADDRESS": marked(
        "This does not look like a Lightning address, such as name@example.com."
    ),
    "MISSING_FIELD": marked("Something is missing here."),
    "INVALID_BODY": marked("The form could not be read. Open the page again."),
    "INVALID_QUERY": marked("The address could not be read. Check that the whole link was copied."),
    # The shop
    "HOLD_NOT_SUPPORTED": marked("This shop cannot sell on the web at the moment."),
    "SALES_CLOSED": marked("This shop takes no new orders at the moment. Try again later."),
    "SERVICE_CLOSED": marked("This service is not sold here at the moment. Try again later."),
    "COUNTRY_CLOSED": marked("Nothing is sold for this country at the moment. Choose another one."),
    "NODE_UNAVAILABLE": marked(
        "We cannot make invoices right now. Our Lightning node does not answer. Try again "
        "in a minute."
    ),
    "STORE_UNAVAILABLE": marked(
        "The shop cannot reach its records right now. Try again in a minute."
    ),
    "NUMBERS_UNAVAILABLE": marked(
        "Our suppliers of numbers do not answer right now. Try again in a minute."
    ),
    "UNAVAILABLE": marked("A part of this shop does not answer right now. Try again in a minute."),
    "SPEECH_BUSY": marked("The voices are busy. Try again in a minute."),
    "SPEECH_FAILED": marked("This text could not be spoken. Change it, or try another voice."),
    # An order, an account
    "CONFLICT": marked("That is not possible any more: the order has gone on in between."),
    "TOO_EARLY": marked("This is not possible yet. Wait a little."),
    "NO_WITHDRAWALS": marked("Balances of this shop cannot be withdrawn."),
    "WITHDRAWAL_TAKEN": marked("This withdrawal was taken, or is over."),
    "INSUFFICIENT_FUNDS": marked("The balance is too small. Add money first."),
    "INVALID_API_KEY": marked("We do not know this key."),
    "UNAUTHORIZED": marked("We do not know this key."),
    # Accounts
    "WITHDRAWAL_TOO_LARGE": marked("The balance does not cover so much and its network fee."),
    "KEY_REPLACED": marked("This key was replaced in this moment."),
}


Words = tuple[str, str]
"""What is wrong, and what to do next, '' for nothing."""


def error_words(error: RingboltError, english: Words | None = None) -> Words:
    """The error for the visitor; ``english``: in other words than its own, for English pages."""
    own = english or (error.message, error.suggestion)
    if language() is ENGLISH:
        return own
    if isinstance(error, RateLimited):
        return _too_many(error), ""
    known = SENTENCES.get(error.code)
    return own if known is None else (_(known), "")


def error_text(error: RingboltError, english: Words | None = None) -> str:
    """The same in one text."""
    return " ".join(filter(None, error_words(error, english)))


def _too_many(error: RateLimited) -> str:
    if error.retry_after_s is None:
        return _("That is the limit for now. Try again later.")
    wait = span(error.retry_after_s * 1000)
    return _("That is the limit for now. Try again in %(time)s.", time=wait)
