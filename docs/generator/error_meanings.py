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
        "SC_PAGE_SIZE",
        "XDG_STATE_HOME", "LC_MESSAGES", "NWC_URL",
        # LND's words for a payment
        "IN_FLIGHT", "FAILURE_REASON_NONE", "FAILURE_REASON_NO_ROUTE",
        "FAILURE_REASON_INCORRECT_PAYMENT_DETAILS", "FAILURE_REASON_INSUFFICIENT_BALANCE",
        "FAILURE_REASON_CANCELED", "FAILURE_REASON_ERROR", "FAILURE_REASON_TIMEOUT",
        # the simulated world's and a mail server's words
        "HTTP",
        # names that a package offers
        "CONFIG_VARIABLE", "DEFAULT_CONFIG",
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
        "A field has the wrong JSON type.",
        "Texts in quotes, numbers (`duration_minutes`, `amount`) and true or false without.",
    ),
    "MISSING_FIELD": Meaning(
        "A required field is missing, or empty; the sentence says which and what belongs there.",
        "Add it.",
    ),
    "UNKNOWN_FIELD": Meaning(
        "A field is not known but looks like a misspelt one of ours.",
        "Rename it or leave it out. (Other unknown fields are ignored and named "
        "in `ignored_fields`.)",
    ),
    "TOO_MANY_FIELDS": Meaning(
        "The body has more fields than any request needs.", "Send only the documented fields."
    ),
    "OUT_OF_RANGE": Meaning(
        "A number is too small or too large, such as an `amount` of 0; the sentence has both ends.",
        "Choose one between them.",
    ),
    "TOO_LONG": Meaning("A field has more characters than are read.", "Shorten it."),
    "INVALID_TEXT": Meaning(
        "A field holds control characters, or line breaks where one line is wanted (an e-mail "
        "address with a line break is somebody who tries to smuggle in a header); or `subject` "
        "holds `=?` and `?=`, between which mail programs expect encoded text.",
        "Remove them; messages may have line breaks. A subject is encoded for you.",
    ),
    "INVALID_BODY": Meaning(
        "The body is a form that cannot be read, or multipart.",
        "Send JSON, or application/x-www-form-urlencoded in UTF-8.",
    ),
    "INVALID_QUERY": Meaning(
        "The query cannot be read: not UTF-8 in percent-encoding, or over 64 fields.",
        "Encode it properly; `+` in a number is `%2B`.",
        400,
    ),
    "INVALID_IDEMPOTENCY_KEY": Meaning(
        "`Idempotency-Key` is not 1 to 255 printable ASCII characters; or, without an API key, has "
        "fewer than 20, or hardly any different ones: who sends the same one gets the order.",
        "Use a random UUID.",
    ),
    "IDEMPOTENCY_MISMATCH": Meaning(
        "This `Idempotency-Key` was used for another request of yours.",
        "A fresh key for every order; the same one only to repeat it.",
    ),
    "INVALID_PHONE_NUMBER": Meaning(
        "`phone_number` (of an order `phone`, of the voice API `to`) is not in E.164 format.",
        "`+`, country code, number. Orders and the voice API, but not the paid URL, take it "
        "[as people write it](orders.md#written-numbers), with spaces and dashes or without `+`.",
    ),
    "IMPOSSIBLE_PHONE_NUMBER": Meaning(
        "The country code does not exist, or the number is too short or too long for its country.",
        "Check the number.",
    ),
    "DESTINATION_REFUSED": Meaning(
        "The number is one that is never called or texted: premium, shared-cost, "
        "toll-free, personal, pager, satellite, or in no numbering plan.",
        "Use an ordinary fixed or mobile number.",
    ),
    "NO_CARRIER": Meaning(
        "No carrier, mail server or provider of numbers of this shop takes this destination.",
        "Choose another destination, or another shop.",
        422,
    ),
    "DESTINATION_NOT_OFFERED": Meaning(
        "There is no price for this destination, or (texts) it costs more than its price.",
        "Call or text another country; the operator may add a rate or a cost.",
    ),
    "LANDLINE": Meaning(
        "The number is a landline, which gets no texts.",
        "Use a mobile number, or have the message spoken by a call.",
    ),
    "TEST_NUMBER": Meaning(
        "A [scripted number](scripted-numbers.md), at a shop with a real carrier.",
        "Use a real number.",
    ),
    "MESSAGE_TOO_LONG": Meaning(
        "`message` has more characters than are taken: 500 for a call, 140 for a text or an e-mail "
        "(`sms.max_chars`, `mail.max_chars`).",
        "Shorten it; a call also plays a recording (`audio_url`).",
    ),
    "MESSAGE_NOT_SPEAKABLE": Meaning(
        "`message` (of the voice API `sayText`) holds no word or number, or is in a script or "
        "language without a voice, such as Thai, Burmese, or Japanese with Chinese characters; the "
        "sentence says which.",
        "Write words or numbers in another language or script.",
    ),
    "INVALID_AUDIO_URL": Meaning(
        "`audio_url` is not an http(s) address, or is too long.",
        "Give the public address of an MP3 or WAV file.",
    ),
    "INVALID_DURATION": Meaning(
        "`duration_minutes` is not between 1 and 30.",
        "Choose 1 to 30; started minutes are charged.",
    ),
    "UNKNOWN_VOICE": Meaning(
        "`voice` is the name of no voice.",
        "Leave it out, or name one such as Joanna, Matthew, Zeina or Vicki.",
        400,
    ),
    "UNKNOWN_LANGUAGE": Meaning(
        "`language` is no language that is spoken here.",
        "Leave it out to have it recognised, or write a tag such as `en` or `es-MX`.",
        400,
    ),
    "INVALID_REFUND_ADDRESS": Meaning(
        "`refund_address` does not look like a Lightning Address.",
        "`name@domain`, or leave it out.",
    ),
    "UNKNOWN_ORDER_TYPE": Meaning(
        "`type` is none of `receive-sms`, `receive-sms-reactivate`, `rent-number`.",
        "One of the three.",
    ),
    "ORDER_NOT_PLACED": Meaning(
        "The order at `/v2/l402/order/{order_id}` is paid by MPP, whose challenge does not carry "
        "it, and is not placed yet.",
        "POST the same body to `/v2/l402/order` with the credential, then poll.",
    ),
    "ORDER_FAILED": Meaning(
        "The paid order for a number failed before a provider was asked.",
        "Look at the sentence; the refund is at `status_url`.",
        422,
    ),
    "L402_CREDENTIAL_MISSING": Meaning(
        "An order at `/v2/l402/order/{order_id}` is seen with the credential that paid it.",
        "`Authorization: L402 <macaroon>:<preimage>`, of the 402 that named the order.",
    ),
    "L402_OTHER_ORDER": Meaning(
        "The credential is good, and was paid for another order than that of the address.",
        "Use the `orderId` and the macaroon of the same 402.",
    ),
    "BODY_TOO_LARGE": Meaning(
        "The body is over 64 KiB (of an order: 256 KiB).",
        "Send only the documented fields; put audio behind `audio_url`.",
    ),
    "BODY_TOO_SLOW": Meaning(
        "The request body did not come within 20 seconds.", "Send the request again."
    ),
    "RATE_LIMITED": Meaning(
        "Too many challenges, orders, look-ups or waiting requests from your address or of your "
        "key.",
        "Wait for `Retry-After` seconds.",
    ),
    "METHOD_NOT_ALLOWED": Meaning(
        "The address does not take this method.", "The header `Allow` names those it takes.", 405
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
    "AUDIO_EMPTY": Meaning(
        "The file is empty, or holds less than a tenth of a second of sound.", _OTHER_FILE, 422
    ),
    "AUDIO_SILENT": Meaning(
        "The file can be read, and nothing in it would be heard: it is silent, below -60 dB, "
        "or a click.",
        _OTHER_FILE,
        422,
    ),
    "AUDIO_NOISE": Meaning(
        "The file is white noise, as samples are that are read with the wrong size, sign or byte "
        "order.",
        "Listen to the file; write it anew, so that its header fits.",
        422,
    ),
    "AUDIO_NOT_AUDIO": Meaning(
        "The address leads to a web page, an archive or the like, or to audio of a kind that is "
        "not read (AIFF, AMR, WMA).",
        "Give the address of the file itself, of [a kind that is "
        "taken](audio-files.md#what-is-taken).",
        422,
    ),
    "AUDIO_UNSUPPORTED": Meaning(
        "The audio's coding, rate or number of channels is not supported.", _OTHER_FILE, 422
    ),
    "AUDIO_DAMAGED": Meaning("The file does not keep to its own format.", _OTHER_FILE, 422),
    "AUDIO_TIMEOUT": Meaning("Decoding the file takes too much work.", _OTHER_FILE, 422),
    "AUDIO_UNPLAYABLE": Meaning("The file cannot be played, for another reason.", _OTHER_FILE),
    "PAYMENT_METHOD_UNSUPPORTED": Meaning(
        "A `Payment` credential (MPP) is for another method than lightning, or another intent than "
        "charge.",
        "Pay the challenge of this answer.",
        402,
    ),
    "INVALID_INVOICE": Meaning(
        "The play wallet of a sandbox was to pay what is no Lightning invoice.",
        "Send the invoice that the shop has answered, as `payment_request`.",
    ),
    "INVALID_CHOICE": Meaning(
        "A field has a value that is none of those it may have.",
        "Choose one of those that the sentence names.",
    ),
    "AUDIO_NOT_READY": Meaning(
        "The audio file of a spoken text is not made yet, could not be made, or was removed.",
        "Ask `status_url`, which says which of these it is.",
    ),
    "AUDIO_BUSY": Meaning(
        "Too many audio files are being read. A call that is paid tries again by itself.",
        "Wait for `Retry-After` seconds.",
        503,
    ),
}

