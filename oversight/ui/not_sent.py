"""After losing a race: what won, by whom, and one's own words, which nobody sent."""

from collections.abc import Mapping, Sequence

from oversight.domain.words import DecisionKind
from oversight.queries.faster import Faster
from oversight.ui.components import RowButton
from oversight.ui.words import moment, safe

DID: Mapping[DecisionKind, str] = {
    DecisionKind.APPROVE: "approved the draft",
    DecisionKind.EDIT: "sent the draft, edited",
    DecisionKind.REPLACE: "sent their own words",
    DecisionKind.WITHHOLD: "withheld the draft",
    DecisionKind.MARK_READ: "marked it as read",
    DecisionKind.RESEND: "sent an earlier text again",
    DecisionKind.REACHED: "noted that the participant was reached another way",
}


LAY_ASIDE = RowButton("lay-aside", "Close this")


def not_sent(lost: Faster | None) -> str:
    """Both texts, the winner's with its author (HTML); nothing when no race was lost."""
    if lost is None:
        return ""
    parts = [f"<p><b>{safe(_what_won(lost))}</b></p>"]
    if lost.text is not None:
        parts.append(f'<div class="ov-words ov-won" dir="auto">{safe(lost.text)}</div>')
    if lost.own_text:
        parts.append("<p><b>Your words, not sent</b></p>")
        parts.append(f'<div class="ov-words ov-own" dir="auto">{safe(lost.own_text)}</div>')
    return f'<section class="ov-not-sent" aria-label="Not sent">{"".join(parts)}</section>'


def own_words(lost: Faster) -> Sequence[RowButton]:
    """A button that copies one's own words, where there are any; the record keeps them too."""
    return [RowButton("copy", "Copy my words", copies=lost.own_text)] if lost.own_text else []


def _what_won(found: Faster) -> str:
    if found.kind is None:
        return f"{found.name} has had {found.participant} open since {moment(found.at)}."
    did = DID.get(found.kind, "decided")
    return f"{found.name} {did} for {found.participant} at {moment(found.at)}."
