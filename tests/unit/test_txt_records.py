"""The records of a sender's domain: which are right, and what is said of the others."""

from __future__ import annotations

import pytest

from ringbolt.mail.smtp.txt_records import check_dkim, check_dmarc, check_spf

KEY = "MIIBIjANBg" + "A" * 300
NAME = "ring._domainkey.shop.example"


@pytest.mark.parametrize(
    ("records", "state", "said"),
    [
        (["v=spf1 include:relay.example -all"], "ok", "v=spf1 include:relay.example -all"),
        (["google-site-verification=x", "V=SPF1 ip4:192.0.2.0/24 ~ALL"], "ok", ""),
        (["v=spf1 redirect=_spf.relay.example"], "ok", ""),
        (["v=spf1 a mx:other.example/24 exists:%{i}.x.example ip6:2001:db8::/32 -all"], "ok", ""),
        ([], "wrong", "does not say which servers"),
        (["v=spf10 -all", "spf1 -all"], "wrong", "does not say which servers"),
        (["v=spf1 -all", "v=spf1 mx -all"], "wrong", "has 2 SPF records"),
        (["v=spf1 include relay.example -all"], "wrong", "a term that is none: 'include'"),
        (["v=spf1 ip4:192.0.2.1 +all"], "wrong", "every machine of the world"),
        (["v=spf1 all"], "wrong", "every machine of the world"),
        (["v=spf1 include:relay.example"], "note", "does not say what becomes"),
        (["v=spf1 mx ?all"], "note", "does not say what becomes"),
        (["v=spf1"], "note", "does not say what becomes"),
    ],
)
def test_spf(records: list[str], state: str, said: str) -> None:
    found = check_spf("shop.example", records)
    assert (found.state, bool(found.fix)) == (state, state != "ok")
    assert said in found.detail


@pytest.mark.parametrize(
    ("records", "state", "said"),
    [
        ([f"v=DKIM1; k=rsa; p={KEY}"], "ok", "is ours"),
        ([f"p={KEY[:100]} {KEY[100:]}"], "ok", "is ours"),
        ([f"v=DKIM1;k=rsa;t=y:s;p={KEY}"], "note", "t=y"),
        ([], "wrong", "there is no key"),
        (["v=DKIM1; p="], "wrong", "not the one in dkim_key"),
        ([f"v=DKIM1; k=ed25519; p={KEY}"], "wrong", "not the one in dkim_key"),
        ([f"v=DKIM1; p={KEY}", "another"], "wrong", "2 TXT records"),
    ],
)
def test_dkim(records: list[str], state: str, said: str) -> None:
    found = check_dkim(NAME, records, KEY, "rsa")
    assert (found.state, bool(found.fix)) == (state, state != "ok")
    assert said.lower() in found.detail.lower()
    if state == "wrong" and len(records) < 2:
        assert f'{NAME}: "v=DKIM1; k=rsa; p={KEY}"' in found.fix


@pytest.mark.parametrize(
    ("records", "state", "said"),
    [
        (["v=DMARC1; p=reject; rua=mailto:x@shop.example"], "ok", "p=reject"),
        (["v = DMARC1 ; p = None"], "ok", ""),
        ([], "wrong", "no DMARC policy"),
        (["v=DMARC1"], "wrong", "no DMARC policy"),
        (["v=DMARC1; sp=none"], "wrong", "has no policy (p=)"),
        (["v=DMARC1; p=maybe"], "wrong", "has no policy (p=)"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "wrong", "2 DMARC records"),
    ],
)
def test_dmarc(records: list[str], state: str, said: str) -> None:
    found = check_dmarc("shop.example", records)
    assert (found.state, bool(found.fix)) == (state, state != "ok")
    assert said in found.detail