_ORDER = {
    "UNKNOWN_COUNTRY": Meaning(
        "`country` is no number, name or ISO code of the list, names two countries, or one without "
        "numbers here.",
        "See /getCountries; the suggestion names the nearest. 999 is any.",
    ),
    "UNKNOWN_SERVICE": Meaning(
        "`service` is no code or name that is known, or `full` without `isRental`.",
        "See /getServices; `ot` receives from anybody who has no code of their own.",
    ),
    "SERVICE_NOT_OFFERED": Meaning(
        "The operator receives no codes of this service (`abuse.denied_services`).",
        "Choose another one.",
    ),
    "NO_NUMBER_FREE": Meaning(
        "Every number of the operator's own there is leased, rests after a lease, or had this "
        "service before (`field` is `realphone` where that was asked for).",
        "Try again in 20 minutes, or choose another country or service. Nothing was charged.",
    ),
    "NO_REAL_NUMBERS": Meaning(
        "`realphone`: the operator has no numbers of their own in that country.",
        "Leave `realphone` out, or look in /getnumbersstatus with `realphone`.",
    ),
    "CONTRADICTION": Meaning(
        "Two fields do not go together: `rentalHours` without `isRental`, or `reactivate` with "
        "another `country` or `service` than that order's.",
        "Leave one of them out.",
    ),
    "ORDER_NOT_OVER": Meaning(
        "`reactivate` names an order that still has its number.",
        "Ask for another text in that order, or wait until its `expiresAt`.",
    ),
    "NUMBER_TAKEN": Meaning(
        "`reactivate`: another order has that number now, or had it until a moment ago.",
        "Try again after `Retry-After`, or leave `reactivate` out to get another number.",
    ),
    "NUMBER_GONE": Meaning(
        "`reactivate`: the provider of that number does not offer it any more.",
        "Leave `reactivate` out to get another number.",
    ),
    "INVALID_EMAIL_ADDRESS": Meaning(
        "`address` is not exactly one e-mail address that can be written to.",
        "One address, `name@example.com`, without a name or brackets.",
    ),
    "SUBJECT_NOT_ALLOWED": Meaning(
        "`subject` cannot be chosen at this shop (`mail.allow_subject`).", "Leave it out."
    ),
    "CONTENT_REFUSED": Meaning(
        "A message, or a call, says a word that the operator refuses, however it is written or "
        "marked up; or a message holds more web addresses than allowed.",
        "Change the message; the sentence says what is wrong.",
    ),
    "SUPPRESSED": Meaning(
        "The recipient answered STOP, unsubscribed, or is on the operator's list; such a "
        "number is not called either.",
        "Reach them in another way. They can undo it (START), and so can the operator.",
    ),
    "INVALID_REF": Meaning(
        "`ref` does not look like a Lightning Address.", "`name@domain`, or leave it out."
    ),
    "WEBHOOK_URL_REFUSED": Meaning(
        "`webhookUrl`, or a callback's address, is no http(s) URL, or its host is not on the "
        "public Internet; or it is plain http, and the operator wants https.",
        "Give an https URL of a public server.",
    ),
    "DESTINATION_LIMIT_REACHED": Meaning(
        "This number or address got its share of messages or calls, or the numbers next to it "
        "did; the sentence says how it refills.",
        "Wait for `Retry-After` seconds.",
        429,
    ),
    "SAME_TEXT_LIMIT_REACHED": Meaning(
        "The same text, other digits aside, went to as many different people as it may in an hour: "
        "from your address or key, or from all buyers without a key.",
        "Wait for `Retry-After` seconds, write each person something of their own, or pay from "
        "the balance of a key.",
        429,
    ),
    "HOURLY_LIMIT_REACHED": Meaning(
        "The shop sold as much to this country in this hour as its operator allows.",
        "Wait for `Retry-After` seconds: until the next full hour.",
        429,
    ),
    "QUIET_HOURS": Meaning(
        "It is night where the number is, by the hours that the operator keeps quiet there.",
        "Wait for `Retry-After` seconds: until the morning over there.",
    ),
    "TOO_MANY_UNUSED_NUMBERS": Meaning(
        "You gave many numbers back after you had seen them, without a code.",
        "Wait for `Retry-After` seconds, and let numbers wait for their codes.",
    ),
    "DAILY_LIMIT_REACHED": Meaning(
        "The shop sold as much today (to this country, or at all) as its operator allows.",
        "Try again after midnight UTC.",
        429,
    ),
    "LIMIT_REACHED": Meaning(
        "One of the limits above, reached by another order at the same moment.",
        "As above.",
        429,
    ),
    "TOO_MANY_OPEN_INVOICES": Meaning(
        "Too many unpaid invoices are open: yours, or all of the shop's.",
        "Pay or cancel some, wait, or pay from a balance.",
    ),
    "TOO_MANY_NUMBERS": Meaning(
        "Too many numbers are leased: to your address, or in all.",
        "Cancel some, wait until they go back, or try again in some minutes.",
    ),
    "NUMBERS_UNAVAILABLE": Meaning(
        "The provider of numbers does not say what it has.", "Wait for `Retry-After` seconds.", 503
    ),
    "HOLD_NOT_SUPPORTED": Meaning(
        "The shop's Lightning node cannot hold payments.",
        "Pay from a prepaid balance (`immediate`).",
    ),
    "ORDER_NOT_FOUND": Meaning(
        "There is no such order.", "Use the `orderId` exactly as it was answered."
    ),
    "TOO_EARLY": Meaning(
        "A number cannot be released, for a cancel or another number, before 2 minutes have "
        "passed since it was assigned (`cancelAfter`).",
        "Wait for `Retry-After` seconds.",
    ),
    "PREFETCH_REFUSED": Meaning(
        "A browser looked at /cancelorder ahead of its user; nothing was cancelled.",
        "Open the address itself, or send a POST.",
    ),
    "WEBHOOK_NOT_FOUND": Meaning(
        "There is no such webhook of that order.",
        "Send the `orderId` along, or the `X-API-Key` that paid for it.",
    ),
    "WEBHOOK_WIPED": Meaning(
        "What the webhook said was wiped with the order's texts (`keep_texts_days`).",
        "Ask /orderstatus for what is left.",
    ),
    "KEY_REPLACED": Meaning(
        "The API key was replaced by another in this moment.", "Use the key that replaced it."
    ),
    "INVALID_CURSOR": Meaning(
        "`cursor` is not one of your account's.", "Leave it out, then use `next` as answered."
    ),
    "INVALID_API_KEY": Meaning(
        "A key of your own choice (`keys.self_service`) is too short, too long, has blanks, "
        "or can be guessed.",
        "16 to 128 printable ASCII characters, 8 different ones at least, random: "
        "`openssl rand -hex 24`.",
    ),
    "UNKNOWN_NUMBER": Meaning(
        "A text or a sign of life was handed in for a number that is not this shop's.",
        "Operators: `ringbolt numbers add` it first.",
    ),
}

