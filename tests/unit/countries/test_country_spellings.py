"""Countries as providers of numbers and people of many languages write them, and near misses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.core.countries import AUTO, COUNTRIES, find_country, resolve_country
from ringbolt.core.country_spellings import names
from ringbolt.core.errors import InvalidInput
from ringbolt.core.tables import table_rows

PROVIDERS = [
    (row["list"], int(row["cc"]), row["name"])
    for row in table_rows((Path(__file__).parent / "providers.csv").read_text(encoding="utf-8"))
]
LOCALES = (
    "ar", "bg", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hr", "hu", "id",
    "it", "ja", "ko", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sv", "th", "tr", "uk", "vi",
    "zh_Hans", "zh_Hant",
)  # fmt: skip
AMBIGUOUS = {("pt", "GY"), ("vi", "RU"), ("pl", "CG"), ("nb", "CD")}
"""Guiana: also a common name of French Guiana. Nga: the ISO code of Nigeria. Kongo: which one?"""


def cc_of(value: str) -> int | None:
    country = find_country(value)
    return country.cc if country else None


def suggestion(value: str) -> str:
    with pytest.raises(InvalidInput) as refused:
        resolve_country(value)
    assert refused.value.code == "UNKNOWN_COUNTRY"
    return refused.value.suggestion


def test_every_spelling_of_the_providers_is_understood() -> None:
    wrong = [(name, cc, cc_of(name)) for _, cc, name in PROVIDERS if cc_of(name) != cc]
    assert wrong == []


def test_countries_are_understood_as_people_write_them() -> None:
    rows = table_rows((Path(__file__).parent / "people.csv").read_text(encoding="utf-8"))
    read = [(row["name"], int(row["cc"]) if row["cc"] else None) for row in rows]
    assert {name: cc_of(name) for name, _ in read} == dict(read)


def test_the_lists_of_the_providers_hold_every_country() -> None:
    for which in ("eng", "rus", "chn"):
        assert {cc for kind, cc, _ in PROVIDERS if kind == which} >= set(COUNTRIES) - {12, 187}


@pytest.mark.parametrize("locale", LOCALES)
def test_the_names_of_cldr_are_understood(locale: str) -> None:
    territories = Locale.parse(locale).territories
    wrong = {
        territories[country.region]: cc_of(territories[country.region])
        for country in COUNTRIES.values()
        if country.cc != 12
        and (locale, country.region) not in AMBIGUOUS
        and cc_of(territories[country.region]) != country.cc
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("written", "cc"),
    [
        ("Papua new gvineya", 79),
        ("Lao People`s", 25),
        ("Lao People's", 25),
        ("Argentinas", 39),
        ("Nambia", 138),
        ("Congo (Dem. Republic)", 18),
        ("Cote d`Ivoire Ivory Coast", 27),
        ("Cote d'Ivoire/Ivory Coast", 27),
        ("United States virt", 12),
        ("dominicana", 109),
        ("tit", 104),
        ("bhutane", 158),
        ("Türkiye (Turkey)", 62),
        ("TURKEY / TÜRKİYE", 62),
        ("Myanmar/Burma", 5),
        ("Germany (DE)", 43),
        ("DE Germany", 43),
        ("Germany - Deutschland", 43),
        ("Germany (43)", 43),  # as a suggestion writes it
        ("\U0001f1e9\U0001f1ea", 43),
        ("\U0001f1fa\U0001f1f8 USA", 187),
        ("United States (USA)", 187),
        ("Moldova, Republic of", 85),
        ("the Republic of Moldova", 85),
        ("Tanzania, United Republic of", 9),
        ("Macedonia, the former Yugoslav Republic of", 183),
        ("Guinea, Equatorial", 167),
        ("Guinea (Bissau)", 130),
        ("Korea, Rep. of", 190),
        ("CÔTE D´IVOIRE", 27),
        ("Saint-Kitts-and-Nevis", 134),
        ("Bahamas, The", 122),
        ("papua_new_guinea", 79),
        ("Ελλάδα", 129),
        ("ישראל", 13),
        ("مصر", 21),
        ("Україна", 1),
        ("Россия", 0),
        ("США (виртуальные)", 12),
        ("Дем. Конго", 18),
        ("Конго", 150),
        ("丁烷", 158),  # butane: a provider's translation of Bhutan
        ("美国（虚拟）", 12),
        ("any country", AUTO),
        ("187.0", 187),  # out of a spreadsheet
    ],
)
def test_a_country_is_understood_as_it_is_written(written: str, cc: int) -> None:
    assert cc_of(written) == cc


@pytest.mark.parametrize(
    ("cc", "written"),
    [
        (68, "Guinea|Republic of Guinea|Guinea Conakry|Guinée|Гвинея|几内亚"),
        (167, "Equatorial Guinea|Guinea Ecuatorial|Экваториальная Гвинея|赤道几内亚|Eq. Guinea"),
        (130, "Guinea-Bissau|Guinea Bissau|Guiné-Bissau|Гвинея-Бисау|幾內亞比紹"),
        (79, "Papua|Papua New Guinea|New Guinea (Papua)|PNG|Папуа-Новая Гвинея"),
        (139, "Niger|Niger Republic|Republic of the Niger|Нигер|Níger|尼日爾"),
        (19, "Nigeria|Federal Republic of Nigeria|Нигерия|尼日利亚"),
        (126, "Dominica|Commonwealth of Dominica|Доминика|Dominika|多米尼克"),
        (109, "Dominican|Dominican Republic|República Dominicana|Доминикана|Dominican Rep."),
        (150, "Congo|Republic of the Congo|Congo Republic|Congo-Brazzaville|刚果（布）|CG"),
        (18, "DCongo|DR Congo|Democratic Republic of the Congo|Congo, Dem. Rep.|刚果（金）|CD"),
        (190, "Korea|South Korea|Korea, South|Republic of Korea|Южная Корея|대한민국|韩国"),
        (131, "Guyana|Гайана|圭亞那"),
        (162, "French Guiana|Guyane française|Französisch-Guayana|法属圭亚那"),
        (55, "Taiwan|Republic of China|ROC|台湾"),
        (3, "China|People's Republic of China|PRC|中国"),
        (177, "South Sudan|Sudan, South|Южный Судан"),
        (23, "Ireland|Republic of Ireland|Irlande|Irland"),
        (132, "Iceland|Island|Islandia"),
        (50, "Austria|Österreich|Австрия|奥地利"),
        (175, "Australia|Австралия|澳大利亞"),
        (141, "Slovakia|Slovak Republic|Slovensko"),
        (59, "Slovenia|Slovenija|Словения"),
        (114, "Mauritania|Мавритания"),
        (157, "Mauritius|Маврикий"),
        (147, "Zambia|Замбия"),
        (28, "Gambia|Гамбия"),
        (126, "DM|DMA"),
        (109, "DO|DOM"),
        (12, "USA (virtual)|USA virt|usv"),
        (187, "USA|U.S.|United States|USA (Physical)"),
        (128, "Georgia|Republic of Georgia|Грузия|Sakartvelo"),
    ],
)
def test_countries_of_like_names_are_not_mixed_up(cc: int, written: str) -> None:
    assert {name: cc_of(name) for name in written.split("|")} == dict.fromkeys(
        written.split("|"), cc
    )


@pytest.mark.parametrize(
    "written",
    [
        "North Korea", "Korea, North", "Korea (the Democratic People's Republic of)", "DPRK",
        "КНДР", "Sudan", "Republic of the Sudan", "Samoa", "American Samoa", "Denmark", "Japan",
        "日本", "Дания", "Virgin Islands", "United", "Republic", "Kingdom", "Saint", "South",
        "Korea, Democratic People's Republic of", "Atlantis", "(((", "/", "\u200b",
        "the Republic of",
        "Congo/Nigeria/x", "\U0001f1e9", "\U0001f600" * 20,
    ],
)  # fmt: skip
def test_what_is_no_country_here_is_none(written: str) -> None:
    assert find_country(written) is None


@pytest.mark.parametrize(
    "written", ["North Korea", "Sudan", "Japan", "JP", "ps", "Samoa", "American Samoa"]
)
def test_for_a_country_without_numbers_no_other_one_is_suggested(written: str) -> None:
    with pytest.raises(InvalidInput, match=f"no numbers of '{written}' here"):
        resolve_country(written)
    assert "/getCountries" in suggestion(written)


def test_a_name_of_several_countries_is_called_that() -> None:
    with pytest.raises(InvalidInput, match="'Guiana' is the name of more than one country"):
        resolve_country("Guiana")


@pytest.mark.parametrize(
    ("written", "suggested"),
    [
        ("Republic of Dominica", '"Dominican" (109) or "Dominica" (126)'),
        ("Dominica Rep.", '"Dominican" (109) or "Dominica" (126)'),
        ("刚果", '"DCongo" (18) or "Congo" (150)'),
        ("Guiana", '"Guyana" (131) or "Frenchguiana" (162)'),
        ("Niger/Nigeria", '"Nigeria" (19) or "Niger" (139)'),
        ("Congo (CD)", '"DCongo" (18) or "Congo" (150)'),
        ("Georgia, US", '"Georgia" (128) or "USA" (187)'),
        ("Nigera", '"Nigeria" (19) or "Niger" (139)'),
        ("Germny", '"Germany" (43)'),
        ("Austrlia", '"Australia" (175)'),
        ("Alemagne", '"Germany" (43)'),
        ("Герамния", '"Germany" (43)'),
    ],
)
def test_where_two_fit_or_it_is_misspelt_countries_are_suggested_and_none_is_taken(
    written: str, suggested: str
) -> None:
    assert find_country(written) is None
    assert suggested in suggestion(written)


SPELLINGS = [
    *((frozenset({cc}), name) for _, cc, name in PROVIDERS),
    *((numbers, name) for numbers, name in names() if len(numbers) == 1),
]


CHANGES: list[Callable[[str], str]] = [str.upper, str.lower, str.title, str.swapcase, str.strip]


@given(st.sampled_from(SPELLINGS), st.data())
def test_case_blanks_hyphens_and_apostrophes_change_nothing(
    spelling: tuple[frozenset[int], str], data: st.DataObject
) -> None:
    numbers, name = spelling
    change = data.draw(st.sampled_from(CHANGES))
    blank = data.draw(st.sampled_from([" ", "-", "_", "  ", "\u00a0", "\t", " \u200b"]))
    ends = data.draw(st.sampled_from(["", " ", "\ufeff", "\n", "."]))
    assert cc_of(f"{ends}{change(name).replace(' ', blank)}{ends}") == next(iter(numbers))
