"""The console's colours can be read: WCAG 2.2 contrast of every pair that the theme can produce."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HUES = ("red", "orange", "yellow", "green", "blue", "violet", "gray")


def _theme(mode: str) -> dict[str, Any]:
    with (ROOT / ".streamlit" / "config.toml").open("rb") as file:
        theme: dict[str, Any] = tomllib.load(file)["theme"][mode]
    return theme


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_black_on_white_is_the_largest() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read_on_every_surface(mode: str) -> None:
    theme = _theme(mode)
    surfaces = [theme["backgroundColor"], theme["secondaryBackgroundColor"]]
    surfaces += [theme["sidebar"]["backgroundColor"]]
    texts = [theme["textColor"], theme["linkColor"], theme["codeTextColor"]]
    texts += [theme[f"{hue}TextColor"] for hue in HUES]
    for text, surface in itertools.product(texts, surfaces):
        assert contrast(text, surface) >= 4.5, (text, surface)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("hue", HUES)
def test_coloured_text_can_be_read_on_its_own_tint(mode: str, hue: str) -> None:
    theme = _theme(mode)
    assert contrast(theme[f"{hue}TextColor"], theme[f"{hue}BackgroundColor"]) >= 4.5
    assert contrast(theme["textColor"], theme[f"{hue}BackgroundColor"]) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_accents_stand_out_and_carry_white_words(mode: str) -> None:
    theme = _theme(mode)
    assert contrast(theme["primaryColor"], "#ffffff") >= 4.5
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= 3
    for hue in HUES:
        assert contrast(theme[f"{hue}Color"], theme["backgroundColor"]) >= 3, hue
    for colour in theme["chartCategoricalColors"]:
        assert contrast(colour, theme["backgroundColor"]) >= 3, colour
