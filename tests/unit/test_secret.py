"""The master secret: made once, kept for the owner alone, and never half understood."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from ringbolt.core.keys import Keyring
from ringbolt.settings import Settings, SettingsError
from ringbolt.settings.secret import load_keyring
from support.waiting import PATIENCE_S

ONE, TWO = "0a" * 32, "0b" * 32


def settings(tmp_path: Path, secret: str = "", former: tuple[str, ...] = ()) -> Settings:
    return Settings.model_validate(
        {"data_dir": tmp_path / "data", "secret": secret, "former_secrets": former}
    )


def error_of(settings: Settings) -> str:
    with pytest.raises(SettingsError) as wrong:
        load_keyring(settings, create=True)
    return str(wrong.value)


def test_first_start_makes_a_secret_and_the_next_one_finds_it(tmp_path: Path) -> None:
    first = load_keyring(settings(tmp_path), create=True)
    second = load_keyring(settings(tmp_path), create=False)

    assert len(first.current) == 32
    assert first.current == second.current


def test_secret_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    load_keyring(settings(tmp_path), create=True)

    files = list((tmp_path / "data").iterdir())

    assert [file.name for file in files] == ["secret"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_two_shops_have_two_secrets(tmp_path: Path) -> None:
    one = load_keyring(settings(tmp_path / "a"), create=True)
    other = load_keyring(settings(tmp_path / "b"), create=True)

    assert one.current != other.current


def test_first_starts_at_the_same_time_agree(tmp_path: Path) -> None:
    starters = 8
    together = Barrier(starters)

    def start(_: int) -> Keyring:
        together.wait(PATIENCE_S)
        return load_keyring(settings(tmp_path), create=True)

    with ThreadPoolExecutor(starters) as pool:
        rings = list(pool.map(start, range(starters)))

    assert len({ring.current for ring in rings}) == 1
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["secret"]


def test_without_permission_to_make_one_its_absence_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load_keyring(settings(tmp_path), create=False)

    assert not (tmp_path / "data").exists()


def test_configured_secret_is_used_and_none_is_made(tmp_path: Path) -> None:
    ring = load_keyring(settings(tmp_path, ONE), create=True)

    assert ring.current == bytes.fromhex(ONE)
    assert not (tmp_path / "data").exists()


def test_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"  {ONE}\n")

    assert load_keyring(settings(tmp_path, str(file)), create=True).current == bytes.fromhex(ONE)


def test_former_secrets_are_honoured_and_only_the_current_makes_keys(tmp_path: Path) -> None:
    ring = load_keyring(settings(tmp_path, TWO, (ONE,)), create=True)

    assert ring.current == bytes.fromhex(TWO)
    assert ring.secret(Keyring([bytes.fromhex(ONE)]).key_id) == bytes.fromhex(ONE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not hexadecimal", "written in hexadecimal"),
        ("/nowhere/secret", "name of a file"),
        ("0a" * 31, "at least 32 bytes"),
        ("0a" * 32 + "0", "written in hexadecimal"),
        ("é" * 64, "written in hexadecimal"),
        ("x" * 5000, "written in hexadecimal"),
    ],
)
def test_wrong_secret_is_refused_without_being_shown(text: str, words: str, tmp_path: Path) -> None:
    for message in (
        error_of(settings(tmp_path, text)),
        error_of(settings(tmp_path, ONE, (text,))),
    ):
        assert words in message
        assert text not in message


def test_wrong_former_secret_is_distinguished_from_the_current_one(tmp_path: Path) -> None:
    assert error_of(settings(tmp_path, "x")).startswith("RINGBOLT_SECRET:")
    assert error_of(settings(tmp_path, ONE, ("x",))).startswith("RINGBOLT_FORMER_SECRETS:")


@pytest.mark.parametrize("content", [b"", b"\n", b"zz" * 32, b"\xff\xfe" * 32, b"0a" * 16])
def test_damaged_secret_file_is_named_and_never_replaced(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "data" / "secret"
    file.parent.mkdir()
    file.write_bytes(content)

    assert str(file) in error_of(settings(tmp_path))
    assert file.read_bytes() == content


def test_data_folder_that_cannot_be_made_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")

    assert "cannot be read or kept" in error_of(settings(tmp_path))


def test_two_secrets_that_cannot_be_distinguished_are_refused(tmp_path: Path) -> None:
    key_id = Keyring([bytes.fromhex(ONE)]).key_id
    twin = next(s for n in range(5000) if Keyring([s := n.to_bytes(32, "big")]).key_id == key_id)

    assert "share their one-byte id" in error_of(settings(tmp_path, ONE, (twin.hex(),)))
