"""Codes in text messages: as services write them, in many languages, and texts without one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.core.texts.codes import code_as_number, extract_code
from ringbolt.core.texts.plain import MAX_CHARS
from support.growth import LINEAR, growth_of_text

# (service, code, text): written after the formats that the services are known for
WITH_A_CODE = [
    ("go", "482913", "G-482913 is your Google verification code."),
    ("go", "070051", "G-070051 is your Google verification code. Don't share it with anyone."),
    ("go", "482913", "G-482913 — ваш проверочный код Google."),
    ("go", "482913", "G-482913 est votre code de validation Google."),
    ("wa", "123456", "Your WhatsApp code: 123-456\n\nYou can also tap on this link to verify your "
     "phone: v.whatsapp.com/123456\n\nDon't share this code with others"),
    ("wa", "778210", "<#> Your WhatsApp code: 778-210\nDon't share this code\n4sgLq1p5sV6"),
    ("wa", "123456", "Ваш код WhatsApp: 123-456. Не сообщайте код никому"),
    ("wa", "123456", "WhatsApp kodunuz: 123-456. Bu kodu kimseyle paylaşmayın."),
    ("wa", "123456", "Seu código do WhatsApp: 123-456\nNão compartilhe este código com ninguém"),
    ("tg", "12345", "Telegram code: 12345\n\nYou can also tap on this link to log in:\n"
     "https://t.me/login/12345\n\noLeq9AcOZkT"),
    ("tg", "98765", "Telegram code 98765"),
    ("tg", "54321", "Код Telegram: 54321. Никому его не сообщайте."),
    ("fb", "39271", "FB-39271 is your Facebook confirmation code"),
    ("fb", "482913", "482913 is your Facebook password reset code"),
    ("fb", "84720193", "Use 84720193 for two-factor authentication on Facebook."),
    ("ig", "482913", "482 913 is your Instagram code. Don't share it."),
    ("ig", "482913", "Use 482 913 to verify your Instagram account."),
    ("tw", "482913", "Your X confirmation code is 482913."),
    ("tw", "4fgt7p2z", "Your Twitter confirmation code is 4fgt7p2z."),
    ("ds", "482913", "Your Discord verification code is: 482913"),
    ("lf", "482913", "[TikTok] 482913 is your verification code, valid for 5 minutes. To keep your "
     "account safe, never forward this code."),
    ("am", "482913", "482913 is your Amazon OTP. Don't share it with anyone."),
    ("mm", "1234", "Microsoft access code: 1234"),
    ("mm", "482913", "Use 482913 as Microsoft account security code"),
    ("mb", "K3B7Q9ZD", "Your Yahoo verification code is K3B7Q9ZD"),
    ("ub", "1234", "Your Uber code is 1234. Never share this code. Reply STOP ALL to 89203 to "
     "unsubscribe."),
    ("ub", "2024", "Your Uber code: 2024. Never share this code."),
    ("oi", "482913", "Your Tinder code is 482913 Don't share @gotinder.com"),
    ("mt", "R5T2K", "Steam Guard code: R5T2K"),
    ("mt", "KQXWD", "Your Steam verification code is KQXWD"),
    ("dr", "482913", "Your OpenAI API verification code is: 482913"),
    ("ts", "482913", "PayPal: 482913 is your security code. Don't share your code."),
    ("wx", "482913", "Your Apple Account code is: 482913. Don't share it with anyone.\n\n"
     "@apple.com #482913 %apple.com"),
    ("wx", "AB12CD", "Your code is below\n@example.com #AB12CD"),
    ("re", "4829137", "Your Coinbase verification code is: 4829137. Don't share this code."),
    ("vi", "482913", "Your Viber code: 482913. You can also tap this link to finish your "
     "activation: https://unv.viber.com/a/482913"),
    ("vk", "482913", "VK: 482913 — код для входа. Никому его не сообщайте."),
    ("ok", "482913", "482913 - код подтверждения ok.ru"),
    ("ya", "482913", "Ваш код подтверждения: 482-913. Наберите его в поле ввода. Яндекс"),
    ("av", "48291", "48291 — код подтверждения Авито. Не сообщайте его никому: +7 495 777-10-66"),
    ("qw", "4829", "Код: 4829. Никому не говорите код! Сумма 5000 RUB"),
    ("me", "482913", "【LINE】482913 はLINEの認証番号です。30分以内に入力してください。"),
    ("kt", "482913", "[Kakao] 인증번호 [482913]를 입력해주세요."),
    ("nv", "482913", "[네이버] 인증번호[482913]를 입력하세요. 타인 노출 금지"),
    ("wb", "482913", "【微信】验证码482913，请在页面中输入，5分钟内有效。如非本人操作请忽略。"),
    ("kf", "482913", "您的验证码是：482913，10分钟内有效，请勿泄露。【微博】"),
    ("hw", "4829", "【支付宝】校验码4829，你正在登录，尾号1234的银行卡，勿告诉他人"),
    ("ls", "482913", "رمز التحقق الخاص بك هو ٤٨٢٩١٣"),
    ("ls", "4829", "كود التفعيل: \u200e4829\u200f صالح لمدة 10 دقائق"),
    ("ot", "48291", "کد تایید شما: ۴۸۲۹۱"),
    ("ot", "482913", "קוד האימות שלך הוא 482913"),
    ("ot", "482913", "आपका ओटीपी ४८२९१३ है। इसे किसी से साझा न करें।"),
    ("ot", "482913", "আপনার কোড ৪৮২৯১৩, 5 মিনিট বৈধ"),
    ("ot", "482913", "รหัส OTP ของคุณคือ 482913 (Ref: KXPQ) หมดอายุใน 5 นาที"),
    ("ot", "482913", "Mã xác minh của bạn là 482913. Có hiệu lực trong 10 phút."),
    ("ot", "482913", "Ma OTP cua quy khach la 482913, hieu luc 2 phut. Hotline 1900 1234"),
    ("ot", "482913", "Kode verifikasi Anda 482913. JANGAN BERIKAN kode ini kepada siapa pun."),
    ("ot", "4829", "Ihr Bestätigungscode lautet 4829. Er ist 15 Minuten gültig."),
    ("ot", "482913", "Die mTAN für Ihre Überweisung über 1.250,00 EUR auf Konto ..4711 ist 482913"),
    ("ot", "482913", "Gebruik 482913 om in te loggen bij Bol"),
    ("ot", "482913", "Tvoj kod za potvrdu je 482913"),
    ("ot", "482913", "Teie kood on 482913"),
    ("ot", "482913", "Sizning tasdiqlash kodingiz: 482913"),
    ("ot", "482913", "Сіздің растау кодыңыз: 482913"),
    ("ot", "482913", "Kod SMS: 482913. Operacja: przelew na kwotę 1 250,00 PLN na konto ...1234"),
    ("ot", "482913", "Use 482913 as your login code. Call 1-888-908-7930 if this was not you"),
    ("ot", "482913", "[Web발신]\n[쿠팡] 인증번호 482913 타인노출금지"),
    ("wb", "48291", "WeChat verification code (48291) may only be used once to verify mobile."),
    ("ot", "00123456", "Your code is 00123456"),
    ("ot", "482913", "Tel: +49 30 1234567. 482913 is your code"),
    ("ot", "482913", "Queries? +7 (495) 777-10-66 or (020) 7946 0958. Code 482913"),
    ("ot", "148291", "Your code is 148 291 10 minutes long"),
    ("ot", "4829", "Tu código de verificación es 4829. No lo compartas con nadie."),
    ("ot", "4829", "Su clave es 4829, válida por 10 minutos"),
    ("ot", "482913", "Votre code de vérification est le 482 913. Il expire dans 10 minutes."),
    ("ot", "482913", "Il tuo codice di verifica è 482913"),
    ("ot", "482913", "Je verificatiecode is 482913"),
    ("ot", "482913", "Din verifieringskod är 482913"),
    ("ot", "4829", "Vahvistuskoodisi on 4829"),
    ("ot", "4829", "Twój kod weryfikacyjny to 4829. Ważny 10 minut."),
    ("ot", "4829", "Váš ověřovací kód je 4829"),
    ("ot", "4829", "Codul dumneavoastră este 4829"),
    ("ot", "4829", "Ο κωδικός σας είναι 4829"),
    ("ot", "482913", "Doğrulama kodunuz 482913, 3 dakika geçerlidir. B001"),
    ("ot", "4829", "Ваш код підтвердження 4829"),
    ("ot", "482913", "Rs. 4500.00 spent at SHOP on card ending 1234. OTP is 482913 till 13:45"),
    ("ot", "482913", "482913 is the OTP for txn of INR 15,000.00 at AMAZON on card ending 9876"),
    ("ot", "4829", "Your PIN is 4829. Call +44 20 7946 0958 or 0800 123 4567 for help."),
    ("ot", "482913", "On 12/05/2024 at 10:30 you asked for a code. It is: 482913"),
    ("ot", "482913", "Your verification code:\n\n    482913\n\nExpires in 1800 seconds"),
    ("ot", "482913", "*482913* is your one-time password"),
    ("ot", "482913", "OTP482913"),
    ("ot", "482913", "Your code is 4 8 2 9 1 3"),
    ("ot", "48291357", "Your code: 4829-1357"),
    ("ot", "482913", "Your code: 48-29-13"),
    ("ot", "482913", "Enter code ４８２９１３"),
    ("ot", "123", "Your code is 123"),
    ("ot", "1234567890", "Activation code: 1234567890"),
    ("ot", "482913", "482913"),
    ("ot", "12345", "12345 is it"),
    ("ot", "00000", "Enter 00000 now"),
    ("ot", "482913", "Please use 482913."),
    ("ot", "882211", "认证码 882211"),
    ("ot", "ABC123", "Your code is ABC-123"),
    ("ot", "K3B7Q9ZD", "Your code is K3B7-Q9ZD"),
    ("ot", "1234", "LINE-1234 is your code"),
    ("ot", "123456", "confirm: 12 34 56"),
    ("ot", "9917", "Your OTP for 2026 is 9917"),
    ("ot", "9917", "Ваш код на 2026 год: 9917"),
    ("ot", "2026", "Your OTP is 2026"),
    ("ub", "4829", "Uber 4829"),
    ("", "4829", "Uber: 4829"),
    ("ot", "1998", "1998 is your Lyft code"),
    ("ot", "482913", "Use the code 482913 to get 20% off? No: to log in. Win 5000 points daily!"),
]  # fmt: skip

WITHOUT_A_CODE = [
    "",
    " \n\t",
    "Hello, how are you?",
    "Your code has expired. Please ask for a new one.",
    "Happy New Year 2025!",
    "Your order 123456 has been shipped.",
    "Order #482913 is on its way, track it at https://ex.am/482913",
    "Ваш заказ № 482913 готов к выдаче",
    "Use promo code SAVE2024 for 20% off your next ride!",
    "Твой промокод: LETO2024. Скидка 500 руб.",
    "You have been charged $1234 on card ending 9876",
    "Payment of 5000 RUB received",
    "Списание 4500р. Карта *1234. Баланс 15000р.",
    "Call us at +44 20 7946 0958",
    "Reply STOP to 12345 to unsubscribe",
    "Meeting on 12/05/2024 at 10:30",
    "Your password was changed on 12 May 2024.",
    "Your password was changed. Ref 482913",
    "Balance: 1,234.56 EUR",
    "Your data plan of 5000 MB is active for 3600 minutes",
    "Visit https://example.com/verify/482913 to finish",
    "Mail us at user482913@example.com",
    "Win up to 100000 points today!",
    "您尾号1234的卡消费5000元，余额12345元",
    "Flight 4829 is boarding at gate 1204",
    "Zip code 90210 is not served yet",
    "The room is 1204 and the party starts at 1830",
    "Never share your password with anyone.",
    "Welcome! Your number is 12025550123. Dial 611 for help.",
    "Your parcel 4829131 arrives today between 1400 and 1600.",
    "Dear customer, your account XX1234 is credited with INR 5000 on 05-05-24",
    "尊敬的用户，您的余额不足10元，请及时充值。客服10086",
    "Missed call from 0612345678 at 14:05",
    "Your login from IP 192.168.1.1 at 14:05 on Windows 10",
    "You have 1500 points expiring 31.12.2025",
    "Confirm your booking 48291 by replying YES",
    "Заказ 123456 подтвержден, код получения придет позже",
    "Kodak123 camera for sale",
    "Windows10 login from a new device",
    "2024",
    "Your new code for 2026 comes by post.",
    "Pay 5000 now please",
    "Locker ABC-123 is free",
    "12 34 56 are the winning numbers of the week",
    "Use 2024 now",
    "1234567890123456",
    "12",
]


@pytest.mark.parametrize(("service", "code", "text"), WITH_A_CODE)
def test_code_is_found(service: str, code: str, text: str) -> None:
    assert extract_code(text, service) == code


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for service, code, text in WITH_A_CODE if service != "mt"]
)
def test_code_is_found_without_knowing_the_service(code: str, text: str) -> None:
    assert extract_code(text) == code


@pytest.mark.parametrize("text", WITHOUT_A_CODE)
def test_text_without_a_code_has_none(text: str) -> None:
    assert extract_code(text, "ot") is None
    assert extract_code(text) is None


def test_number_alone_is_a_code_only_beside_the_name_of_its_service() -> None:
    assert extract_code("Uber 4829", "ub") == "4829"
    assert extract_code("Milk 4829", "ub") is None


def test_line_bound_to_its_origin_goes_before_all_else() -> None:
    assert extract_code("Your code is 111111\n@example.com #222222") == "222222"


def test_text_is_looked_at_to_its_limit_only() -> None:
    assert extract_code("x " * MAX_CHARS + "Your code is 482913") is None


@given(
    st.one_of(
        st.text(max_size=3000),
        st.text(alphabet="0123456789 -.:,/+@#GgcodeX*$код验证码\n", max_size=3000),
        st.from_regex(r"(?:[0-9 -]{1,30}|code|pin: |\+[0-9. ]{1,20}|a\.a/){0,60}", fullmatch=True),
    )
)
def test_what_is_found_is_a_code(text: str) -> None:
    code = extract_code(text)

    assert code is None or (code.isascii() and code.isalnum() and 3 <= len(code) <= 12)


@pytest.mark.parametrize(
    "piece",
    [
        "1", "1 ", "1-", "1.", "1,", "1:", "(1", "+1 ", "a", "a.", "a.a/", "@a", "@a.", " ", "\n",
        "G-", "code ", "code", "code 1234 ", "ma ", "x", "X1", "*", "a1", "1a", "123 456 ",
        "12-34-56 ", "http://", "ﷺ", "order ", "заказ", "سا", "00", "999,", "\x00",
    ],
)  # fmt: skip
def test_time_grows_with_the_length_of_repeated_text(piece: str) -> None:
    text = piece * (MAX_CHARS // len(piece))

    assert growth_of_text(extract_code, text) < LINEAR


@given(st.from_regex(r"[1-9][0-9]{3,7}", fullmatch=True))
def test_any_number_of_a_code_s_length_is_found_behind_the_word(code: str) -> None:
    assert extract_code(f"Your verification code is {code}.") == code


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("48010", 48010),
        ("0", 0),
        ("1", 1),
        ("999999999999999", 999_999_999_999_999),
        ("1000000000000000", None),
        ("070051", None),
        ("00", None),
        ("AB12", None),
        ("-1", None),
        ("1.5", None),
        (" 1", None),
        ("", None),
        ("٤٨", None),
        ("²", None),
    ],
)
def test_code_is_a_number_only_where_that_loses_nothing(code: str, number: int | None) -> None:
    assert code_as_number(code) == number


@given(st.integers(0, 10**15 - 1))
def test_number_of_a_code_is_written_as_the_code(number: int) -> None:
    assert code_as_number(str(number)) == number
