"""Which texts name another service than the one that was ordered."""

from __future__ import annotations

import pytest

from ringbolt.core.services import SERVICES
from ringbolt.core.texts.named_service import names_another

TRUE_TEXTS = [
    ("wa", "WhatsApp", "Your WhatsApp code: 123-456\n\nYou can also tap on this link to verify"
     " your phone: v.whatsapp.com/123456\n\nDon't share this code with others\n4sgLq1p5sV6"),
    ("wa", "+447700900123", "Kode WhatsApp Anda: 123-456"),
    ("wa", "VERIFY", "Ваш код WhatsApp: 123-456. Никому его не сообщайте"),
    ("wa", "", "คุณสามารถใช้รหัส 123-456 เพื่อยืนยัน WhatsApp"),
    ("wa", "Facebook", "WhatsApp code 123-456"),
    ("tg", "Telegram", "Telegram code: 48010. You can also tap on this link to log in:"
     " https://t.me/login/48010"),
    ("tg", "InfoSMS", "Код Telegram 48010. Никому не давайте его, даже если его требуют от имени"
     " Telegram, через WhatsApp или Viber!"),
    ("tg", "Verify", "کد تلگرام شما: 48010"),
    ("tg", "Telegram", "48010"),
    ("go", "Google", "G-123456 is your Google verification code."),
    ("go", "22000", "G-123456 est votre code de validation Google."),
    ("go", "+12025550111", "Your YouTube verification code is 123456"),
    ("fb", "Facebook", "FB-12345 is your Facebook confirmation code Laz+nxCarLW"),
    ("ig", "Facebook", "123 456 is your Instagram code. Don't share it."),
    ("ig", "32665", "Use 123 456 to verify your Facebook account."),
    ("tw", "X", "Your X confirmation code is abc123"),
    ("tw", "+14155550100", "Your Twitter confirmation code is 123456."),
    ("mm", "Microsoft", "Use 1234 as Microsoft account security code"),
    ("mm", "Verify", "Use code 123456 to check some.body@gmail.com"),
    ("me", "LINE", "Enter verification code 123456 on LINE. Do not use it on Facebook."),
    ("mt", "Steam", "Your Steam verification code is R6V9T"),
    ("vk", "VKcom", "VK: 12345 - код для входа"),
    ("ma", "VK", "12345 - код подтверждения"),
    ("wb", "106900", "【腾讯科技】你正在注册微信帐号，验证码658974。请勿转发。"),
    ("ab", "ALIPAY", "【淘宝】验证码658974"),
    ("qq", "", "【腾讯】QQ验证码 658974"),
    ("kt", "", "[카카오] 인증번호 [658974]를 입력해 주세요."),
    ("sn", "OLX", "Código: 1234. No lo compartas por WhatsApp ni Telegram."),
    ("sn", "900", "Código 1234. Nunca lo pedimos por teléfono o WhatsApp"),
    ("nf", "Verify", "Code 1234. Get the app on Google Play"),
    ("nf", "Verify", "Code 1234. Follow us: https://facebook.com/netflix or instagram.com/x"),
    ("dh", "eBay", "1234 is your code. Pay with PayPal."),
    ("yw", "TEXTIT", "Nicht uber das Telefon weitergeben: Code 1234, online wish line, Apple"),
    ("ub", "Uber", "Your Uber code is 1234. Never share this code."),
    ("ub", "Yandex", "Код 1234"),
    ("tg", "VK-SWIGGY", "1234 is your code"),
    ("tg", "Any", "Any other code: 1234"),
    ("tg", "INFO-LINE", "1234"),
]  # fmt: skip
STRANGERS = [
    ("tg", "WhatsApp", "Your WhatsApp code 123-456"),
    ("tg", "WHATSAPP", "123-456"),
    ("tg", "WA", "123-456"),
    ("tg", "", "Your WhatsApp code 123-456"),
    ("tg", "INFO", "Tu código de WhatsApp: 123-456. No lo compartas."),
    ("tg", "INFO", "您的WhatsApp验证码是123-456"),
    ("tg", "INFO", "WhatsApp'ınızın kodu: 123-456"),
    ("tg", "", "Ваш код ватсап 123456"),
    ("tg", "Verify", "G-123456 is your verification code"),
    ("wa", "Google", "123456 is your code"),
    ("wa", "AD-AMAZON", "123456 is OTP"),
    ("wa", "VKcom", "12345"),
    ("wa", "Steam", "12345"),
    ("wa", "", "Код 4821 для входа в Яндекс"),
    ("wa", "", "【微博】验证码658974"),
    ("go", "", "[TikTok] 1234 is your verification code"),
    ("go", "", "Use 123456 to sign in to Discord"),
    ("mm", "Telegram", "Telegram code: 48010"),
    ("fb", "WhatsApp", "123-456"),
]


@pytest.mark.parametrize(("service", "sender", "text"), TRUE_TEXTS)
def test_a_true_text_of_the_service_is_not_held_back(service: str, sender: str, text: str) -> None:
    assert not names_another(text, sender, service)


@pytest.mark.parametrize(("service", "sender", "text"), STRANGERS)
def test_a_text_of_another_service_is_known_by_its_name(
    service: str, sender: str, text: str
) -> None:
    assert names_another(text, sender, service)


@pytest.mark.parametrize("service", ["ot", "full", "sim-late", "unknown"])
def test_nothing_is_foreign_to_a_service_without_a_name(service: str) -> None:
    assert not names_another("Your WhatsApp code 123-456", "WhatsApp", service)


@pytest.mark.parametrize("service", sorted(set(SERVICES) - {"ot", "full"}))
def test_each_name_of_a_service_is_its_own(service: str) -> None:
    name = SERVICES[service].name
    assert not names_another(f"Your {name} code is 1234, not one of WhatsApp", name, service)


def test_a_long_text_is_read_in_moments() -> None:
    assert not names_another("x.y" * 20_000 + " via or" * 5000, "", "tg")
