"""What every error code means and what to do about it, in the words of ``docs/errors.md``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """``status`` only where the code is not given to an error class that has one."""

    means: str
    do: str
    status: int | str | None = None


NOT_CODES = frozenset(
    {
        # names of the system's
        "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "O_NOFOLLOW", "TCP_KEEPIDLE",
        # LND's words for a payment
        "IN_FLIGHT", "FAILURE_REASON_NONE", "FAILURE_REASON_NO_ROUTE",
        "FAILURE_REASON_INCORRECT_PAYMENT_DETAILS", "FAILURE_REASON_INSUFFICIENT_BALANCE",
        # the simulated world's own word for an HTTP error
        "HTTP",
    }
)  # fmt: skip

_SAME_BODY = "Repeat the request with exactly the body that was paid for, or pay the new invoice."
_PAY_AGAIN = "Pay the new invoice in this answer, or look at `previous.status_url`."
_OTHER_FILE = "Check the file, or convert it to MP3 or WAV; then repeat the request."

_REQUEST = {
    "INVALID_JSON": Meaning(
        "The body is empty, not JSON, or not an object.", "Send one JSON object in UTF-8."
    ),
    "INVALID_INPUT": Meaning(
        "A field or the body cannot be used; the sentence says which.", "Correct it."
    ),
    "INVALID_TYPE": Meaning(
        "A field has the wrong JSON type.", "Text in quotes, `duration_minutes` without."
    ),
    "MISSING_FIELD": Meaning(
        "A required field is missing.",
        "`phone_number` and `message`, or `phone_number`, `audio_url` and `duration_minutes`.",
    ),
    "UNKNOWN_FIELD": Meaning(
        "A field is not known but looks like a misspelt one of ours.",
        "Rename it or leave it out. (Other unknown fields are ignored and named "
        "in `ignored_fields`.)",
    ),
    "TOO_MANY_FIELDS": Meaning(
        "The body has more fields than any request needs.", "Send only the documented fields."
    ),
    "INVALID_PHONE_NUMBER": Meaning(
        "`phone_number` is not in E.164 format.",
        "`+`, country code, number: digits only, no spaces.",
    ),
    "IMPOSSIBLE_PHONE_NUMBER": Meaning(
        "The country code does not exist, or the number is too short or too long for its country.",
        "Check the number.",
    ),
    "DESTINATION_REFUSED": Meaning(
        "The number is one that is never called: premium, shared-cost, "
        "toll-free, personal, pager, satellite, or in no numbering plan.",
        "Use an ordinary fixed or mobile number.",
    ),
    "DESTINATION_NOT_OFFERED": Meaning(
        "The rate card has no price for this destination.",
        "Call another country; the operator may add a rate.",
    ),
    "TEST_NUMBER": Meaning(
        "A [scripted number](scripted-numbers.md), at a shop that places real calls.",
        "Use a real number.",
    ),
    "MESSAGE_TOO_LONG": Meaning(
        "`message` has more than 500 characters.", "Shorten it, or record it and send `audio_url`."
    ),
    "MESSAGE_NOT_SPEAKABLE": Meaning(
        "`message` holds no letter or digit of a known script.", "Write it in words."
    ),
    "INVALID_AUDIO_URL": Meaning(
        "`audio_url` is not an http(s) address, or is too long.",
        "Give the public address of an MP3 or WAV file.",
    ),
    "INVALID_DURATION": Meaning(
        "`duration_minutes` is not between 1 and 30.",
        "Choose 1 to 30; started minutes are charged.",
    ),
    "INVALID_REFUND_ADDRESS": Meaning(
        "`refund_address` does not look like a Lightning Address.",
        "`name@domain`, or leave it out.",
    ),
    "BODY_TOO_LARGE": Meaning(
        "The body is over 64 KiB.", "Send only the documented fields; put audio behind `audio_url`."
    ),
    "BODY_TOO_SLOW": Meaning(
        "The request body did not come within 20 seconds.", "Send the request again."
    ),
    "RATE_LIMITED": Meaning(
        "Too many challenges from your address.", "Wait for `Retry-After` seconds."
    ),
    "METHOD_NOT_ALLOWED": Meaning(
        "The paid address takes POST (buy), GET (read what it takes).", "Use one of them.", 405
    ),
    "HTTP_*": Meaning(
        "There is nothing at this address (`HTTP_404`), it does not take this method "
        "(`HTTP_405`), or another HTTP error of that number.",
        "Check the address against this documentation.",
        "as named",
    ),
}

_AUDIO = {
    "AUDIO_URL_PRIVATE": Meaning(
        "The address, or one that it redirects to, is not on the public Internet.",
        "Put the file on a public server. An operator can "
        "allow an origin with `fetch.allow_origins`.",
    ),
    "AUDIO_FETCH_FAILED": Meaning(
        "The file's server does not answer, or not with the file.",
        "Open the address yourself, without being signed in.",
    ),
    "AUDIO_FETCH_TIMEOUT": Meaning(
        "The file did not arrive in time.", "Use a smaller file or a faster server."
    ),
    "AUDIO_TOO_LARGE": Meaning("The file is over `fetch.max_bytes`.", "Send a compressed file."),
    "AUDIO_EMPTY": Meaning("The file is empty.", _OTHER_FILE, 422),
    "AUDIO_NOT_AUDIO": Meaning(
        "The address leads to something else than audio, such as a web page.",
        "Give the address of the file itself.",
        422,
    ),
    "AUDIO_UNSUPPORTED": Meaning(
        "The audio's coding, rate or number of channels is not supported.", _OTHER_FILE, 422
    ),
    "AUDIO_DAMAGED": Meaning("The file does not keep to its own format.", _OTHER_FILE, 422),
    "AUDIO_TIMEOUT": Meaning("Decoding the file takes too much work.", _OTHER_FILE, 422),
    "AUDIO_UNPLAYABLE": Meaning("The file cannot be played, for another reason.", _OTHER_FILE),
    "AUDIO_BUSY": Meaning(
        "Too many audio files are being looked at.", "Wait for `Retry-After` seconds."
    ),
}

_PAYMENT = {
    "PAYMENT_REQUIRED": Meaning(
        "The request is valid; this is what it costs.",
        "Pay the invoice, repeat the request with the credential.",
        402,
    ),
    "L402_CREDENTIAL_MALFORMED": Meaning(
        "The `Authorization` header holds no credential that can be read.",
        "`L402 <macaroon>:<preimage>`; the preimage is 64 hexadecimal digits.",
        402,
    ),
    "L402_CREDENTIAL_FOREIGN": Meaning(
        "The credential was not made by this shop, or was changed.",
        "Pay the new invoice in this answer.",
        402,
    ),
    "L402_PREIMAGE_MISMATCH": Meaning(
        "The preimage does not belong to the macaroon's invoice.",
        "Use the preimage of this very payment.",
        402,
    ),
    "L402_REQUEST_MISMATCH": Meaning(
        "The credential was bought for another address, or was restricted by its holder.",
        "Pay the new invoice in this answer.",
        402,
    ),
    "L402_BODY_MISMATCH": Meaning("The credential was bought for another body.", _SAME_BODY, 402),
    "L402_TOKEN_EXPIRED": Meaning(
        "The credential was paid for but shown too late (`l402.redeem_s`).",
        "Its money can be withdrawn at `previous.status_url`.",
        402,
    ),
    "L402_TOKEN_SPENT": Meaning("The credential has bought its call already.", _PAY_AGAIN, 402),
    "L402_ORDER_FAILED": Meaning(
        "The call failed and cannot be tried again.",
        "Withdraw the refund at `previous.status_url`.",
        402,
    ),
    "L402_REFUND_CLAIMED": Meaning(
        "The call failed and its refund is being paid.", _PAY_AGAIN, 402
    ),
    "L402_REFUNDED": Meaning("The money of this credential was paid back.", _PAY_AGAIN, 402),
}

_AFTER = {
    "CALL_FAILED": Meaning(
        "The paid call failed before anything rang, for a reason without a code of its own.",
        "Repeat the request with the same credential, or withdraw the refund.",
        422,
    ),
    "SPEECH_FAILED": Meaning(
        "No voice could speak the text.", "Repeat the request, or withdraw the refund."
    ),
    "SPEECH_UNSPEAKABLE": Meaning(
        "The text holds nothing that a voice can speak.",
        "Withdraw the refund; write the text in words.",
    ),
    "SPEECH_TOO_LONG": Meaning("The text is too long to be spoken.", "Shorten it."),
    "SPEECH_TIMEOUT": Meaning(
        "The text was not spoken within `speech.timeout_s`.",
        "Repeat the request; operators raise the limit or `speech.workers`.",
    ),
    "SPEECH_BUSY": Meaning(
        "Too many texts wait to be spoken.", "Repeat the request; operators raise `speech.workers`."
    ),
    "SPEECH_CRASHED": Meaning(
        "The speech process died twice over this text.",
        "Repeat the request, or withdraw the refund.",
    ),
    "SPEECH_NOT_STORED": Meaning(
        "The spoken text cannot be stored: the disk is full or read-only.", "Operators make room."
    ),
    "SPEECH_CLOSED": Meaning("The shop is shutting down.", "Repeat the request later."),
    "REFUND_CLAIMED": Meaning(
        "Somebody has named an invoice for this refund already.",
        "Look at the status document: it says whether it is paid.",
    ),
    "NOT_FOUND": Meaning(
        "There is no such call, refund, key or phone, or its address was replaced.",
        "Use the address exactly as it was answered.",
    ),
    "CONFLICT": Meaning(
        "The thing is in a state that forbids this, such as answering a phone that does not ring.",
        "Look at it first.",
    ),
}

_SHOP = {
    "UNAVAILABLE": Meaning(
        "A part that the shop depends on does not answer.",
        "Repeat the request after `Retry-After` seconds.",
    ),
    "NODE_UNAVAILABLE": Meaning(
        "The Lightning node does not answer.", "Wait. Operators: `ringbolt doctor`."
    ),
    "NODE_REFUSED": Meaning(
        "The Lightning node answered and said no; its words are in the error.",
        "Operators: read them in the log.",
    ),
    "NODE_MACAROON_REJECTED": Meaning(
        "The node does not take the shop's macaroon, or the macaroon cannot be read.",
        "Operators: check `lnd.macaroon` and its permissions.",
        503,
    ),
    "STORE_UNAVAILABLE": Meaning(
        "The database does not answer, or did not confirm.",
        "Repeat the request; what was done is not done twice.",
    ),
    "DECODER_UNAVAILABLE": Meaning(
        "The audio decoder does not start.", "Operators: install Ringbolt anew."
    ),
    "NOT_READY": Meaning(
        "`/readyz`: the store, the node or the carrier does not answer.",
        "Operators: see `parts`, then `ringbolt doctor`.",
        503,
    ),
    "INTERNAL": Meaning(
        "A fault of ours; the log has it.", "Repeat the request later, and tell the operator."
    ),
    "UNAUTHORIZED": Meaning(
        "An API key or the operator's token is missing, unknown or revoked.", "Use a valid one."
    ),
    "INSUFFICIENT_FUNDS": Meaning("A prepaid account has not enough left.", "Top it up."),
}

_START = {
    "STORE_LOCKED": Meaning(
        "Another process has this SQLite file open for writing.",
        "Stop it, or use PostgreSQL for several processes.",
    ),
    "STORE_UNSOUND": Meaning(
        "The database is of a newer Ringbolt, of something else, or its ledger guards are missing.",
        "Follow the suggestion; restore a backup.",
    ),
    "LEASE_LOST": Meaning(
        "A worker was overtaken by another; its transaction was rolled back.", "Nothing."
    ),
    "LEDGER_MISMATCH": Meaning(
        "A transfer of this name exists and is another one: a bug.", "Tell us; nothing was booked."
    ),
}

GROUPS = (
    ("The request", "Found before any invoice exists. Nothing was charged.", _REQUEST),
    (
        "The audio file",
        "Found before the challenge, when the beginning of the file is looked at, or after the "
        "payment, when all of it is fetched. In the second case the answer holds `status_url` and "
        "`refund`, and the same credential may be used again.",
        _AUDIO,
    ),
    (
        "The payment",
        "Every one of these answers is a 402 with a fresh challenge, so that a client that pays by "
        "itself goes on. [The paid URL](l402.md) has the rules.",
        _PAYMENT,
    ),
    ("After the payment", "Where the money is, stands at `status_url`.", _AFTER),
    ("The shop", "Nothing was charged for what was answered with one of these.", _SHOP),
    (
        "At the start and in the log",
        "These do not reach a buyer; commands print them and end with exit code 1.",
        _START,
    ),
)