_VOICE = {
    "DUPLICATE_FIELD": Meaning(
        "One name stands twice in the JSON of the request; which of the two values was meant "
        "cannot be known.",
        "Send every name once.",
        400,
    ),
    "FIELDS_DISAGREE": Meaning(
        "Two names of the same field were sent, with different values; the sentence has both. "
        "Or a plan stands in the query and in the body.",
        "Send the field once, under its [canonical name](voice.md#the-fields-of-a-call).",
    ),
    "INVALID_FINISH_KEY": Meaning(
        "`finishKey` is not one key.", 'One of 0 to 9, `*` and `#`; `""` for none.', 400
    ),
    "INVALID_STATUS": Meaning(
        "`status`, by which calls are listed, is no status of a call.",
        "The suggestion names all of them.",
        400,
    ),
    "SSML_INVALID": Meaning(
        "The text begins with `<speak` and is not SSML that can be read; the sentence names the "
        "line.",
        "Correct it ([what is understood](voice.md#ssml)), or send plain text.",
    ),
    "INVALID_PLAN": Meaning(
        "The plan cannot be read, or has a verb or an attribute that there is not; the sentence "
        "names the line.",
        "Correct it ([verbs and attributes](voice.md#plans)).",
    ),
    "PLAN_TOO_LONG": Meaning(
        "The plan plays more different audio files than may be.", "At most 10; join some of them."
    ),
    "RECORDING_OFF": Meaning(
        "The plan holds `record`, and calls are not recorded here (`voice.recordings`), or the "
        "carrier is not able to.",
        "Leave it out.",
        400,
    ),
    "RECORDING_NOT_FOUND": Meaning(
        "There is no such recording of this account, or it was deleted.",
        "Use its id exactly as it was given, with the key that paid.",
    ),
    "CALL_TOO_LONG": Meaning(
        "What is to be said takes longer than a call may last (`voice.max_minutes`); in the paid "
        "URL, than the minutes that are bought.",
        "Shorten it, repeat it less often, or set `maxMinutes`: the call ends then. In the paid "
        "URL, send `duration_minutes` as the suggestion says.",
    ),
    "TOO_MANY_WAITING_CALLS": Meaning(
        "As many calls of the account wait for their turn as may (`voice.waiting_calls`).",
        "Wait for `Retry-After` seconds, then send the rest.",
    ),
    "TOKEN_EXPIRED": Meaning(
        "The token is older than `voice.token_minutes`.", "Sign in again, or send the API key."
    ),
    "TOKEN_INVALID": Meaning(
        "The token was not made by this shop, or was changed.",
        "Sign in again, or send the API key.",
    ),
    "TOKEN_REVOKED": Meaning(
        "The API key behind the token was revoked.", "Ask the operator for another key."
    ),
    "CALL_NOT_FOUND": Meaning(
        "There is no such call of this account.",
        "Use the `callId` exactly as it was answered, with the key that paid.",
    ),
    "NO_SUCH_ADDRESS": Meaning(
        "There is nothing at this address of the voice API.", "See `/openapi.json`."
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
        "The order failed and cannot be tried again.",
        "Withdraw the refund at `previous.status_url`.",
        402,
    ),
    "L402_REFUND_CLAIMED": Meaning(
        "The order failed and its refund is being paid.", _PAY_AGAIN, 402
    ),
    "L402_REFUNDED": Meaning("The money of this credential was paid back.", _PAY_AGAIN, 402),
}

