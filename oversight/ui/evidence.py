"""Marking the words that moved a score: by a line and a number, never by colour alone."""

from oversight.domain.flags import FLAG_TEXT
from oversight.queries.evidence import EvidenceView
from oversight.ui.words import safe

NOT_KNOWN = "Which words moved the score is not known."
NONE_STAND_OUT = "No words stand out: the score rests on the text as a whole."
MOVED = "Underlined: these words moved the score most; it may be wrong."


def marked(text: str, evidence: EvidenceView | None) -> str:
    """The text as HTML with its weightiest words underlined and numbered, 1 the heaviest."""
    if evidence is None:
        return safe(text)
    orders = {span: order for order, span in enumerate(evidence.spans, start=1)}
    parts, at = [], 0
    for start, end in sorted(orders):
        if start < at or end > len(text):
            continue
        parts.append(safe(text[at:start]))
        number = orders[start, end]
        parts.append(
            f'<mark class="ov-moved">{safe(text[start:end])}'
            f'<sup><span class="ov-unseen"> moved the score, number </span>{number}</sup></mark>'
        )
        at = end
    return "".join([*parts, safe(text[at:])])


def legend(evidence: EvidenceView | None) -> str:
    """One line under the text that says what the marks are; nothing without marks."""
    if evidence is None or not evidence.spans:
        return ""
    if evidence.flag is None:
        words = MOVED
    else:
        flag = FLAG_TEXT[evidence.flag]
        words = f"Underlined: these words moved “{flag}” most; it may be wrong."
    return f'<p class="ov-soft ov-legend">{safe(words)}</p>'


def absence(evidence: EvidenceView | None) -> str:
    """What to say where no words are marked; nothing where some are."""
    if evidence is None:
        return f'<p class="ov-soft">{NOT_KNOWN}</p>'
    return "" if evidence.spans else f'<p class="ov-soft">{NONE_STAND_OUT}</p>'
