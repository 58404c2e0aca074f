"""Signatures, refusals and settings of an account at Twilio or a relative."""

import json
import re
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twilio.request_validator import RequestValidator

from ringbolt.core.callback import CallbackRequest
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.settings import SettingsError, load_settings
from ringbolt.twilio.account import TwilioApi, created
from ringbolt.twilio.settings import TwilioAccountSettings, open_api
from ringbolt.twilio.signature import SETTINGS_HEADER, is_signed, sign
from ringbolt.upstream.exchange import Answer, Lost, NeverSent

SID = "AC" + "0" * 32
TOKEN = "a token of the account"
NOW_MS = 1_700_000_000_000
FORM = {"CallSid": "CA1", "From": "+14158675309", "Digits": "1234", "Empty": "", "Name": "Zoë ✓"}
URLS = (
    "https://shop.example/callbacks/x/status/1?of=1&to=%2B44",
    "https://shop.example:8443/callbacks",
    "http://127.0.0.1:8080/a",
    "https://shop.example",
)


def settings(**changes: Any) -> TwilioAccountSettings:
    wanted = {"type": "twilio", "account_sid": SID, "auth_token": TOKEN}
    return TwilioAccountSettings.model_validate(wanted | changes)


def callback(form: dict[str, str], headers: dict[str, str], url: str = URLS[0]) -> CallbackRequest:
    return CallbackRequest("POST", url, {}, (), headers, urlencode(form).encode())


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("algorithm", ["HMAC_SHA1", "HMAC_SHA256"])
def test_our_signature_is_that_of_the_vendors_validator(url: str, algorithm: str) -> None:
    signature = sign(TOKEN, url, FORM.items(), algorithm.lower())

    assert RequestValidator(TOKEN).compute_signature(url, FORM, algorithm) == signature
    assert RequestValidator(TOKEN).validate(url, FORM, signature, algorithm)
    assert is_signed(TOKEN, url, FORM.items(), signature, f"key=k,algorithm={algorithm}")


def test_a_signature_with_or_without_the_port_is_good() -> None:
    signature = sign(TOKEN, "https://shop.example:443/a?b=c", FORM.items())
    assert is_signed(TOKEN, "https://shop.example/a?b=c", FORM.items(), signature)

    signature = sign(TOKEN, "https://shop.example/a?b=c", FORM.items())
    assert is_signed(TOKEN, "https://shop.example:443/a?b=c", FORM.items(), signature)


def test_only_the_account_that_signed_what_came_is_heard() -> None:
    api = open_api(settings(), "x")
    good = {"x-twilio-signature": sign(TOKEN, URLS[0], FORM.items())}

    assert api.form_of(callback(FORM, good), NOW_MS) == FORM
    assert api.form_of(callback(FORM, {}), NOW_MS) is None
    assert api.form_of(callback(FORM | {"Digits": "12345"}, good), NOW_MS) is None
    assert api.form_of(callback(FORM, good, URLS[1]), NOW_MS) is None
    other_key = {"x-twilio-signature": sign("another", URLS[0], FORM.items())}
    assert api.form_of(callback(FORM, other_key), NOW_MS) is None
    unknown_hash = good | {SETTINGS_HEADER: "algorithm=MD5"}
    assert api.form_of(callback(FORM, unknown_hash), NOW_MS) is None


def test_a_callback_about_another_account_is_not_ours() -> None:
    form = FORM | {"AccountSid": "AC" + "1" * 32}
    signed = {"x-twilio-signature": sign(TOKEN, URLS[0], form.items())}

    assert open_api(settings(), "x").form_of(callback(form, signed), NOW_MS) is None


def test_signalwire_signs_with_a_key_of_its_own() -> None:
    api = open_api(
        settings(dialect="signalwire", base_url="https://x.example", signing_key="other"), "x"
    )
    signed = {"x-signalwire-signature": sign("other", URLS[0], FORM.items())}

    assert api.form_of(callback(FORM, signed), NOW_MS) == FORM
    by_token = {"x-signalwire-signature": sign(TOKEN, URLS[0], FORM.items())}
    assert api.form_of(callback(FORM, by_token), NOW_MS) is None


