"""Countries: every row of the compatible API's list, ISO and CLDR names, and what people write."""

from __future__ import annotations

import pytest

from ringbolt.core.countries import (
    AUTO,
    AUTO_SELECT,
    COUNTRIES,
    by_region,
    find_country,
    resolve_country,
)
from ringbolt.core.errors import InvalidInput, Role

API_LIST = """
999=Auto-Select; 0=Russia; 0=Russian; 1=Ukraine; 2=Kazakhstan; 3=China; 4=Philippines;
5=Myanmar; 6=Indonesia; 7=Malaysia; 8=Kenya; 9=Tanzania; 10=Vietnam; 11=Kyrgyzstan;
12=USA (virtual); 13=Israel; 14=HongKong; 15=Poland; 16=England; 16=United Kingdom; 18=DCongo;
19=Nigeria; 20=Macao; 21=Egypt; 22=India; 23=Ireland; 24=Cambodia; 25=Laos; 26=Haiti; 27=Ivory;
28=Gambia; 29=Serbia; 30=Yemen; 31=Southafrica; 32=Romania; 33=Colombia; 34=Estonia; 36=Canada;
37=Morocco; 38=Ghana; 39=Argentina; 40=Uzbekistan; 41=Cameroon; 42=Chad; 43=Germany;
44=Lithuania; 45=Croatia; 46=Sweden; 47=Iraq; 48=Netherlands; 49=Latvia; 50=Austria;
51=Belarus; 52=Thailand; 53=Saudiarabia; 54=Mexico; 55=Taiwan; 56=Spain; 58=Algeria;
59=Slovenia; 60=Bangladesh; 61=Senegal; 62=Turkey; 63=Czech; 64=Srilanka; 65=Peru; 66=Pakistan;
67=Newzealand; 68=Guinea; 69=Mali; 70=Venezuela; 71=Ethiopia; 72=Mongolia; 73=Brazil;
74=Afghanistan; 75=Uganda; 76=Angola; 77=Cyprus; 78=France; 79=Papua; 80=Mozambique; 81=Nepal;
82=Belgium; 83=Bulgaria; 84=Hungary; 85=Moldova; 86=Italy; 87=Paraguay; 88=Honduras;
89=Tunisia; 90=Nicaragua; 91=Timorleste; 92=Bolivia; 93=Costarica; 94=Guatemala; 95=Uae;
96=Zimbabwe; 97=Puertorico; 99=Togo; 100=Kuwait; 101=Salvador; 102=Libyan; 103=Jamaica;
104=Trinidad; 105=Ecuador; 106=Swaziland; 107=Oman; 108=Bosnia; 109=Dominican; 111=Qatar;
112=Panama; 114=Mauritania; 115=Sierraleone; 116=Jordan; 117=Portugal; 118=Barbados;
119=Burundi; 120=Benin; 121=Brunei; 122=Bahamas; 123=Botswana; 124=Belize; 125=Caf;
126=Dominica; 127=Grenada; 128=Georgia; 129=Greece; 130=Guineabissau; 131=Guyana; 132=Iceland;
133=Comoros; 134=Saintkitts; 135=Liberia; 136=Lesotho; 137=Malawi; 138=Namibia; 139=Niger;
140=Rwanda; 141=Slovakia; 142=Suriname; 143=Tajikistan; 144=Monaco; 145=Bahrain; 146=Reunion;
147=Zambia; 148=Armenia; 149=Somalia; 150=Congo; 151=Chile; 152=Furkinafaso; 153=Lebanon;
154=Gabon; 155=Albania; 156=Uruguay; 157=Mauritius; 158=Bhutan; 159=Maldives; 160=Guadeloupe;
161=Turkmenistan; 162=Frenchguiana; 163=Finland; 164=Saintlucia; 165=Luxembourg;
166=Saintvincentgrenadines; 167=Equatorialguinea; 168=Djibouti; 169=Antiguabarbuda;
170=Caymanislands; 171=Montenegro; 173=Switzerland; 174=Norway; 175=Australia; 176=Eritrea;
177=Southsudan; 178=Saotomeandprincipe; 179=Aruba; 180=Montserrat; 181=Anguilla;
183=Northmacedonia; 184=Seychelles; 185=Newcaledonia; 186=Capeverde; 187=USA;
187=United States; 187=United States of America; 189=Fiji; 190=Southkorea; 195=Bermuda;
196=Singapore
"""
"""The list of the sms4sats API as it is published, in its order."""

