"""The macaroon codec under random and hostile input, and compared with pymacaroons."""

from __future__ import annotations

import base64

import pymacaroons
from hypothesis import given, settings
from hypothesis import strategies as st

from ringbolt.core.lightning import macaroon
from ringbolt.core.lightning.macaroon import Macaroon, MacaroonError
from support.clients.macaroon_holder import add_caveat, serialize

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
caveats = st.lists(texts, max_size=6)
identifiers = st.binary(max_size=200)
keys = st.binary(min_size=1, max_size=80)  # pymacaroons leaves out the signature without a key

DATA = macaroon.mint(b"k", bytes(66), "ringbolt", ["services=place_call:0", "a" * 200, ""])


def read(data: bytes) -> Macaroon | None:
    """The macaroon, or None if it is refused; any other exception fails the test."""
    try:
        return macaroon.parse(data)
    except MacaroonError as error:
        assert str(error)
        return None


@settings(max_examples=200, deadline=None)
@given(keys, identifiers, texts, caveats)
def test_what_is_minted_is_parsed_back_and_verifies(
    root: bytes, identifier: bytes, location: str, given_caveats: list[str]
) -> None:
    data = macaroon.mint(root, identifier, location, given_caveats)

    parsed = macaroon.parse(data)

    assert (parsed.identifier, parsed.location) == (identifier, location)
    assert parsed.caveats == tuple(given_caveats)
    assert macaroon.verify(root, parsed)
    assert not macaroon.verify(root + b"x", parsed)
    assert serialize(parsed) == data


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    for each in (data, b"\x02" + data):
        parsed = read(each)
        assert parsed is None or len(parsed.signature) == 32


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_changed_macaroon_never_verifies(data: st.DataObject) -> None:
    changed = bytearray(DATA)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))

    parsed = read(bytes(changed))

    if parsed is not None:
        original = macaroon.parse(DATA)
        signed = ("identifier", "caveats", "signature")
        same = all(getattr(parsed, name) == getattr(original, name) for name in signed)
        assert macaroon.verify(b"k", parsed) == same
        assert macaroon.parse(serialize(parsed)) == parsed


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=100) | st.text("ABCabc019+/-_= \"'\n", max_size=100))
def test_any_text_is_base64_or_refused(text: str) -> None:
    try:
        data = macaroon.decode_base64(text)
    except MacaroonError as error:
        assert str(error)
        return
    core = text.strip(" \t\r\n\"'").rstrip("=").replace("-", "+").replace("_", "/")
    assert data == base64.b64decode(core + "=" * (-len(core) % 4), validate=True)


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=1, max_size=200), st.booleans(), st.booleans())
def test_every_form_of_base64_is_read(data: bytes, urlsafe: bool, padded: bool) -> None:
    text = (base64.urlsafe_b64encode if urlsafe else base64.b64encode)(data).decode()

    assert macaroon.decode_base64(text if padded else text.rstrip("=")) == data


@settings(max_examples=100, deadline=None)
@given(keys, identifiers.filter(bool), texts.filter(bool), caveats)
def test_pymacaroons_mints_the_same_bytes(
    root: bytes, identifier: bytes, location: str, given_caveats: list[str]
) -> None:
    peer = pymacaroons.Macaroon(
        location=location, identifier=identifier, key=root, version=pymacaroons.MACAROON_V2
    )
    for caveat in given_caveats:
        peer.add_first_party_caveat(caveat)
    theirs = macaroon.decode_base64(peer.serialize())

    assert macaroon.mint(root, identifier, location, given_caveats) == theirs
    assert macaroon.verify(root, macaroon.parse(theirs))


@settings(max_examples=100, deadline=None)
@given(keys, identifiers.filter(bool), caveats, texts)
def test_pymacaroons_verifies_what_we_mint_and_attenuate(
    root: bytes, identifier: bytes, given_caveats: list[str], added: str
) -> None:
    ours = add_caveat(
        macaroon.parse(macaroon.mint(root, identifier, "ringbolt", given_caveats)), added
    )
    text = macaroon.encode_base64(serialize(ours))

    peer = pymacaroons.Macaroon.deserialize(text)
    verifier = pymacaroons.Verifier()
    for caveat in (*given_caveats, added):
        verifier.satisfy_exact(caveat)

    assert verifier.verify(peer, root)
