"""Crisis lines and emergency numbers by country: who answers, who says so, entered when.

Kept by hand. Before a study starts in a country, somebody checks its row by calling the source;
a policy's own ``crisis_lines`` come first. Only lines that answer day and night stand here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class CrisisLine:
    """One country. ``words`` are fit to stand in a message, by language; English always."""

    emergency: str
    number: str
    words: Mapping[str, str]
    source: str
    entered_on: date = date(2026, 11, 22)


def _line(emergency: str, number: str, name: str, source: str, **local: str) -> CrisisLine:
    words = {"en": f"call {name} on {number}"} | local
    return CrisisLine(emergency, number, words, source)


LINES: Mapping[str, CrisisLine] = {
    "US": CrisisLine(
        "911",
        "988",
        {"en": "call or text 988", "es": "llama o envía un mensaje al 988"},
        "988 Suicide & Crisis Lifeline (SAMHSA)",
    ),
    "CA": CrisisLine(
        "911",
        "988",
        {"en": "call or text 988", "fr": "appelle ou texte le 988"},
        "9-8-8 Suicide Crisis Helpline (Public Health Agency of Canada)",
    ),
    "GB": _line("999", "116 123", "Samaritans", "Samaritans"),
    "IE": _line("112", "116 123", "Samaritans", "Samaritans Ireland"),
    "ES": _line("112", "024", "Línea 024", "Ministerio de Sanidad", es="llama al 024"),
    "FR": _line("112", "3114", "3114", "Ministère de la Santé: 3114", fr="appelle le 3114"),
    "DE": _line(
        "112",
        "0800 111 0 111",
        "TelefonSeelsorge",
        "TelefonSeelsorge Deutschland",
        de="TelefonSeelsorge 0800 111 0 111",
    ),
    "AT": _line(
        "112", "142", "Telefonseelsorge", "Telefonseelsorge Österreich", de="Telefonseelsorge 142"
    ),
    "CH": _line(
        "112",
        "143",
        "Die Dargebotene Hand",
        "Die Dargebotene Hand / La Main Tendue",
        de="Die Dargebotene Hand 143",
        fr="La Main Tendue 143",
    ),
    "NL": _line("112", "113", "113 Zelfmoordpreventie", "Stichting 113 Zelfmoordpreventie"),
    "BE": _line(
        "112",
        "1813",
        "Zelfmoordlijn",
        "Zelfmoordlijn 1813; Centre de Prévention du Suicide",
        fr="appelle le 0800 32 123",
    ),
    "AU": _line("000", "13 11 14", "Lifeline", "Lifeline Australia"),
    "NZ": CrisisLine(
        "111", "1737", {"en": "call or text 1737"}, "1737 Need to talk? (Whakarongorau Aotearoa)"
    ),
    "BR": _line("192", "188", "CVV", "Centro de Valorização da Vida", pt="ligue para o CVV, 188"),
    "IN": _line("112", "14416", "Tele MANAS", "Ministry of Health and Family Welfare: Tele MANAS"),
    "SE": _line("112", "90101", "Självmordslinjen", "Mind Självmordslinjen"),
    "NO": _line("113", "116 123", "Mental Helse Hjelpetelefonen", "Mental Helse"),
}

EMERGENCY_IN_THE_UNION = "112"
_MEMBERS = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
UNION = frozenset(_MEMBERS.split())


def line_for(jurisdiction: str | None, language: str | None) -> str | None:
    """Words for a participant's country and language; None where the table knows no line."""
    found = LINES.get(_country(jurisdiction))
    if found is None:
        return None
    base = (language or "en").lower().split("-")[0]
    return found.words.get(base, found.words["en"])


def emergency_number(jurisdiction: str | None) -> str | None:
    """The number for ambulance and police there; None where nobody entered one."""
    country = _country(jurisdiction)
    found = LINES.get(country)
    if found is not None:
        return found.emergency
    return EMERGENCY_IN_THE_UNION if country in UNION else None


def _country(jurisdiction: str | None) -> str:
    """ISO 3166-2 begins with the country."""
    return (jurisdiction or "").upper().split("-")[0]