_AFTER = {
    "CALL_FAILED": Meaning(
        "The paid call failed before anything rang, for a reason without a code of its own.",
        "Repeat the request with the same credential, or withdraw the refund.",
        422,
    ),
    "MESSAGE_FAILED": Meaning(
        "The paid text or e-mail was not sent: a limit was reached since its challenge.",
        "Repeat the request with the same credential once there is room, or withdraw the refund.",
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
        "Too many texts wait to be spoken. A call that is paid tries again by itself.",
        "Repeat the request a little later; operators raise `speech.workers`.",
    ),
    "SPEECH_CRASHED": Meaning(
        "The speech process died twice over this text.",
        "Repeat the request, or withdraw the refund.",
    ),
    "SPEECH_NOT_STORED": Meaning(
        "The spoken text cannot be stored: the disk is full or read-only.", "Operators make room."
    ),
    "SPEECH_CLOSED": Meaning("The shop is shutting down.", "Repeat the request later."),
    "WITHDRAWAL_TAKEN": Meaning(
        "A wallet has named an invoice for this withdrawal already, or its time is over.",
        "Look at your account: it says whether it is paid, or on the balance again.",
    ),
    "REFUND_CLAIMED": Meaning(
        "Somebody has named an invoice for this refund already.",
        "Look at the status document: it says whether it is paid.",
    ),
    "NOT_FOUND": Meaning(
        "There is no such call, refund, key, phone or link, or its address was replaced.",
        "Use the address exactly as it was answered.",
    ),
    "CONFLICT": Meaning(
        "The thing is in a state that forbids this, such as cancelling an order whose code came, "
        "or answering a phone that does not ring.",
        "Look at it first.",
    ),
}