ISO_SHORT_NAMES = """
AE=United Arab Emirates (the); AF=Afghanistan; AG=Antigua and Barbuda; AI=Anguilla; AL=Albania;
AM=Armenia; AO=Angola; AR=Argentina; AT=Austria; AU=Australia; AW=Aruba;
BA=Bosnia and Herzegovina; BB=Barbados; BD=Bangladesh; BE=Belgium; BF=Burkina Faso;
BG=Bulgaria; BH=Bahrain; BI=Burundi; BJ=Benin; BM=Bermuda; BN=Brunei Darussalam;
BO=Bolivia (Plurinational State of); BR=Brazil; BS=Bahamas (the); BT=Bhutan; BW=Botswana;
BY=Belarus; BZ=Belize; CA=Canada; CD=Congo (the Democratic Republic of the);
CF=Central African Republic (the); CG=Congo (the); CH=Switzerland; CI=Côte d'Ivoire; CL=Chile;
CM=Cameroon; CN=China; CO=Colombia; CR=Costa Rica; CV=Cabo Verde; CY=Cyprus; CZ=Czechia;
DE=Germany; DJ=Djibouti; DM=Dominica; DO=Dominican Republic (the); DZ=Algeria; EC=Ecuador;
EE=Estonia; EG=Egypt; ER=Eritrea; ES=Spain; ET=Ethiopia; FI=Finland; FJ=Fiji; FR=France;
GA=Gabon; GB=United Kingdom of Great Britain and Northern Ireland (the); GD=Grenada;
GE=Georgia; GF=French Guiana; GH=Ghana; GM=Gambia (the); GN=Guinea; GP=Guadeloupe;
GQ=Equatorial Guinea; GR=Greece; GT=Guatemala; GW=Guinea-Bissau; GY=Guyana; HK=Hong Kong;
HN=Honduras; HR=Croatia; HT=Haiti; HU=Hungary; ID=Indonesia; IE=Ireland; IL=Israel; IN=India;
IQ=Iraq; IS=Iceland; IT=Italy; JM=Jamaica; JO=Jordan; KE=Kenya; KG=Kyrgyzstan; KH=Cambodia;
KM=Comoros (the); KN=Saint Kitts and Nevis; KR=Korea (the Republic of); KW=Kuwait;
KY=Cayman Islands (the); KZ=Kazakhstan; LA=Lao People's Democratic Republic (the); LB=Lebanon;
LC=Saint Lucia; LK=Sri Lanka; LR=Liberia; LS=Lesotho; LT=Lithuania; LU=Luxembourg; LV=Latvia;
LY=Libya; MA=Morocco; MC=Monaco; MD=Moldova (the Republic of); ME=Montenegro;
MK=North Macedonia; ML=Mali; MM=Myanmar; MN=Mongolia; MO=Macao; MR=Mauritania; MS=Montserrat;
MU=Mauritius; MV=Maldives; MW=Malawi; MX=Mexico; MY=Malaysia; MZ=Mozambique; NA=Namibia;
NC=New Caledonia; NE=Niger (the); NG=Nigeria; NI=Nicaragua; NL=Netherlands (Kingdom of the);
NO=Norway; NP=Nepal; NZ=New Zealand; OM=Oman; PA=Panama; PE=Peru; PG=Papua New Guinea;
PH=Philippines (the); PK=Pakistan; PL=Poland; PR=Puerto Rico; PT=Portugal; PY=Paraguay;
QA=Qatar; RE=Réunion; RO=Romania; RS=Serbia; RU=Russian Federation (the); RW=Rwanda;
SA=Saudi Arabia; SC=Seychelles; SE=Sweden; SG=Singapore; SI=Slovenia; SK=Slovakia;
SL=Sierra Leone; SN=Senegal; SO=Somalia; SR=Suriname; SS=South Sudan; ST=Sao Tome and Principe;
SV=El Salvador; SZ=Eswatini; TD=Chad; TG=Togo; TH=Thailand; TJ=Tajikistan; TL=Timor-Leste;
TM=Turkmenistan; TN=Tunisia; TR=Türkiye; TT=Trinidad and Tobago; TW=Taiwan (Province of China);
TZ=Tanzania (the United Republic of); UA=Ukraine; UG=Uganda; US=United States of America (the);
UY=Uruguay; UZ=Uzbekistan; VC=Saint Vincent and the Grenadines;
VE=Venezuela (Bolivarian Republic of); VN=Viet Nam; YE=Yemen; ZA=South Africa; ZM=Zambia;
ZW=Zimbabwe
"""

