"""The whole desk as it is drawn: what was done, the card, the level asked for, form and actions."""

from oversight.domain.chance import own_level_first
from oversight.domain.errors import Refusal
from oversight.domain.permissions import Action
from oversight.logs import logger
from oversight.queries.faster import Faster
from oversight.queries.triage import Card
from oversight.services.people import Person
from oversight.ui import card as draw
from oversight.ui import presses
from oversight.ui.actions import action_row, mark, more_row, next_row, own_level_row
from oversight.ui.components import DeskView
from oversight.ui.desk import Desk
from oversight.ui.forms import form_of
from oversight.ui.in_hand import InHand, read
from oversight.ui.outcome import outcome, refusal
from oversight.ui.participant import participant_details
from oversight.ui.trouble import FAILED

log = logger(__name__)


def view_of(hand: Desk, person: Person) -> DeskView:
    """What this reader has before them now; what can be pressed on it is kept on the desk."""
    hand.name = person.name
    hand.offers.clear()
    hand.drawings += 1
    try:
        seen = read(hand, person)
    except (Refusal, ValueError, LookupError) as error:  # what a card can hold that no one knows
        log.error("a card could not be read", error=type(error).__name__)
        return _unreadable(hand)
    if seen.card is None:
        hand.item = None  # closed or unknown: laid aside
        return _nothing_in_hand(hand, seen)
    return _card(hand, seen, seen.card, person)


def _card(hand: Desk, seen: InHand, found: Card, person: Person) -> DeskView:
    mine = found.holder_id == person.id
    first = mine and hand.own_level is None and _judge_first(found)
    hand.judging = found.item_id if first else None
    hand.shown_at, hand.participant = f"{found.version}", found.participant
    writing = hand.form if mine else None
    hand.offers[(mark(found), presses.NEWER)] = lambda _answer: presses.show_newer()
    return DeskView(
        desk=hand.id,
        number=hand.drawings,
        after=outcome(hand, seen.sent, seen.lost),
        head=refusal(hand, seen.lost)
        + draw.heading(found, revealed=not first, mine=mine)
        + draw.warnings(found)
        + draw.escalation_line(found.escalation)
        + draw.questions(found)
        + draw.undelivered(found)
        + draw.said(found, revealed=not first),
        level=own_level_row(hand, found if first else None),
        body=_draft_and_model(found, revealed=not first, writing=writing)
        + participant_details(found),
        form=form_of(hand, found if writing else None),
        actions=action_row(hand, None if writing else found, person),
        more=more_row(hand, None if writing else found, mine=mine),
    )


def _judge_first(found: Card) -> bool:
    return own_level_first(found.severity, found.item_id, found.own_level_share)


def _draft_and_model(found: Card, *, revealed: bool, writing: str | None) -> str:
    """Side by side while reading; what a form already shows is not drawn twice beside it."""
    if writing == Action.EDIT:
        return ""
    if writing or not revealed:
        return draw.draft(found, revealed=revealed)
    return f'<div class="ov-pair">{draw.draft(found, revealed=True)}{draw.assessment(found)}</div>'


def _nothing_in_hand(hand: Desk, seen: InHand) -> DeskView:
    words = (
        "<h3>Nothing in hand</h3>"
        "<p>Take the next item when you are ready. The list updates by itself.</p>"
    )
    return _bare(hand, refusal(hand, seen.lost) + words, seen.lost, seen)


def _unreadable(hand: Desk) -> DeskView:
    return _bare(hand, draw.note(FAILED, kind="alarm"), None, None)


def _bare(hand: Desk, head: str, lost: Faster | None, seen: InHand | None) -> DeskView:
    hand.judging = None
    return DeskView(
        desk=hand.id,
        number=hand.drawings,
        after=outcome(hand, seen.sent if seen else None, lost),
        head=head,
        level=own_level_row(hand, None),
        body="",
        form=None,
        actions=next_row(hand),
        more=more_row(hand, None, mine=False),
    )
