"""Who is on the card: how to reach them, how they have been, and what they planned for a crisis."""

from collections.abc import Mapping, Sequence
from datetime import date

from oversight.domain.measures import Reading, band, most, readings
from oversight.queries.triage import Card
from oversight.ui.words import safe

PARTS = ("contacts", "collateral", "measures", "safety_plan", "consent")
TITLES = {"collateral": "Whom we may call for them"}
VERIFIED = ("verified", "date")
"""Where a card says when somebody last made sure that a contact is right."""


def participant_details(card: Card) -> str:
    """Contacts, measures and safety plan, for whoever has to call (HTML)."""
    shown = [
        f"<h4>{safe(TITLES.get(name) or _words(name))}</h4>{_part(name, card.profile[name], card)}"
        for name in PARTS
        if card.profile.get(name)
    ]
    words = "".join(shown) or "<p>Nothing is on this participant's card yet.</p>"
    return (
        '<details class="ov-details"><summary>Contacts, measures and safety plan</summary>'
        f"{words}</details>"
    )


def _part(name: str, content: object, card: Card) -> str:
    if name == "measures":
        return _measures(content)
    if name in ("contacts", "collateral") and isinstance(content, list):
        today = card.at.date()
        return f"<ul>{''.join(f'<li>{_contact(one, today)}</li>' for one in content)}</ul>"
    return _listed(content)


def _contact(one: object, today: date) -> str:
    """A contact, and when somebody last made sure that it is right."""
    if not isinstance(one, Mapping):
        return _inline(one)
    when = next((str(one[name]) for name in VERIFIED if one.get(name)), "")
    rest = {key: value for key, value in one.items() if key not in VERIFIED}
    told = _reach(rest) + (f" · {_inline(rest)}" if rest else "")
    return f'{told} <span class="ov-soft">({safe(_verified(when, today))})</span>'


def _reach(rest: dict[object, object]) -> str:
    """Takes out of ``rest`` what is needed to reach somebody, the number standing out (HTML)."""
    who = [str(rest.pop(name)) for name in ("name", "relation") if rest.get(name)]
    how = str(rest.pop("kind", "")).capitalize()
    number = str(rest.pop("value", "") or rest.pop("phone", ""))
    agreed = rest.pop("consented", None)
    told = f"{safe(', '.join(dict.fromkeys(who)))} {safe(how)} <b>{safe(number)}</b>".strip()
    if agreed is None:
        return told
    return told + (" · may be called" if agreed else " · <b>has not agreed to be called</b>")


def _verified(when: str, today: date) -> str:
    try:
        days = (today - date.fromisoformat(when[:10])).days
    except ValueError:
        return "not known when this was last verified"
    if days <= 0:
        return "last verified today"
    return f"last verified {days} {'day' if days == 1 else 'days'} ago"


def _measures(content: object) -> str:
    found = readings(content)
    if not found:
        return _listed(content)
    return f"<ul>{''.join(_series(name, values) for name, values in found.items())}</ul>"


def _series(name: str, values: Sequence[Reading]) -> str:
    """The last value in words, and all of them as small bars."""
    last = values[-1]
    parts = [f"{last.value:g}", band(name, last.value)]
    if len(values) > 1:
        change = last.value - values[-2].value
        parts.append("as before" if not change else f"{change:+g} since {values[-2].value:g}")
    if last.date:
        parts.append(last.date[:10])
    told = ", ".join(part for part in parts if part)
    return f"<li><b>{safe(name)}</b>: {safe(told)} {_bars(name, values)}</li>"


def _bars(name: str, values: Sequence[Reading]) -> str:
    if len(values) < 2:
        return ""
    top = most(name) or max(one.value for one in values) or 1
    bars = "".join(f'<i style="height:{100 * one.value / top:.0f}%"></i>' for one in values[-12:])
    spoken = ", ".join(f"{one.value:g}" for one in values[-12:])
    label = safe(f"{name} over time: {spoken}")
    return f'<span class="ov-trend" role="img" aria-label="{label}">{bars}</span>'


def _listed(content: object) -> str:
    if isinstance(content, dict):
        rows = (
            f"<li><b>{safe(_words(key))}</b>: {_listed(value)}</li>"
            for key, value in content.items()
        )
        return f"<ul>{''.join(rows)}</ul>"
    if isinstance(content, list):
        if all(not isinstance(one, dict | list) for one in content):
            return safe(", ".join(str(one) for one in content))
        return f"<ul>{''.join(f'<li>{_inline(one)}</li>' for one in content)}</ul>"
    return safe(_plain(content))


def _inline(content: object) -> str:
    if isinstance(content, dict):
        return safe(", ".join(f"{_words(key)}: {_plain(value)}" for key, value in content.items()))
    return safe(_plain(content))


def _plain(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _words(key: object) -> str:
    return str(key).replace("_", " ").capitalize()