CLDR_NAMES = """
AE=United Arab Emirates; AG=Antigua & Barbuda; BA=Bosnia & Herzegovina; BN=Brunei; BO=Bolivia;
BS=Bahamas; CD=Congo - Kinshasa; CF=Central African Republic; CG=Congo - Brazzaville;
CI=Côte d’Ivoire; CV=Cape Verde; DO=Dominican Republic; GB=United Kingdom; GM=Gambia;
HK=Hong Kong SAR China; KM=Comoros; KN=St. Kitts & Nevis; KR=South Korea; KY=Cayman Islands;
LA=Laos; LC=St. Lucia; MD=Moldova; MM=Myanmar (Burma); MO=Macao SAR China; NE=Niger;
NL=Netherlands; PH=Philippines; RU=Russia; ST=São Tomé & Príncipe; TT=Trinidad & Tobago;
TW=Taiwan; TZ=Tanzania; US=United States; VC=St. Vincent & Grenadines; VE=Venezuela;
VN=Vietnam
"""
"""English; those that ISO writes alike are left out."""


def pairs(block: str) -> list[tuple[str, str]]:
    items = (item for line in block.strip().splitlines() for item in line.rstrip(";").split("; "))
    return [(left, right) for left, right in (item.split("=", 1) for item in items)]


def cc_of(value: int | float | str) -> int | None:
    country = find_country(value)
    return country.cc if country else None


def region_of(value: str) -> str | None:
    country = find_country(value)
    return country.region if country else None


ROWS = [(int(cc), name) for cc, name in pairs(API_LIST)]


def test_list_of_the_api_is_whole() -> None:
    assert len(ROWS) == 189
    assert {cc for cc, _ in ROWS} == {AUTO, *COUNTRIES}


@pytest.mark.parametrize(("cc", "name"), ROWS)
def test_row_of_the_api_resolves_as_written(cc: int, name: str) -> None:
    assert [cc_of(form) for form in (name, name.upper(), name.lower(), f" {name} ")] == [cc] * 4
    assert [cc_of(form) for form in (cc, str(cc), float(cc))] == [cc] * 3


def test_name_shown_is_the_first_spelling_of_the_api() -> None:
    first: dict[int, str] = {}
    for cc, name in ROWS:
        first.setdefault(cc, name)
    first.pop(AUTO)

    assert {country.cc: country.name for country in COUNTRIES.values()} == first
    assert all(country.names[0] == country.name for country in COUNTRIES.values())


def test_countries_stand_in_the_order_of_their_numbers() -> None:
    assert list(COUNTRIES) == sorted(COUNTRIES)
    assert len(COUNTRIES) == 184


def test_every_country_has_an_iso_code_and_only_the_united_states_stand_twice() -> None:
    regions = [country.region for country in COUNTRIES.values()]

    assert [region for region in set(regions) if regions.count(region) > 1] == ["US"]
    assert {region for region, _ in pairs(ISO_SHORT_NAMES)} == set(regions)


@pytest.mark.parametrize(("region", "name"), pairs(ISO_SHORT_NAMES))
def test_iso_code_and_short_name_resolve(region: str, name: str) -> None:
    forms = (region, region.lower(), name, name.upper(), name.removesuffix(" (the)"))

    assert [region_of(form) for form in forms] == [region] * 5
    assert by_region(region) == find_country(region)


@pytest.mark.parametrize(("region", "name"), pairs(CLDR_NAMES))
def test_cldr_name_resolves(region: str, name: str) -> None:
    assert region_of(name) == region


@pytest.mark.parametrize(
    ("alpha3", "cc"),
    [("RUS", 0), ("gbr", 16), ("COD", 18), ("CAF", 125), ("DOM", 109), ("DMA", 126), ("Usa", 187)],
)
def test_three_letter_iso_code_resolves(alpha3: str, cc: int) -> None:
    assert cc_of(alpha3) == cc


