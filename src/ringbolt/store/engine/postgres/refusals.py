"""Says why a PostgreSQL database cannot be opened: which server, what is wrong, what to do."""

from __future__ import annotations

import socket
import ssl
from typing import Final

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from ringbolt.core.errors import InvalidInput, RingboltError, Unavailable
from ringbolt.store.engine.postgres.errors import sqlstate
from ringbolt.store.errors import StoreRefused

_SETTING: Final = "RINGBOLT_DATABASE_URL"
_PORT: Final = 5432


def cannot_open(error: BaseException, url: URL) -> RingboltError | None:
    """``error``, which ended the opening of ``url``, in one plain sentence without its password;
    None if it has another cause (a fault of this program)."""
    server, state = _server(url), sqlstate(error)
    if state:
        return _refusal(state, _words(error), server, url)
    if isinstance(error, TypeError) and "keyword argument" in str(error):
        option = str(error).rsplit("keyword argument", 1)[1].strip()
        return InvalidInput(
            f"{_SETTING} has an option that is not known: {option}.",
            suggestion="For TLS, write sslmode=require (or verify-full).",
        )
    if isinstance(error, OSError):
        return _no_answer(error, server)
    return None


def _refusal(state: str, words: str, server: str, url: URL) -> RingboltError | None:
    """What the server answered, by SQLSTATE."""
    role, name = url.username or "(none)", url.database or role_name(url)
    at = _options(url)
    if state.startswith("28"):
        return StoreRefused(
            f"PostgreSQL at {server} does not let the role {role} in: {words}.",
            suggestion=f"Correct role and password in {_SETTING}; a missing role is made by:"
            f" createuser{at} --pwprompt {role}",
        )
    if state == "3D000":
        return StoreRefused(
            f"PostgreSQL at {server} has no database {name}.",
            suggestion=f"Make it: createdb{at} --owner {role} {name}",
        )
    if state == "42501":
        return StoreRefused(
            f"PostgreSQL at {server}: the role {role} lacks a right in the database {name}:"
            f" {words}.",
            suggestion="As its owner or a superuser: psql"
            f"{at} -d {name} -c 'GRANT ALL ON SCHEMA public TO {role}'",
        )
    if state.startswith(("08", "53", "57P", "58")):
        return Unavailable(
            f"PostgreSQL at {server} does not take the connection: {words}.",
            code="STORE_UNAVAILABLE",
            suggestion="Its log says more; when it is well again, start this command again.",
        )
    return None


def _no_answer(error: OSError, server: str) -> Unavailable:
    """Why nothing answered."""
    suggestion = f"Start the server, or correct {_SETTING}."
    if isinstance(error, socket.gaierror):
        words = "its name cannot be looked up"
    elif isinstance(error, TimeoutError):
        words = "no answer within 10 s"
    elif isinstance(error, FileNotFoundError):
        words = "there is no socket"
    elif isinstance(error, ssl.SSLError) or "SSL" in str(error):
        words = f"TLS failed ({error.strerror or error})"
        suggestion = (
            f"Turn TLS on at the server, or correct sslmode in {_SETTING} (disable, require, "
            "verify-full)."
        )
    else:
        words = error.strerror or str(error)
    return Unavailable(
        f"PostgreSQL at {server} does not answer: {words}.",
        code="STORE_UNAVAILABLE",
        suggestion=suggestion,
    )


def _words(error: BaseException) -> str:
    """The server's message, without SQLAlchemy's additions."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    text = str(cause)
    return text.split(">: ", 1)[-1].strip().rstrip(".")


def role_name(url: URL) -> str:
    """PostgreSQL's default for a missing name of the database: the role's."""
    return url.username or "(none)"


def _host(url: URL) -> str:
    asked = url.query.get("host") or url.host or "localhost"
    return asked if isinstance(asked, str) else asked[0]


def _server(url: URL) -> str:
    host = _host(url)
    return f"the socket in {host}" if host.startswith("/") else f"{host}:{url.port or _PORT}"


def _options(url: URL) -> str:
    """The options of PostgreSQL's commands that name this server."""
    port = f" -p {url.port}" if url.port and url.port != _PORT else ""
    return f" -h {_host(url)}{port}"
