"""The words by which a code in a text message is known, and by which another number is.

All are matched in lower case. Latin words stand alone, except those that languages put at the
end of a longer one (``Bestätigungscode``, ``verifieringskod``) or before an ending (``kodunuz``).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final


def _any_of(words: str) -> str:
    """A pattern for any of the words, the longest first; in the form that texts are brought to."""
    normal = unicodedata.normalize("NFKC", words).split()
    return "|".join(re.escape(word) for word in sorted(normal, key=len, reverse=True))


def _alone(words: str) -> str:
    return f"(?<![a-z])(?:{_any_of(words)})(?![a-z])"


_CODE_ANYWHERE: Final = """
    code kode kood kód codice codigo código kod
    passwor passord wachtwoord kennwort lösenord
    код парол κωδικ
    验证码 驗證碼 校验码 校驗碼 动态码 動態碼 确认码 確認碼 安全码 安全碼 登录码
    激活码 认证码 認證碼 授权码 授權碼 代码 口令 密码 密碼
    コード 認証番号 確認番号 暗証番号 パスワード
    인증번호 코드 비밀번호 확인번호 승인번호
    رمز كود کد کود קוד סיסמ
    कोड ओटीपी पासवर्ड কোড ওটিপি รหัส კოდი կոդ குறியீடு కోడ్ ኮድ
"""
_CODE_ALONE: Final = """
    otp pin tan mtan totp token cod codul codi clave contraseña contrasena senha hasło haslo
    şifre şifreniz şifreni sifre sifreniz parola parolanız heslo jelszó jelszo mã salasana sandi
"""

CODE_WORD: Final = re.compile(
    f"{_any_of(_CODE_ANYWHERE)}|{_alone(_CODE_ALONE)}"
    "|mot de passe|(?<![a-z])ma (?:otp|xac)|인증 번호"
)
"""What says "code", "one-time password" or "PIN"."""

_PURPOSE: Final = """
    verif vérif confirm activat authenticat login log-in signin sign-in einlogg loggen anmeld
    bestätig bevestig bekræft bekreft bekräft doğrula dogrula giriş potwierd aktivasi verifikasi
    masuk xác two-factor 2fa two-step 2-step
    подтвер підтвер активац активир вход вхід войти επιβεβα
    验证 驗證 登录 登錄 確認 認証 인증 로그인
    تفعيل تأكيد التحقق אימות ยืนยัน सत्याप
"""

PURPOSE_WORD: Final = re.compile(f"{_any_of(_PURPOSE)}|log in|sign in")
"""What a code is for; a weaker sign than ``CODE_WORD``."""

_OTHER_CODES: Final = """
    promo discount coupon gift voucher referral invite invitation zip post postal area country
    booking tracking swift sort bar dress source qr gutschein rabatt
    промо штрих купона 优惠 折扣 邀请 邮政 クーポン 招待 할인 쿠폰
"""

NOT_THIS_CODE_BEFORE: Final = re.compile(f"(?:{_any_of(_OTHER_CODES)})[ -]?$")
NOT_THIS_CODE_AFTER: Final = re.compile(
    r" ?(?:(?:de |di |do )?(?:promo|descuento|desconto|sconto|réduc|parrain|postal|barr|invit)"
    r"|купона|скидк|акци)"
)
"""Codes that are not typed to prove who one is."""

_SIGNS_OF_MONEY: Final = "[$€£¥₹₽₴₺₩₦₫฿₱]"
_CURRENCIES: Final = """
    usd eur gbp inr rub uah kzt uzs try tl idr vnd thb php ngn kes ksh tk bdt pkr egp sar aed brl
    mxn cny rmb jpy krw pln zł btc sat sats
"""
_MONEY_BEFORE: Final = rf"""
    (?:{_SIGNS_OF_MONEY}|{_alone(_CURRENCIES)}|(?<![a-z])r[sp]\.?|(?<![a-z])amount(?:\ of)?:?
    |сумм\w?:?|金额|余额)\s?