@pytest.mark.parametrize(
    ("region", "names"),
    [
        ("AE", "UAE|U.A.E.|Emirates|the United Arab Emirates"),
        ("AG", "Antigua and Barbuda|Antigua & Barbuda|Antigua"),
        ("BA", "Bosnia and Herzegovina|Bosnia & Herzegovina|Bosnia-Herzegovina|bosnia"),
        ("BF", "Burkina Faso|Burkinafaso|burkina-faso"),
        ("CD", "DR Congo|DRC|Democratic Republic of the Congo|Congo (DRC)|Congo-Kinshasa|Zaire"),
        ("CG", "Congo|Republic of the Congo|Congo-Brazzaville"),
        ("CI", "Ivory Coast|Côte d'Ivoire|Cote d’Ivoire|COTE DIVOIRE"),
        ("CV", "Cape Verde|Cabo Verde"),
        ("CZ", "Czech Republic|Czechia|The Czech Republic"),
        ("GB", "Great Britain|UK|U.K.|Britain|england|United Kingdom|Scotland"),
        ("HK", "Hong Kong|Hong Kong SAR China|hong-kong|HK"),
        ("KN", "St. Kitts & Nevis|St Kitts and Nevis|Saint Kitts and Nevis|St. Kitts"),
        ("KR", "Korea|South Korea|Republic of Korea|Korea, Republic of|Korea, South"),
        ("LC", "St. Lucia|St Lucia|Saint Lucia|SAINT LUCIA"),
        ("MK", "Macedonia|North Macedonia|FYROM"),
        ("MM", "Burma|Myanmar (Burma)"),
        ("MO", "Macau|Macao|Macao SAR China"),
        ("NL", "Holland|The Netherlands|Kingdom of the Netherlands"),
        ("PH", "the Philippines|Philippines"),
        ("RE", "Reunion|Réunion|Re\u0301union"),
        ("SZ", "Swaziland|Eswatini"),
        ("TL", "East Timor|Timor-Leste|Timor Leste"),
        ("TR", "Türkiye|Turkiye|Tu\u0308rkiye|Turkey"),
        ("TT", "Trinidad and Tobago|Trinidad & Tobago|Trinidad And  Tobago"),
        ("US", "US|U.S.|U.S.A.|usa|United States|the United States of America|America"),
        ("VC", "St. Vincent & Grenadines|Saint Vincent and the Grenadines|St. Vincent"),
        ("VN", "Viet Nam|Vietnam|VIETNAM"),
    ],
)
def test_common_name_resolves(region: str, names: str) -> None:
    assert {name: region_of(name) for name in names.split("|")} == dict.fromkeys(
        names.split("|"), region
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Dominica", "Dominican"),
        ("Congo", "DCongo"),
        ("Guinea", "Equatorial Guinea"),
        ("Guinea", "Guinea-Bissau"),
        ("Guinea", "Papua New Guinea"),
        ("Niger", "Nigeria"),
        ("Ireland", "Northern Ireland"),
        ("Guyana", "French Guiana"),
        ("Georgia", "USA"),
    ],
)
def test_countries_of_like_names_are_distinguished(one: str, other: str) -> None:
    assert cc_of(one) is not None
    assert cc_of(other) is not None
    assert cc_of(one) != cc_of(other)


@pytest.mark.parametrize(("number", "region"), [("1", "UA"), (44, "LT"), ("49", "LV"), (33, "CO")])
def test_number_is_the_api_s_and_not_a_calling_code(number: int | str, region: str) -> None:
    country = find_country(number)

    assert country is not None
    assert country.region == region


def test_united_states_by_name_or_code_are_the_real_numbers() -> None:
    assert [cc_of(name) for name in ("US", "USA", "United States", 187)] == [187] * 4
    assert [cc_of(name) for name in ("USA (virtual)", "usa virtual", 12)] == [12] * 3
    assert by_region("US") == COUNTRIES[187]
    assert COUNTRIES[12].region == "US"


@pytest.mark.parametrize(
    "value", [999, "999", 999.0, "auto", "AUTO", "Auto-Select", "auto select", "Automatic"]
)
def test_automatic_selection_is_a_country_without_a_region(value: int | float | str) -> None:
    assert find_country(value) is AUTO_SELECT
    assert (AUTO_SELECT.cc, AUTO_SELECT.region) == (999, "")


@pytest.mark.parametrize(
    "value",
    [
        "", " ", "-", "?", -1, 17, 35, 57, 197, 1000, 10**30, "-1", "+1", "+44", "1.5", 187.5,
        float("nan"), float("inf"), True, False, "9" * 5000, "Atlantis", "Denmark", "DK", "Japan",
        "North Korea", "Korea (the Democratic People's Republic of)", "Sudan", "germany1", "(the)",
        "and", "一", "x" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_country_is_unknown(value: int | float | str) -> None:
    assert find_country(value) is None
    with pytest.raises(InvalidInput) as refused:
        resolve_country(value)
    assert (refused.value.code, refused.value.role) == ("UNKNOWN_COUNTRY", Role.COUNTRY)


def test_number_of_thousands_of_digits_is_refused_like_any_other() -> None:
    with pytest.raises(InvalidInput, match="of such a number"):
        resolve_country(10**5000)


def test_digits_of_any_width_are_a_number() -> None:
    assert cc_of("１８７") == 187
    assert cc_of("007") == 7


@pytest.mark.parametrize(
    ("written", "meant"),
    [("Germny", '"Germany" (43)'), ("Untied States", "(187)"), ("Phillippines", "(4)")],
)
def test_misspelt_country_is_suggested(written: str, meant: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        resolve_country(written)

    assert meant in refused.value.suggestion


def test_unknown_country_is_answered_with_what_can_be_written() -> None:
    with pytest.raises(InvalidInput) as refused:
        resolve_country(17)

    assert "not a calling code" in refused.value.suggestion


@pytest.mark.parametrize("region", ["", "XX", "DK", "DEU", "Germany", "43"])
def test_region_without_a_country_is_none(region: str) -> None:
    assert by_region(region) is None
