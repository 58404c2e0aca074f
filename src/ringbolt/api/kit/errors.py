"""Errors outside the compatible families: RFC 9457 problem documents, in plain words."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ringbolt.api.kit.problem import problem_document
from ringbolt.api.kit.words import Words
from ringbolt.core.errors import RingboltError

PLAIN = Words({})
"""Every role by its own name."""
_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
}


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **extra: Any,
) -> JSONResponse:
    document = problem_document(status, code, title, detail, **extra)
    headers = {"X-Error-Code": code, "Cache-Control": "no-store", **(headers or {})}
    return JSONResponse(document, status, headers=headers, media_type="application/problem+json")


def ringbolt_problem(error: RingboltError) -> JSONResponse:
    worded = PLAIN.word(error)
    extra: dict[str, Any] = {"suggestion": worded.suggestion}
    if worded.field is not None:
        extra["field"] = worded.field
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return problem(error.status, error.code, error.title, worded.message, headers=headers, **extra)


def install(app: FastAPI) -> None:
    """Every error that leaves the application is one of these documents."""

    @app.exception_handler(RingboltError)
    async def on_ringbolt(_: Request, error: RingboltError) -> JSONResponse:
        return ringbolt_problem(error)

    @app.exception_handler(HTTPException)
    async def on_http(_: Request, error: HTTPException) -> JSONResponse:
        detail = _SENTENCES.get(error.status_code, str(error.detail))
        return problem(
            error.status_code,
            f"HTTP_{error.status_code}",
            str(error.detail),
            detail,
            headers=dict(error.headers or {}),
        )

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [
            {"field": ".".join(str(part) for part in fault["loc"][1:]), "message": fault["msg"]}
            for fault in error.errors()
        ]
        first = faults[0]
        return problem(
            400,
            "INVALID_INPUT",
            "The request cannot be served as it stands",
            f"{first['field'] or 'body'}: {first['message']}",
            errors=faults,
        )

    @app.exception_handler(Exception)
    async def on_fault(_: Request, __: Exception) -> JSONResponse:
        # It is raised again and logged by the server.
        return problem(
            500, "INTERNAL", "Something went wrong", "A fault on our side; it is logged."
        )
