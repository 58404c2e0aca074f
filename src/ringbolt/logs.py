"""Structured logs without secrets: JSON for machines, plain lines on a terminal.

Telephone numbers are replaced by a short hash keyed with this shop's secret: it shows which lines
are about the same number, and nothing else. An order's id, which gives access to the order, and any
other 256 bits in hexadecimal are cut to their first digits, as ``ringbolt audit`` prints them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import sys
from typing import Any

import structlog

from ringbolt.settings import LogSettings

_SECRET_NAMES = ("authorization", "macaroon", "preimage", "secret", "token", "password", "api_key")
_TEXT_NAMES = ("message", "text")
_STRUCTLOG_NAMES = ("_record", "_from_structlog")  # for ProcessorFormatter, which takes them out
_NUMBER = re.compile(r"(?:\+|%2B)([1-9][0-9]{6,14})", re.IGNORECASE)
_CREDENTIAL = re.compile(r"\b(L402|LSAT|Payment|Bearer|Basic)\s+[\w+/=.~:,-]{16,}", re.IGNORECASE)

SHOWN_DIGITS = 12
"""Of an order's id."""
_ID = re.compile(
    rf"(?<![0-9a-f])([0-9a-f]{{{SHOWN_DIGITS}}})[0-9a-f]{{{64 - SHOWN_DIGITS},}}", re.IGNORECASE
)


class Redact:
    """A processor of structlog that hides what must not be written."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, _: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
        return {name: self._field(name, value) for name, value in event.items()}

    def _field(self, name: str, value: Any) -> Any:
        if any(secret in name.lower() for secret in _SECRET_NAMES):
            return "[secret]"
        if name in _TEXT_NAMES:
            return f"[{len(str(value))} characters]"
        if name in _STRUCTLOG_NAMES:
            return value
        return self._value(value)

    def _value(self, value: Any) -> Any:
        match value:
            case None | bool() | int() | float():
                return value
            case dict():
                return {str(key): self._field(str(key), item) for key, item in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._value(item) for item in value]
            case str():
                return self.text(value)
            case _:  # an exception, a record: renderers would write its repr
                return self._value(repr(value))

    def text(self, text: str) -> str:
        """``text`` without credentials, whole order ids and numbers."""
        text = _CREDENTIAL.sub(r"\1 [secret]", text)
        return _NUMBER.sub(self._hash, _ID.sub(r"\1", text))

    def _hash(self, match: re.Match[str]) -> str:
        number = f"+{match[1]}".encode()
        digest = hashlib.blake2s(number, key=self._key, digest_size=4).hexdigest()
        return f"tel:{digest}"


def renderer_of(settings: LogSettings) -> Any:
    """What makes a line of an event: JSON, or text for a person."""
    as_text = settings.format == "text" or (settings.format == "auto" and sys.stderr.isatty())
    if as_text:
        return structlog.dev.ConsoleRenderer()
    return structlog.processors.JSONRenderer(serializer=_as_json)


_encode = json.JSONEncoder(default=repr).encode


def _as_json(event: Any, **_: Any) -> str:
    # With the options that structlog passes, json.dumps makes a new encoder for every line.
    return _encode(event)


def configure_logs(settings: LogSettings, key: bytes) -> None:
    """Set logging up for this process; numbers are hashed with ``key`` (at most 32 bytes)."""
    renderer = renderer_of(settings)
    redact = Redact(key)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,  # before the redaction, which must see the traceback
        redact,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(
            getattr(logging, settings.level.upper())
        ),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