def test_telnyx_signs_the_time_and_the_body() -> None:
    private, api = telnyx()
    headers = signed_by(private, "1700000000")

    assert api.form_of(callback(FORM, headers), NOW_MS) == FORM
    assert api.form_of(callback(FORM, headers | {"telnyx-timestamp": "1700000001"}), NOW_MS) is None
    assert api.form_of(callback(FORM, headers | {"telnyx-signature-ed25519": "?"}), NOW_MS) is None
    assert api.form_of(callback(FORM, {}), NOW_MS) is None
    assert api.form_of(callback(FORM, headers), NOW_MS + 300_000) == FORM


def test_a_callback_of_telnyx_that_is_older_than_five_minutes_is_a_replay() -> None:
    private, api = telnyx()
    headers = signed_by(private, "1700000000")

    assert api.form_of(callback(FORM, headers), NOW_MS + 300_001) is None
    # A slow clock of ours is no reason to lose callbacks.
    assert api.form_of(callback(FORM, headers), NOW_MS - 3_600_000) == FORM


@pytest.mark.parametrize("time", ["", "now", "-1", "1.7e9", "\u0661\u0667", "9" * 5000])
def test_a_callback_whose_signed_time_is_none_is_refused(time: str) -> None:
    private, api = telnyx()

    assert api.form_of(callback(FORM, signed_by(private, time)), NOW_MS) is None


def telnyx() -> tuple[Ed25519PrivateKey, TwilioApi]:
    private = Ed25519PrivateKey.generate()
    public = b64encode(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    return private, open_api(settings(dialect="telnyx", signing_key=public), "x")


def signed_by(private: Ed25519PrivateKey, time: str) -> dict[str, str]:
    signature = private.sign(time.encode() + b"|" + urlencode(FORM).encode())
    return {
        "telnyx-signature-ed25519": b64encode(signature).decode(),
        "telnyx-timestamp": time,
    }


REFUSED = b'{"code": 21211, "message": "Invalid To", "more_info": "...", "status": 400}'


@pytest.mark.parametrize(
    ("exchange", "result"),
    [
        (Answer(201, b'{"sid": "CA1"}'), {"sid": "CA1"}),
        (Answer(400, REFUSED), Rejected("HTTP 400 (21211: Invalid To)", by_destination=True)),
        (Answer(400, b'{"code": 21212}'), Rejected("HTTP 400 (21212)")),
        (Answer(404, b"<html>"), Rejected("HTTP 404")),
        (Answer(401, b"{}"), Rejected("HTTP 401", permanent=False)),
        (Answer(429, b"{}", {"Retry-After": "7"}), Rejected("HTTP 429", False, 7000)),
        (Answer(429, b"{}", {"retry-after": "soon"}), Rejected("HTTP 429", False)),
        (NeverSent("refused"), Rejected("it cannot be reached: refused", permanent=False)),
        (Answer(201, b"<html>"), Unknown("HTTP 201, but the answer has no usable sid")),
        (Answer(201, b'{"sid": ".."}'), Unknown("HTTP 201, but the answer has no usable sid")),
        (
            Answer(201, b'{"sid": "CA\\u0000"}'),
            Unknown("HTTP 201, but the answer has no usable sid"),
        ),
        (Answer(200, b'{"sid": 7}'), Unknown("HTTP 200, but the answer has no usable sid")),
        (Answer(500, b"{}"), Unknown("HTTP 500")),
        (Answer(302, b""), Unknown("HTTP 302")),
        (Answer(408, b"{}"), Unknown("HTTP 408")),
        (Lost("broken"), Unknown("the answer was lost: broken")),
    ],
)
def test_what_became_of_a_request_to_create(exchange: Any, result: object) -> None:
    assert created(exchange) == result


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dialect": "signalwire"}, "set base_url"),
        ({"dialect": "telnyx"}, "application_sid"),
        ({"dialect": "vonage"}, "write 'twilio', 'signalwire', 'telnyx' or 'somleng'"),
        ({"account_sid": ""}, "it must not be empty"),
        ({"account_sid": "AC/../x"}, "it has a character that cannot be in it"),
        ({"auth_token": ""}, "it must not be empty"),
        ({"base_url": "ftp://x"}, "http://"),
        ({"caller_ids": ["12025550199"]}, "E.164"),
    ],
)
def test_settings_that_cannot_work_are_refused_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = {"type": "twilio", "account_sid": SID, "auth_token": TOKEN}
    monkeypatch.setenv("RINGBOLT_CALLS_CARRIERS", json.dumps([wanted | changes]))

    with pytest.raises(SettingsError, match=re.escape(said)) as raised:
        load_settings()
    assert str(raised.value).startswith("calls.carriers[twilio]")