_SHOP = {
    "FOREIGN_FORM": Meaning(
        "A form of the [web pages](web-pages.md) was sent from another site.",
        "Open the page itself, and send the form from there.",
    ),
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
        503,
    ),
    "NODE_MACAROON_REJECTED": Meaning(
        "The node does not take the shop's macaroon, or the macaroon cannot be read.",
        "Operators: check `lnd.macaroon` and its permissions.",
        503,
    ),
    "CONTENT_WIPED": Meaning(
        "The text or file of this order was deleted, some time after the order was over.",
        "Place a new order.",
    ),
    "NOT_SOLD_NOW": Meaning(
        "This shop does not sell that at the moment, or has no part for it.",
        "See `/llms.txt` or `/.well-known/l402-services` for what is sold now.",
    ),
    "TERMS_UNUSABLE": Meaning(
        "Prices, rates or switches that the operator changed cannot be read by this version.",
        "Operators: set them anew, or return to the settings (`ringbolt terms`).",
    ),
    "SALES_CLOSED": Meaning(
        "The operator takes no new orders for now. Orders that are paid are carried out.",
        "Wait for `Retry-After` seconds if it is there; else try again later.",
    ),
    "SERVICE_CLOSED": Meaning(
        "The operator does not sell this service for now.",
        "Try again later, or use another service or shop.",
    ),
    "COUNTRY_CLOSED": Meaning(
        "The operator sells nothing for this country for now.",
        "Choose another country, or another shop.",
    ),
    "STORE_UNAVAILABLE": Meaning(
        "The database does not answer, or did not confirm.",
        "Repeat the request; what was done is not done twice.",
    ),
    "DECODER_UNAVAILABLE": Meaning(
        "The audio decoder does not start.", "Operators: reinstall Ringbolt."
    ),
    "NOT_READY": Meaning(
        "`/readyz`: the store takes no writes, or the node or every carrier of a kind does not "
        "answer.",
        "Operators: see `parts`, then `ringbolt doctor`.",
        503,
    ),
    "INTERNAL": Meaning(
        "A fault of ours; the log has it.", "Repeat the request later, and tell the operator."
    ),
    "UNAUTHORIZED": Meaning(
        "An API key or the operator's token is missing, unknown or revoked.", "Use a valid one."
    ),
    "FORBIDDEN": Meaning(
        "The API key is valid, but lacks the scope for this; the sentence names it.",
        "Ask the operator for a key with that scope.",
    ),
    "WITHDRAWAL_TOO_LARGE": Meaning(
        "The balance is less than what is to be withdrawn and the most that its route may cost.",
        "Withdraw what the sentence says, or less.",
    ),
    "NO_WITHDRAWALS": Meaning(
        "This shop's balances cannot be withdrawn: the operator turned it off, or its node cannot "
        "pay out.",
        "Spend the balance, or write to the operator.",
    ),
    "NO_ADDRESSES": Meaning(
        "This shop cannot pay to Lightning Addresses.", "Withdraw with a wallet that scans LNURL."
    ),
    "INVALID_ADDRESS": Meaning(
        "This is no Lightning Address; the sentence says why.", "Write it like name@example.com."
    ),
    "PRICE_TOO_HIGH": Meaning(
        "The order costs more than `maxPrice` allows; the sentence says how much it costs.",
        "Order again with a higher `maxPrice`.",
    ),
    "BUDGET_EXCEEDED": Meaning(
        "With this order, the key's orders of a day would cost more than `X-Budget-Sats` allows.",
        "Wait, raise the budget, or leave `immediate` out and pay the invoice.",
    ),
    "INSUFFICIENT_FUNDS": Meaning(
        "A prepaid account has not enough left; the sentence says how much is missing.",
        "Top it up by that, or leave `immediate` out and pay the invoice.",
    ),
}

