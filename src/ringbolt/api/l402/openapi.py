"""The paid URL's part of the OpenAPI document, which FastAPI does not know of."""

from __future__ import annotations

from typing import Any

from ringbolt.api.l402.options import (
    MAX_DIGITS,
    MAX_REPEAT,
    MAX_TIMEOUT_S,
    USUAL_FINISH_KEY,
    USUAL_TIMEOUT_S,
)
from ringbolt.api.l402.schema import (
    AUDIO_EXAMPLE,
    EXAMPLE,
    GATHER_EXAMPLE,
    MAX_MESSAGE_CHARS,
    MAX_URL_CHARS,
)
from ringbolt.core.phone import E164
from ringbolt.core.pricing.rates import MAX_MINUTES

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

_GATHER: dict[str, Any] = {
    "description": "Ask for key presses: the status then tells those that count as digits.",
    "oneOf": [
        {"type": "boolean"},
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "max_digits": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAX_DIGITS,
                    "default": MAX_DIGITS,
                },
                "finish_key": {
                    "type": "string",
                    "pattern": "^[0-9*#]?$",
                    "default": USUAL_FINISH_KEY,
                    "description": "Ends the digits, and is none of them; empty: no key does.",
                },
                "timeout_s": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAX_TIMEOUT_S,
                    "default": USUAL_TIMEOUT_S,
                    "description": "How long keys are waited for after the last word, seconds.",
                },
            },
        },
    ],
}

_BODY: dict[str, Any] = {
    "type": "object",
    "required": ["phone_number"],
    "properties": {
        "phone_number": {
            "type": "string",
            "pattern": f"^{E164.pattern}$",
            "description": "The number to call, E.164.",
        },
        "message": {
            "type": "string",
            "maxLength": MAX_MESSAGE_CHARS,
            "description": "Text to speak. Give this or audio_url.",
        },
        "audio_url": {
            "type": "string",
            "format": "uri",
            "maxLength": MAX_URL_CHARS,
            "description": "Audio file to play; it wins over message.",
        },
        "duration_minutes": {
            "type": "number",
            "minimum": 1,
            "maximum": MAX_MINUTES,
            "description": "Required with audio_url. Started minutes are charged. A text is sold "
            "as one minute; with repeat or gather it may be given more.",
        },
        "voice": {
            "type": "string",
            "description": "Who speaks, for example Joanna or Zeina.",
        },
        "language": {
            "type": "string",
            "description": "The text's language (BCP 47); without it, it is recognised.",
        },
        "neural": {
            "type": "boolean",
            "default": False,
            "description": "The better voice where there is one.",
        },
        "repeat": {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_REPEAT,
            "default": 1,
            "description": "How often the text or file is heard.",
        },
        "gather": _GATHER,
        "callback_url": {
            "type": "string",
            "format": "uri",
            "maxLength": MAX_URL_CHARS,
            "description": "Told every status by POST, signed as Standard Webhooks.",
        },
        "refund_address": {
            "type": "string",
            "description": "A Lightning Address for a refund; without it, a refund is withdrawn "
            "by LNURL.",
        },
    },
}

_PLACED: dict[str, Any] = {
    "type": "object",
    "required": ["success", "sid", "status", "to"],
    "properties": {
        "success": {"const": True},
        "sid": {"type": "string", "pattern": "^CA[0-9a-f]{32}$"},
        "status": {"const": "queued"},
        "to": {"type": "string"},
        "call_id": {"type": "string"},
        "status_url": {"type": "string", "format": "uri"},
        "price_sats": {"type": "integer"},
        "webhook_secret": {"type": "string", "description": "With callback_url: it signs."},
        "ignored_fields": {"type": "array", "items": {"type": "string"}},
    },
}

_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "error", "error_code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "error": {"type": "string"},
        "error_code": {"type": "string"},
        "suggestion": {"type": "string"},
        "field": {"type": "string"},
        "charged": {"type": ["boolean", "null"]},
    },
    "additionalProperties": True,
}

_FAULTS = {
    "400": "The request cannot be served as it stands; nothing was charged",
    "402": "Pay the invoice, then repeat the request with the credential",
    "413": "The body is over 64 KiB",
    "422": "This number is not called, or the audio cannot be played",
    "429": "Too many requests; see Retry-After",
    "503": "The Lightning node or the store does not answer; see Retry-After",
}


def add_place_call(document: dict[str, Any], path: str) -> None:
    """Put the paid operation, and how it is paid for, into an OpenAPI document."""
    responses: dict[str, Any] = {
        "200": {
            "description": "Placed",
            "content": {"application/json": {"schema": _PLACED}},
        }
    }
    for status, description in _FAULTS.items():
        responses[status] = {"description": description, "content": _PROBLEM}
    document["paths"][path] = {
        "get": {
            "tags": ["pay per request"],
            "summary": "What a call takes and costs",
            "operationId": "describe_place_call",
            "responses": {"200": {"description": "Access, pricing, limits"}},
        },
        "post": {
            "tags": ["pay per request"],
            "summary": "Call a number and speak a text or play a file",
            "operationId": "place_call",
            "security": [{}, {"L402": []}],
            "x-payment-info": {
                "protocols": ["L402", "MPP"],
                "method": "lightning",
                "intent": "charge",
                "currency": "sat",
                "price": f"GET {path}?phone_number=... tells it",
            },
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": _BODY,
                        "examples": {
                            "text": {"value": EXAMPLE},
                            "audio": {"value": AUDIO_EXAMPLE},
                            "keys": {"value": GATHER_EXAMPLE},
                        },
                    }
                },
            },
            "responses": responses,
        },
    }
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM_SCHEMA
    components.setdefault("securitySchemes", {})["L402"] = {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "L402 <macaroon>:<preimage>, or Payment <base64url JSON>",
    }
