"""After losing a race: what won, by whom, and one's own words, which nobody sent."""

import uuid
from collections.abc import Mapping

import streamlit as st

from oversight.domain.words import DecisionKind
from oversight.queries.faster import Faster, faster
from oversight.services.people import Person
from oversight.ui import desk, runtime
from oversight.ui.words import moment, safe

DID: Mapping[DecisionKind, str] = {
    DecisionKind.APPROVE: "approved the draft",
    DecisionKind.EDIT: "sent the draft, edited",
    DecisionKind.REPLACE: "sent their own words",
    DecisionKind.WITHHOLD: "withheld the draft",
    DecisionKind.MARK_READ: "marked it as read",
    DecisionKind.RESEND: "sent an earlier text again",
    DecisionKind.REACHED: "noted that the participant was reached otherwise",
}


def not_sent(item_id: uuid.UUID, person: Person) -> None:
    """Both texts, the winner's with its author; one's own can be copied, and is kept."""
    with runtime.database().reading() as session:
        found = faster(session, item_id, person.id)
    if found is None:
        return
    with st.container(border=True, key="not-sent"):
        st.html(f"<p><b>{safe(_what_won(found))}</b></p>")
        if found.text is not None:
            st.html(f'<div class="ov-words ov-won" dir="auto">{safe(found.text)}</div>')
        if found.own_text:
            st.html("<p><b>Your words, not sent</b></p>")
            st.code(found.own_text, language=None, wrap_lines=True)
        st.button("Lay aside", key=f"lay-aside-{item_id}", on_click=desk.lay_aside_lost)


def _what_won(found: Faster) -> str:
    if found.kind is None:
        return f"{found.name} has had {found.participant} open since {moment(found.at)}."
    did = DID.get(found.kind, "decided")
    return f"{found.name} {did} for {found.participant} at {moment(found.at)}."
