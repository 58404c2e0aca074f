"""The addresses of discovery."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ringbolt.api.kit.plain import LINKS

MANIFEST: Final = LINKS["services"]
LLMS: Final = LINKS["llms"]
LLMS_FULL: Final = "/llms-full.txt"
OPENAPI: Final = LINKS["openapi"]
DISCOVER: Final = LINKS["discover"]
ESTIMATE: Final = LINKS["estimate"]
ERROR_CODES: Final = LINKS["error_codes"]
MCP: Final = LINKS["mcp"]
FOR_AGENTS: Final = MappingProxyType(
    {
        LLMS: "what is sold now and how to buy it, in Markdown",
        LLMS_FULL: "the same with every field, example and address",
        MANIFEST: "the same as JSON, with the schema of every request",
        OPENAPI: "OpenAPI 3.1 of every address",
        DISCOVER: "search in words: ?q=send a text",
        ESTIMATE: "the exact price of a request, without an invoice: ?service=call&phone_number=",
        MCP: "tools for agents by the Model Context Protocol (streamable HTTP)",
        ERROR_CODES: "every error code and what to do about it (header X-Error-Code)",
    }
)
"""Addresses for programs that know nothing of the shop, with what is there."""
