"""The services whose texts are received, by the short codes that number providers share.

The table is the fallback for names and for what a buyer may write; what is on offer, a provider
says at run time. Codes are those of the sms-activate protocol family.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ringbolt.core.errors import InvalidInput

ANY_OTHER: Final = "ot"
"""The service of an activation whose sender has no code of its own."""

FULL_RENT: Final = "full"
"""The service of a rental that receives from everybody."""

MAX_LENGTH: Final = 64

_SCRIPTED = re.compile(r"sim-[a-z0-9](?:[a-z0-9-]{0,26}[a-z0-9])?")

_TABLE: Final = """
vk vk.com|VK|VKontakte
ok Ok.ru|Odnoklassniki
wa WhatsApp
vi Viber
tg Telegram
wb WeChat|Weixin
go Google|Gmail|YouTube|Google, YouTube, Gmail
fb Facebook
tw Twitter|X|Twitter/X|X (Twitter)|x.com
ub Uber
ig Instagram
ds Discord
lf TikTok
fu Snapchat
am Amazon
mm Microsoft|Outlook|Hotmail|Azure
mb Yahoo
ma Mail.ru
ya Yandex
mt Steam
oi Tinder
me LINE|LINE messenger
kt KakaoTalk|Kakao
nv Naver
nf Netflix
tn LinkedIn
pm AOL
qq Tencent QQ
uk Airbnb
dp ProtonMail|Proton Mail|Proton
dh eBay
ab Alibaba|Taobao
hw AliPay
im Imo
pf POF|Plenty of Fish|POF.com
yw Grindr
re Coinbase
zk Deliveroo
ew Nike
bl BIGO|BIGO LIVE
ls Careem
tx Bolt
ka Shopee
zh Zoho
ua BlaBlaCar
kf Weibo
xv Wish
av Avito
ym Youla|Youla.ru
qw Qiwi
sn OLX
uu Wildberries
sg Ozon
lr Okta
kl kolesa|kolesa.kz
ot Any other|Other|Any
dr openAI|OpenAI|ChatGPT
ts PayPal
wx Apple
full Full rent|Full rental
"""
"""A line is a code, a blank, and its names; the first is the one shown."""


@dataclass(frozen=True, slots=True)
class Service:
    """``code`` is what providers and orders use, ``name`` what is shown."""

    code: str
    name: str


def _squashed(text: str) -> str:
    letters = unicodedata.normalize("NFKC", text).lower()
    return "".join(sign for sign in letters if sign.isascii() and sign.isalnum())


_Table = tuple[dict[str, Service], dict[str, Service], dict[str, tuple[str, ...]]]


def _read(table: str) -> _Table:
    services: dict[str, Service] = {}
    by_name: dict[str, Service] = {}
    names_of: dict[str, tuple[str, ...]] = {}
    for line in table.strip().splitlines():
        code, names = line.split(" ", 1)
        names_of[code] = tuple(names.split("|"))
        service = services[code] = Service(code, names_of[code][0])
        for name in names_of[code]:
            if by_name.setdefault(_squashed(name), service) is not service:
                raise ValueError(f"{name!r} names two services")
    return services, by_name, names_of


_services, _BY_NAME, _names = _read(_TABLE)

SERVICES: Final = MappingProxyType(_services)
"""Every service of the table by its code."""

SERVICE_NAMES: Final = MappingProxyType(_names)
"""All names of each service, by its code."""


def find_service(text: str, *, scripted_allowed: bool = False) -> Service | None:
    """A service by its code, else by a name, in any case; None if there is none such.

    ``scripted_allowed``: codes ``sim-...`` are the simulated world's own and pass as they are;
    true only while the number provider is simulated.
    """
    if len(text) > MAX_LENGTH:
        return None
    code = text.strip().lower()
    if scripted_allowed and _SCRIPTED.fullmatch(code):
        return Service(code, code)
    return SERVICES.get(code) or _BY_NAME.get(_squashed(code))


def resolve_service(text: str, *, scripted_allowed: bool = False) -> Service:
    """As ``find_service``, but raises ``InvalidInput`` (``UNKNOWN_SERVICE``)."""
    service = find_service(text, scripted_allowed=scripted_allowed)
    if service is None:
        raise InvalidInput(
            f"There is no service {text[:MAX_LENGTH]!r}.",
            code="UNKNOWN_SERVICE",
            field="service",
            suggestion=_suggestion(text),
        )
    return service


def _suggestion(text: str) -> str:
    near = difflib.get_close_matches(_squashed(text[:MAX_LENGTH]), _BY_NAME, n=1, cutoff=0.75)
    if near:
        service = _BY_NAME[near[0]]
        return f'Did you mean "{service.code}" ({service.name})?'
    return (
        'Use a code such as "tg", or a name such as "Telegram". '
        f'"{ANY_OTHER}" receives from any service without a code.'
    )