"""
_CARD_BEFORE: Final = r"""
    (?:ending|ends|terminad[ao]|termina|terminant|endet|endend|оканчива\w{1,8}|заканчива\w{1,8}
    |尾号|尾號|末尾)(?:\ (?:in|with|on|en|em|con|par|auf|mit|на))?:?\ ?[*.•x]{0,8}
    |(?:[*•]{2,}|x{2,})\ ?
"""
_THING_BEFORE: Final = r"""
    (?:(?<![a-z])(?:order|booking|ref|reference|ticket|invoice|tracking|flight|a/c|room|gate|txn
    |transaction|parcel|bestellung|auftrag|pedido|commande|ordine|zamówieni\w{1,3})
    |заказ\w{0,3}|заявк\w{0,2}|сч[её]т\w{0,2}|рейс\w{0,2}
    |订单号?|訂單|単号|运单号|注文番号|주문번호|운송장번호)
    (?:\ ?(?:no|nr|num|number|id))?\.?:?\ ?\#?
"""
_TELEPHONE_BEFORE: Final = r"""
    (?<![a-z])(?:call|tel|phone|dial|hotline|helpline|fax|appelez|llame|ligue|звоните|тел
    |客服|电话|热线)\.?:?\ ?(?:us\ )?(?:at\ |on\ |le\ |al\ )?
    |(?:stop|help|sms|text|reply|start|info|yes|стоп|смс)['"»]?
    \ (?:to|at|an|a|al|au|на|naar|till|do|ke)[ ]
"""

ANOTHER_NUMBER_BEFORE: Final = re.compile(
    f"(?:{_MONEY_BEFORE}|{_CARD_BEFORE}|{_THING_BEFORE}|{_TELEPHONE_BEFORE})$", re.VERBOSE
)
"""What stands right before an amount, the end of a card number, an order, a telephone number."""

_UNITS: Final = """
    dollar dollars euro euros rupee rupees rupiah peso pesos point points pts miles coins credits
    mb gb kb km kg people users times items
    min mins minute minutes minut minuten minuto minutos minuti minuter minuta menit phút
    dakika dakikadır hour hours hr hrs heure heures hora horas stunde stunden saat jam godz
    sec secs second seconds sekund sekunden segundo segundos secondes day days tag tage tagen
    jour jours día días dni
"""
_UNITS_BEGIN: Final = """
    руб р. грн тенге тг балл мин час сек дн 元 円 원 块 บาท นาที 分 秒 小时 小時 時間 시간 분 초
    دقيق دقائق ساع ثاني تومان ریال دقیقه דקות שעות मिनट মিনিট টাকা
"""

ANOTHER_NUMBER_AFTER: Final = re.compile(
    rf"\s?(?:{_SIGNS_OF_MONEY}|%|(?:{_any_of(_CURRENCIES + _UNITS)})(?![a-z])"
    f"|{_any_of(_UNITS_BEGIN)})"
)
"""What stands right after an amount or a time."""

YEAR_BEFORE: Final = re.compile(
    f"(?:{_alone('for in of since until till by year für von im pour en de para em per za na')}"
    r"|(?<![а-яё])(?:за|в|на|для|до|с)|©) $"
)
"""What stands right before a year: "your OTP for 2026 is 9917"."""

_FILLERS: Final = """
    is it its this that here the your yours you are go use enter type input insert submit now
    please hi hello so just to continue proceed
    ist es das hier ihr dein bitte jetzt eingeben voici le votre este aquí tu su ecco
    вот это ваш твой введите сейчас
"""

FILLERS: Final = frozenset(_FILLERS.split())
"""Words that say nothing about a number but that it is the one that is awaited."""

SERVICE_CODE: Final[dict[str, re.Pattern[str]]] = {
    # Steam Guard codes are five capitals and digits, often without a digit
    "mt": re.compile(r"(?i:code)(?: is)?:?[ \n]{0,2}([A-Z0-9]{5})(?![A-Za-z0-9])"),
}
"""Services whose codes have a form of their own; the group is the code."""