_AGENTS = {
    "INVALID_ARGUMENTS": Meaning(
        "The arguments do not fit the tool's schema.", "Call it again as the schema says.", "-"
    ),
    "NO_SUCH_TOOL": Meaning("There is no such tool.", "Call one of those that are listed.", "-"),
    "NO_ANSWER": Meaning(
        "The shop did not answer; an order may have been placed.",
        "Repeat the call with the same `request_id`.",
        "-",
    ),
    "INVALID_LINK": Meaning(
        "This is no refund link of a shop.",
        "Use `lnurl_withdraw` or `withdraw_url` as the shop answered it.",
        "-",
    ),
    "NOT_WITHDRAWN": Meaning(
        "The refund cannot be withdrawn so; the sentence says why.",
        "Ask without an invoice how much can be withdrawn.",
        "-",
    ),
    "NOT_PAID": Meaning(
        "The wallet did not pay, or has its money back.",
        "See that it has enough and can reach the shop, and buy again.",
        "-",
    ),
    "PAYMENT_UNKNOWN": Meaning(
        "The wallet does not say whether it has paid.", "Wait for the order's result.", "-"
    ),
    "WRONG_INVOICE": Meaning(
        "The shop's invoice is over another amount than its price. Nothing was paid.",
        "Do not use that shop.",
        "-",
    ),
    "UNKNOWN_HOST": Meaning(
        "The shop does not know that it is reached by this name.",
        "Use its address; the operator sets `RINGBOLT_PUBLIC_URL`.",
    ),
    "UNKNOWN_ORIGIN": Meaning(
        "A web page of another site may not use `/mcp`.",
        "Use an agent program, or the HTTP API.",
    ),
}

