"""Services by code and by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.core.errors import InvalidInput, Role
from ringbolt.core.services import SERVICES, Service, find_service, resolve_service


@pytest.mark.parametrize("code", SERVICES)
def test_every_service_is_found_by_its_code_and_its_name(code: str) -> None:
    service = SERVICES[code]

    forms = (code, code.upper(), f" {code} ", service.name, service.name.upper())

    assert [find_service(form) for form in forms] == [service] * 5


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("vk", "vk"), ("VK", "vk"), ("vk.com", "vk"), ("VKontakte", "vk"), ("Ok.ru", "ok"),
        ("openAI", "dr"), ("OpenAI", "dr"), ("Open AI", "dr"), ("ChatGPT", "dr"),
        ("twitter", "tw"), ("X", "tw"), ("x.com", "tw"), ("Twitter/X", "tw"),
        ("other", "ot"), ("Any other", "ot"), ("any", "ot"), ("OT", "ot"), ("anyother", "ot"),
        ("telegram", "tg"), ("whatsapp", "wa"), ("google", "go"), ("Gmail", "go"),
        ("QQ", "qq"), ("Tencent QQ", "qq"), ("paypal", "ts"), ("Apple", "wx"), ("full", "full"),
        ("full rent", "full"), ("mail.ru", "ma"), ("line", "me"), ("Ｔｅｌｅｇｒａｍ", "tg"),
    ],
)  # fmt: skip
def test_service_is_found_as_it_is_written(text: str, code: str) -> None:
    assert find_service(text) == SERVICES[code]


def test_code_goes_before_a_name() -> None:
    # "im" is Imo, not the beginning of anything; "ok" is a code, not an answer
    assert resolve_service("im").name == "Imo"
    assert resolve_service("ok").name == "Ok.ru"


@pytest.mark.parametrize("text", ["", " ", "zz", "nothing", "-", "?", "x" * 5000, "微信", "sim-"])
def test_unknown_service_is_refused(text: str) -> None:
    assert find_service(text, scripted_allowed=True) is None
    with pytest.raises(InvalidInput) as refused:
        resolve_service(text, scripted_allowed=True)
    assert (refused.value.code, refused.value.role) == ("UNKNOWN_SERVICE", Role.SERVICE)
    assert '"ot"' in refused.value.suggestion


def test_misspelt_service_is_suggested() -> None:
    with pytest.raises(InvalidInput) as refused:
        resolve_service("Telegramm")

    assert '"tg" (Telegram)' in refused.value.suggestion


def test_scripted_service_exists_only_in_the_simulated_world() -> None:
    assert find_service("sim-code-after-40", scripted_allowed=True) == Service(
        "sim-code-after-40", "sim-code-after-40"
    )
    assert find_service("SIM-None", scripted_allowed=True) == Service("sim-none", "sim-none")
    assert find_service("sim-none") is None
    with pytest.raises(InvalidInput):
        resolve_service("sim-none", scripted_allowed=False)


@pytest.mark.parametrize(
    "text", ["sim-a b", "sim--", "sim-a-", "sim-" + "a" * 40, "sim-ä", "sim-a\n!"]
)
def test_scripted_code_is_letters_digits_and_hyphens(text: str) -> None:
    assert find_service(text, scripted_allowed=True) is None


@given(st.text(max_size=100))
def test_any_text_is_a_service_or_none(text: str) -> None:
    found = find_service(text, scripted_allowed=True)

    assert found is None or found.code == found.code.lower()
