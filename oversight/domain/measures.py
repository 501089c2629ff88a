"""Reading a participant's card, whatever form a study uses: a low BMI must not be missed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

UNDERWEIGHT_BMI = 18.5
"""WHO: a body-mass index under 18.5 kg/m2 is underweight."""

BANDS: Mapping[str, tuple[int, Sequence[tuple[int, str]]]] = {
    "PHQ-9": (
        27,
        (
            (20, "severe"),
            (15, "moderately severe"),
            (10, "moderate"),
            (5, "mild"),
            (0, "minimal"),
        ),
    ),
    "GAD-7": (21, ((15, "severe"), (10, "moderate"), (5, "mild"), (0, "minimal"))),
}
"""Highest score, and the words from which score on: PHQ-9 after Kroenke, Spitzer and Williams
(2001), GAD-7 after Spitzer, Kroenke, Williams and Löwe (2006)."""


@dataclass(frozen=True)
class Reading:
    """One value of a measure; ``date`` in ISO 8601, empty where it is not known."""

    date: str
    value: float


def readings(measures: object) -> dict[str, list[Reading]]:
    """The values of each measure by its name, oldest first, as far as they can be read as numbers.

    Reads the same forms as ``underweight``.
    """
    found: dict[str, list[Reading]] = {}
    for name, date, value in _named(measures):
        found.setdefault(name, []).append(Reading(date, value))
    for values in found.values():
        values.sort(key=lambda one: one.date)
    return found


def band(name: str, value: float) -> str:
    """What a score is called; empty for measures without bands and values outside their range."""
    top, words = BANDS.get(name.upper(), (0, ()))
    return next((word for least, word in words if least <= value <= top), "")


def most(name: str) -> int | None:
    """The highest score that a measure has, where it is known."""
    return BANDS[name.upper()][0] if name.upper() in BANDS else None


def _named(measures: object) -> Iterator[tuple[str, str, float]]:
    if isinstance(measures, list):
        for one in measures:
            if isinstance(one, dict):
                name = next((str(one[key]) for key in _NAMES if one.get(key)), "")
                for date, value in _reading(one) if name else ():
                    yield name, date, value
    elif isinstance(measures, dict):
        for name, one in measures.items():
            for reading in one if isinstance(one, list) else [one]:
                for date, value in _reading(reading):
                    yield str(name), date, value


_NAMES = ("name", "instrument", "measure", "kind", "type")


def underweight(measures: object) -> bool:
    """Whether the newest body-mass index among ``measures`` is under 18.5 kg/m2.

    Reads a list of ``{"name": "BMI", "value": 17.4, "date": "2026-11-01"}`` (as documented) and
    a mapping such as ``{"BMI": 17.4}`` or ``{"bmi": {"value": 17.4, "date": …}}``. Dates compare
    as ISO 8601 text; without any BMI the answer is no.
    """
    readings = sorted(_bmis(measures), key=lambda reading: reading[0])
    return bool(readings) and readings[-1][1] < UNDERWEIGHT_BMI


def _bmis(measures: object) -> Iterator[tuple[str, float]]:
    """Dates ("" when unknown) and values of every BMI found."""
    if isinstance(measures, list):
        for one in measures:
            if isinstance(one, dict) and any(_is_bmi(one.get(name)) for name in _NAMES):
                yield from _reading(one)
            elif isinstance(one, dict):
                yield from _bmis(one)
    elif isinstance(measures, dict):
        for name, one in measures.items():
            if _is_bmi(name):
                for reading in one if isinstance(one, list) else [one]:
                    yield from _reading(reading)


def _reading(one: object) -> Iterator[tuple[str, float]]:
    date = ""
    if isinstance(one, dict):
        date, one = str(one.get("date", "")), one.get("value")
    if isinstance(one, str):
        try:
            one = float(one.replace(",", "."))
        except ValueError:
            return
    if isinstance(one, int | float) and not isinstance(one, bool):
        yield date, float(one)


def _is_bmi(name: object) -> bool:
    return isinstance(name, str) and name.strip().lower() in ("bmi", "body mass index")
