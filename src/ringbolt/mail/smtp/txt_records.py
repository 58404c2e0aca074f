"""The TXT records of a domain that say who may send mail for it. Pure: reads what was found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from ringbolt.core.part_checks import Finding

SPF: Final = "SPF"
DKIM: Final = "DKIM"
DMARC: Final = "DMARC"
_MOST_CHARS: Final = 4096
_POLICIES: Final = ("none", "quarantine", "reject")
_SPF_TERM: Final = re.compile(
    r"[+?~-]?(?:all|include:\S+|a(?:[:/]\S*)?|mx(?:[:/]\S*)?|ptr(?::\S+)?|ip4:\S+|ip6:\S+|exists:\S+)"
    r"|[a-z][a-z0-9._-]*=\S*",
    re.IGNORECASE,
)


def check_spf(domain: str, records: Iterable[str]) -> Finding:
    """The SPF record (RFC 7208) among the TXT records of ``domain``."""
    found = [each for each in records if each.lower().split(" ")[0] == "v=spf1"]
    example = f'Publish a TXT record at {domain}: "v=spf1 include:YOUR-RELAY -all" (your relay '
    example += "tells its own name), or ip4: and the address that mail leaves from."
    if not found:
        return Finding("wrong", SPF, f"{domain} does not say which servers send for it.", example)
    if len(found) > 1:
        said = f"{domain} has {len(found)} SPF records: receivers then use none."
        return Finding("wrong", SPF, said, "Join them into one.")
    terms = found[0][:_MOST_CHARS].split()[1:]
    odd = next((term for term in terms if not _SPF_TERM.fullmatch(term)), None)
    if odd is not None:
        said = f"The SPF record of {domain} has a term that is none: {odd[:40]!a}."
        return Finding("wrong", SPF, said, "Correct it: receivers ignore the whole record.")
    last = terms[-1].lower() if terms else ""
    if last in ("all", "+all"):
        said = f"The SPF record of {domain} lets every machine of the world send for it."
        return Finding("wrong", SPF, said, "End it with -all.")
    if last not in ("-all", "~all") and not last.startswith("redirect="):
        said = f"The SPF record of {domain} does not say what becomes of mail from elsewhere."
        return Finding("note", SPF, said, "End it with -all (or ~all).")
    return Finding("ok", SPF, found[0][:200])


def check_dkim(name: str, records: Sequence[str], public_key: str, kind: str) -> Finding:
    """Whether the record at ``name`` (RFC 6376, 3.6.1) is that of our key: ``public_key`` as in
    ``p=``, ``kind`` ``rsa`` or ``ed25519``."""
    wanted = f"v=DKIM1; k={kind}; p={public_key}"
    fix = f'Publish a TXT record at {name}: "{wanted}"'
    if not records:
        said = f"There is no key at {name}: receivers cannot check our signatures."
        return Finding("wrong", DKIM, said, fix)
    if len(records) > 1:
        said = f"There are {len(records)} TXT records at {name}: receivers may use any."
        return Finding("wrong", DKIM, said, "Leave only the one of the key in dkim_key.")
    tags = _tags(records[0])
    if tags.get("p", "").replace(" ", "") != public_key or tags.get("k", "rsa") != kind:
        said = f"The key at {name} is not the one in dkim_key: signatures fail."
        return Finding("wrong", DKIM, said, fix)
    if "y" in tags.get("t", "").split(":"):
        said = f"The record at {name} says t=y: receivers take the signatures for a test."
        return Finding("note", DKIM, said, "Remove t=y once signatures are right.")
    return Finding("ok", DKIM, f"The key at {name} is ours.")


def check_dmarc(domain: str, records: Iterable[str]) -> Finding:
    """The DMARC policy (RFC 7489) that holds for ``domain``."""
    found = [each for each in records if each.lower().replace(" ", "").startswith("v=dmarc1;")]
    fix = f'Publish a TXT record at _dmarc.{domain}: "v=DMARC1; p=quarantine"'
    if not found:
        said = f"{domain} has no DMARC policy: large receivers refuse or hide such mail."
        return Finding("wrong", DMARC, said, fix)
    if len(found) > 1:
        said = f"{domain} has {len(found)} DMARC records: receivers then use none."
        return Finding("wrong", DMARC, said, "Leave one.")
    policy = _tags(found[0]).get("p", "").lower()
    if policy not in _POLICIES:
        said = f"The DMARC record of {domain} has no policy (p=)."
        return Finding("wrong", DMARC, said, fix)
    return Finding("ok", DMARC, found[0][:200])


def _tags(record: str) -> dict[str, str]:
    """The tags of a record; of a repeated one the first."""
    found: dict[str, str] = {}
    for part in record[:_MOST_CHARS].split(";"):
        name, _, value = part.partition("=")
        found.setdefault(name.strip().lower(), value.strip())
    return found
