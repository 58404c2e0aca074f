"""The rules by which a number is the code, is none, or leaves a doubt."""

from __future__ import annotations

import pytest

from ringbolt.core.texts.codes import extract_code

RULES = [
    ("two codes are announced", "Your code is 482913. Your code is 715026.", None),
    ("the same one twice", "Code: 482913 (482 913)", "482913"),
    ("a list", "Never use 1234, 4321 or 1111 as your PIN.", None),
    ("more numbers than a message has", "code 482913 " + "and 71504 " * 40, None),
    ("what is announced is not understood", "Your card 4410: the code is pelican", None),
    ("another number with a noun", "Password reset by user 88412", None),
    ("what a request is about", "Your request for a code 88412 was received", None),
    ("whom it was sent to", "We sent a code to 715026", None),
    ("what is not to be typed", "Your code has 6 digits. Do not use 123456!", None),
    ("an old and a new one", "Your old code 4410 is void. Your new code is 9075", "9075"),
    ("an old one", "Code 4410 has been cancelled.", None),
    ("it will be invalid", "Code 482913 will be invalid in 5 minutes.", "482913"),
    ("a code of another kind", "Your error code is 4820", None),
    ("... of a kind that is not known", "Wumpus code 4820", None),
    ("... that is its reader's", "Your Wumpus code is 4820", "4820"),
    ("a whole word", "Your vscode build is 482913", None),
    ("a compound", "Your smsTAN: 482913", "482913"),
    ("a beginning only", "Decoder 482913", None),
    ("a promotion", "Use code SPRING24 for 20% off!", None),
    ("an amount before", "Code for EUR 482913", None),
    ("a unit after", "Your code for 4829 minutes", None),
    ("hidden digits", "Your code for 57******2", None),
    ("bold, not hidden", "Your code is **482913**", "482913"),
    ("capitals", "Your code is QWERTZ", "QWERTZ"),
    ("capitals among capitals", "YOUR CODE IS BLOCKED", None),
    ("a known word in capitals", "Your code is BLOCKED", None),
    ("signs with blanks", "Your code: 4 u 8 k u f", "4u8kuf"),
    ("the digits behind a name", "Enter PRH-929890 to approve with your OTP", "929890"),
    ("a name or a half", "Your code: QXZT-1234", None),
    ("on a line of its own", "Never share this code.\n590218", "590218"),
    ("the words of a service that is not known", "Zorp Glab: 482913", None),
    ("what others ask for", "If somebody asks you for code 482913, hang up.", None),
    ("what is not to be told", "Never share code 482913 with anyone.", None),
    ("what was typed before", "The code 482913 that you entered is not right.", None),
    ("what was typed, without a word for a code", "You entered 482913. 2 tries left.", None),
    ("what is not the code", "482913 is not your code.", None),
    ("a part of it", "Your code is the last 4 digits of 48291377.", None),
    ("a house", "Your door code is with the neighbour at no. 4821", None),
    ("what it is for, and it", "Your code for payment 88120 to Green Grocer is 340771", "340771"),
    ("what it is for, and what is not read", "Your code for payment 88120 to Ann is vjihm", None),
    ("a meter, and what is not read", "For meter 2019334 enter security code vjihmq", None),
    ("of a text for an app", "<#> Hostly code 207745 rQ8fPz1Lm3x", "207745"),
    ("what a question is about", "Got a text with code 482913 from a stranger?", None),
    ("a question after it", "Your code is 482913. Was it not you?", "482913"),
    (
        "whose it is, after it",
        "Sizden sifre 482913 isteyen kisilere itibar etmeyin",
        None,
    ),
    ("who is called", "Senha 482913: dirija-se ao guiche 7", None),
    ("a passcode to a sale", "Your passcode to the secret sale: VELVET26.", None),
    ("another number, shortened", "27A9XC ist Ihr Zugangscode (Kundennr. 448120).", "27A9XC"),
]


@pytest.mark.parametrize(
    ("text", "code"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES]
)
def test_rule(text: str, code: str | None) -> None:
    assert extract_code(text) == code


@pytest.mark.parametrize(
    ("service", "text", "code"),
    [
        ("wa", "Zorp WhatsApp glab 482-913", "482913"),
        ("tg", "Zorp glab Telegram 48010", "48010"),
        ("wa", "Your Acme code is 4829", None),
        ("wa", "Your WhatsApp code is 4829", "4829"),
        ("mt", "Steam zorp glab: QXKD2", None),
        ("mt", "Your Steam code is QXKDW", "QXKDW"),
        ("ot", "Zorp WhatsApp glab 482-913", None),
    ],
)
def test_form_of_the_ordered_service_counts_in_every_language(
    service: str, text: str, code: str | None
) -> None:
    assert extract_code(text, service) == code