_START = {
    "STORE_LOCKED": Meaning(
        "Another process has this SQLite file open for writing.",
        "Stop it, or use PostgreSQL for several processes.",
    ),
    "STORE_UNSOUND": Meaning(
        "A newer Ringbolt or another program wrote the database, or its ledger guards are missing.",
        "Follow the suggestion; restore a backup.",
    ),
    "STORE_REFUSED": Meaning(
        "PostgreSQL refuses the role, its password, the database's name, or a right.",
        "Operators: follow the suggestion.",
    ),
    "LEASE_LOST": Meaning(
        "A worker was overtaken by another; its transaction was rolled back.", "Nothing."
    ),
    "LEDGER_MISMATCH": Meaning(
        "A transfer of this name exists with other terms: a bug.", "Report it; nothing was booked."
    ),
    "ADDRESS_REFUSED": Meaning(
        "A referrer's Lightning Address cannot be paid: it does not exist, or takes other amounts.",
        "Nothing: the share stays in the books and is tried again, at last once a day.",
    ),
}

GROUPS = (
    ("The request", "Found before any invoice exists. Nothing was charged.", _REQUEST),
    (
        "Orders",
        "Texts, codes, numbers, e-mail and prepaid keys ([the orders API](orders.md)). None of "
        "these charges anything.",
        _ORDER,
    ),
    (
        "Voice calls",
        "[The voice API](voice.md), besides those above. None of these charges anything.",
        _VOICE,
    ),
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
        "Tools for agents",
        "In the answers of [tools](mcp.md), besides those above. Nothing was charged, unless the "
        "meaning says otherwise.",
        _AGENTS,
    ),
    (
        "At the start and in the log",
        "These do not reach a buyer; commands print them and end with exit code 1.",
        _START,
    ),
)
