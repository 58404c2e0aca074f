"""Logs: enough to follow a fault, nothing that tells who was called or lets anybody pay."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import structlog

from ringbolt.logs import configure_logs
from ringbolt.settings import LogSettings

pytestmark = pytest.mark.usefixtures("restored_logs")

NUMBER = "+12025550123"
ORDER = "8c2c90a7d1e64f3b" * 4
PREIMAGE = "5e" * 32
CREDENTIAL = f"L402 AgEIcmluZ2JvbHQCQgAA+/==:{PREIMAGE}"


@pytest.fixture(params=["json", "text"])
def log(request: pytest.FixtureRequest) -> Callable[[], Any]:
    """To be called in the test: pytest changes stderr between a test's setup and its run."""
    return partial(configured, request.param)


def configured(form: Any, key: bytes = b"k" * 32, level: Any = "debug") -> Any:
    configure_logs(LogSettings(format=form, level=level), key)
    return structlog.get_logger("ringbolt.test")


def said(capsys: pytest.CaptureFixture[str]) -> str:
    sys.stderr.flush()
    return capsys.readouterr().err


@dataclass
class Command:
    to: str


def test_json_line_has_time_level_and_event(capsys: pytest.CaptureFixture[str]) -> None:
    configured("json").warning("lost", watching="node", count=3)

    line = json.loads(said(capsys))

    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "lost", "level": "warning", "watching": "node", "count": 3}


def test_number_is_hashed_wherever_it_stands(
    log: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    log().info(
        f"calling {NUMBER}", to=NUMBER, url=f"/simulator/phones/{NUMBER}", quoted="%2B12025550123",
        many=[NUMBER], deep={"a": {"b": (NUMBER,)}}, error=ValueError(NUMBER),
        order=Command(NUMBER),
    )  # fmt: skip

    out = said(capsys)

    assert "2025550123" not in out
    assert out.count("tel:") == 8


def test_same_number_has_the_same_hash_in_one_shop_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configured("json").info("x", a=NUMBER, b=NUMBER, c="+12025550124", d="%2b12025550123")
    one = json.loads(said(capsys))
    configured("json", b"j" * 32).info("x", a=NUMBER)
    other = json.loads(said(capsys))

    assert one["a"] == one["b"] == one["d"]
    assert len({one["a"], one["c"], other["a"]}) == 3


@pytest.mark.parametrize(
    "name",
    ["authorization", "Authorization", "macaroon", "preimage", "secret", "status_token", "api_key",
     "lnd_macaroon", "password"],
)  # fmt: skip
def test_secret_fields_are_removed(
    name: str, log: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    log().info("x", **{name: PREIMAGE}, inside={name: PREIMAGE}, listed=[{name: PREIMAGE}])

    out = said(capsys)

    assert PREIMAGE not in out
    assert out.count("[secret]") == 3


@pytest.mark.parametrize(
    "header",
    [CREDENTIAL, CREDENTIAL.replace("L402", "lsat"), f"Bearer {PREIMAGE}", f"Payment {PREIMAGE}"],
)
def test_credential_in_running_text_is_removed(
    header: str, log: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    log().info(f"asked with {header}.", why=f"Authorization: {header}", error=ValueError(header))

    out = said(capsys)

    assert PREIMAGE not in out
    assert out.count("[secret]") == 3


def test_of_an_order_id_the_first_digits_are_written_wherever_it_stands(
    log: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    log().info(
        f"job webhook:{ORDER}:status", order=ORDER, job=f"close_hold:{ORDER}", many=[ORDER],
        url=f"/v1/orders/{ORDER}/events", upper=ORDER.upper(), error=KeyError(ORDER),
    )  # fmt: skip
    logging.getLogger("some.library").warning("no row for %s", ORDER)
    try:
        raise LookupError(ORDER)
    except LookupError:
        log().exception("job failed", order=ORDER)

    out = said(capsys).lower()
    assert ORDER[:13] not in out
    assert out.count(ORDER[:12]) >= 10


def test_what_a_call_says_is_only_measured(
    log: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    log().info("spoken", message="Your code is 123456", inside={"text": "Your code is 123456"})

    out = said(capsys)

    assert "123456" not in out
    assert out.count("[19 characters]") == 2


def test_traceback_is_kept_without_its_numbers_and_credentials(
    log: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        raise ValueError(f"cannot call {NUMBER[:3]}" + NUMBER[3:] + f" for {CREDENTIAL}")
    except ValueError:
        log().exception("job failed")

    out = said(capsys)

    assert "Traceback" in out
    assert "cannot call tel:" in out
    assert "2025550123" not in out
    assert PREIMAGE not in out


@pytest.mark.parametrize("form", ["json", "text"])
def test_other_libraries_logs_go_the_same_way(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(form)
    library = logging.getLogger("some.library")

    library.warning("asked %s with %s", NUMBER, CREDENTIAL)
    library.info("too quiet")
    try:
        raise ValueError("about " + NUMBER)
    except ValueError:
        library.exception("failed")

    out = said(capsys)
    assert "asked tel:" in out
    assert "2025550123" not in out
    assert PREIMAGE not in out
    assert "Traceback" in out
    assert "too quiet" not in out
    if form == "json":
        assert [json.loads(line)["level"] for line in out.splitlines()] == ["warning", "error"]


def test_lines_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    log = configured("json", level="warning")

    log.info("quiet")
    log.warning("loud")

    assert [json.loads(line)["event"] for line in said(capsys).splitlines()] == ["loud"]


def test_auto_is_json_where_no_person_reads(capsys: pytest.CaptureFixture[str]) -> None:
    configured("auto").info("x")

    assert json.loads(said(capsys))["event"] == "x"


def test_any_value_can_be_logged(
    log: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    log().info("x", none=None, yes=True, half=0.5, raw=b"\xff", kinds={1, 2}, key={5: "five"},
             o=object())  # fmt: skip

    assert "five" in said(capsys)
