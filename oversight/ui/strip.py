"""What stands on every page: whether one's pager works, who else is on, and that nobody is."""

from collections.abc import Sequence
from datetime import datetime

from oversight.domain.stopping import OnCallWord
from oversight.queries.pages import PagerState
from oversight.queries.people import Reader
from oversight.queries.watching import Watch
from oversight.services.people import Person
from oversight.ui.on_call import pager_words
from oversight.ui.words import safe

NOBODY_WORDS = {
    OnCallWord.NOBODY.value: "Nobody is on call.",
    OnCallWord.UNANSWERED.value: "Nobody on call has answered the test of their pager.",
}


def strip_html(team: Sequence[Reader], pager: PagerState, person: Person, *, now: datetime) -> str:
    """One's pager, and who else is on (HTML)."""
    others = ", ".join(one.name for one in team if one.on_duty and one.id != person.id)
    works = "works" if pager.works else "not proven to work"
    return (
        f'<div class="ov-strip"><p><a href="/on_call" target="_self">My pager</a>: <b>{works}</b>.'
        f" {safe(pager_words(pager, now=now))}</p>"
        f"<p>Also on duty: <b>{safe(others or 'nobody')}</b></p></div>"
    )


def banner_html(standing: Watch) -> str:
    """What everybody must know now; empty while somebody is on call and can be called (HTML)."""
    told = []
    if standing.on_call in NOBODY_WORDS:
        told.append(
            f"<b>{NOBODY_WORDS[standing.on_call]}</b> Whoever is in danger now reaches no person"
            " by this console: go on duty, or use your site's phone procedure."
        )
    if standing.clock != "ok":
        told.append("<b>The clock is silent.</b> Nobody is called until it is back.")
    if standing.pager != "ok":
        told.append("<b>The pager is silent.</b> No page leaves until it is back.")
    lines = "".join(f"<p>{one}</p>" for one in told)
    return f'<div class="ov-uncovered" role="status">{lines}</div>' if told else ""
