"""Reading a participant's card, whatever form a study uses: a low BMI must not be missed."""

from collections.abc import Iterator

UNDERWEIGHT_BMI = 18.5
"""WHO: a body-mass index under 18.5 kg/m2 is underweight."""

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
