"""What a person can still do about texts already sent, and about a running escalation."""

import uuid
from collections.abc import Sequence

import streamlit as st

from db.session import RECORD_ERRORS
from oversight.domain.errors import Refusal
from oversight.domain.lifecycle import DeliveryStatus
from oversight.domain.permissions import Page, reads_items
from oversight.domain.sending import CORRECTABLE, IN_DOUBT
from oversight.queries.conversation import ShownTurn
from oversight.queries.conversations import ConversationFacts
from oversight.queries.escalations import EscalationView
from oversight.services import delivering, escalating, undoing
from oversight.services.people import Person
from oversight.services.taking_over import hand_back, take_over
from oversight.ui import runtime
from oversight.ui.trouble import AWAY
from oversight.ui.who import acting
from oversight.ui.words import DELIVERY_WORDS, moment


def sent_texts(turns: Sequence[ShownTurn], person: Person, *, zone: str | None) -> None:
    """Correct or retract what arrived or may have; look at what was not confirmed."""
    if not reads_items(person.role):
        return
    _say()
    for turn in turns:
        if turn.delivery_id is not None and turn.delivery_status in IN_DOUBT:
            st.warning(
                f"A text of {moment(turn.at, zone)}: {DELIVERY_WORDS[turn.delivery_status]}."
                " If you send it again, the participant may see it twice."
            )
            st.button(
                "Send it again",
                key=f"resend-{turn.delivery_id}",
                on_click=_resend,
                args=(turn.delivery_id,),
            )
    delivered = [turn for turn in turns if turn.delivery_status in CORRECTABLE]
    if delivered:
        with st.expander("Correct or retract something that was sent"):
            _correction(delivered, zone)


def _correction(delivered: Sequence[ShownTurn], zone: str | None) -> None:
    with st.form("correction", clear_on_submit=True):
        chosen = st.selectbox(
            "Which text?",
            options=range(len(delivered)),
            index=len(delivered) - 1,
            format_func=lambda n: _named(delivered[n], zone),
        )
        kind = st.radio("What will you send?", ["A correction", "A retraction"], horizontal=True)
        text = st.text_area("Your words to the participant")
        reason = st.text_input("Reason")
        sent = st.form_submit_button("Send now")
    if sent and chosen is not None:
        delivery_id = delivered[chosen].delivery_id
        if delivery_id is not None:
            _correct(delivery_id, text, reason, retract=kind == "A retraction")
            st.rerun()


def _named(turn: ShownTurn, zone: str | None) -> str:
    doubt = " (not confirmed)" if turn.delivery_status is DeliveryStatus.UNCERTAIN else ""
    return f"{moment(turn.at, zone)}{doubt}: {turn.text[:60]}"


def escalation_form(escalation: EscalationView, person: Person) -> None:
    """Take it, or say how it ended."""
    if not reads_items(person.role):
        return
    if escalation.owner_id is None:
        st.button(
            "I have it",
            key=f"have-{escalation.id}",
            type="primary",
            shortcut="K",
            on_click=_acknowledge,
            args=(escalation.id,),
        )
        return
    with st.form("resolve", clear_on_submit=True):
        resolution = st.text_input("How did it end?", key="resolution")
        if st.form_submit_button("Resolve the escalation"):
            _resolve(escalation.id, resolution)
            st.rerun()


def taking_over(facts: ConversationFacts, person: Person) -> None:
    """Speak in the bot's place, or hand the conversation back to it."""
    if not reads_items(person.role):
        return
    if facts.taken_over_by is None:
        st.button(
            "Take over from the bot",
            key=f"take-over-{facts.id}",
            help="The bot's replies are held until you hand it back.",
            on_click=_take_over,
            args=(facts.id,),
        )
        return
    st.info(f"{facts.taken_over_name} has taken over from the bot.", icon=":material/person:")
    st.button(
        "Hand back to the bot", key=f"hand-back-{facts.id}", on_click=_hand_back, args=(facts.id,)
    )


def _take_over(conversation_id: uuid.UUID) -> None:
    with _telling("You have taken over: the bot's replies are held."):
        person = acting(Page.CONVERSATION)
        with runtime.database().transaction() as session:
            take_over(session, conversation_id, person.id)


def _hand_back(conversation_id: uuid.UUID) -> None:
    with _telling("Handed back to the bot."):
        person = acting(Page.CONVERSATION)
        with runtime.database().transaction() as session:
            hand_back(session, conversation_id, person.id)


def _acknowledge(escalation_id: uuid.UUID) -> None:
    with _telling("You have it."):
        person = acting(Page.CONVERSATION)
        with runtime.database().transaction() as session:
            now = runtime.now(session)
            escalating.acknowledge(session, escalation_id, person.id, now=now)


def _resolve(escalation_id: uuid.UUID, resolution: str) -> None:
    with _telling("The escalation is resolved."):
        person = acting(Page.CONVERSATION)
        with runtime.database().transaction() as session:
            now = runtime.now(session)
            escalating.resolve(session, escalation_id, person.id, resolution=resolution, now=now)


def _resend(delivery_id: uuid.UUID) -> None:
    with _telling("It is being sent again."):
        person = acting(Page.CONVERSATION)
        with runtime.database().transaction() as session:
            delivering.resend(session, delivery_id, person.id)


def _correct(delivery_id: uuid.UUID, text: str, reason: str, *, retract: bool) -> None:
    with _telling("Sent. The first text is kept in the record."):
        person = acting(Page.CONVERSATION)
        with runtime.database().transaction() as session:
            undoing.correct(
                session,
                delivery_id,
                person.id,
                uuid.uuid4(),
                text=text,
                reason=reason,
                retract=retract,
            )


class _telling:  # noqa: N801  reads as a sentence: with _telling("Done.")
    """Keep the words for the next drawing: what was done, or why not."""

    def __init__(self, done: str) -> None:
        self.done = done

    def __enter__(self) -> None:
        st.session_state.said = ""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error is None:
            st.session_state.said = self.done
            return False
        if isinstance(error, Refusal):
            st.session_state.said = error.message[:1].upper() + error.message[1:] + "."
            return True
        if isinstance(error, RECORD_ERRORS):
            st.session_state.said = AWAY
            return True
        return False


def _say() -> None:
    words = st.session_state.pop("said", "")
    if words:
        st.info(words)
