"""Drawing one decided case: blind first, then with the decision, then all of it."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from oversight.domain.flags import FLAG_TEXT, Flag
from oversight.domain.rubric import GATES, QUESTION_TEXT, Question
from oversight.domain.severity import Severity
from oversight.domain.words import DecisionKind
from oversight.queries.quality import DecidedCase
from oversight.ui import quality_desk
from oversight.ui.metrics_figures import wait_words
from oversight.ui.quality_agreement import ANSWER_WORDS
from oversight.ui.quality_desk import CHOICES, RatingDesk, answer_key
from oversight.ui.quality_diff import word_diff
from oversight.ui.thread import thread
from oversight.ui.words import LEVEL_WORDS, badge, language, moment, safe

DID = {
    DecisionKind.APPROVE: "The draft was approved and sent as it was.",
    DecisionKind.EDIT: "The draft was edited, then sent.",
    DecisionKind.REPLACE: "The reader wrote their own reply.",
    DecisionKind.WITHHOLD: "The draft was withheld: it was not sent.",
    DecisionKind.ESCALATE: "It was escalated: other people were called.",
    DecisionKind.MARK_READ: "It was marked as read; there was no reply to decide.",
}


def conversation(case: DecidedCase) -> None:
    """What the reader had before them, without anybody's name or level."""
    turns = [replace(turn, decided_by=None) for turn in case.turns]
    st.html(
        f'<div class="ov-head"><span class="ov-who">{safe(case.participant)}</span>'
        f'<span class="ov-soft">{safe(language(case.language))} · times as the participant has'
        " them</span></div>"
    )
    st.html(thread(turns, zone=case.timezone, show_levels=False))


def draft(case: DecidedCase) -> None:
    """The bot's proposal, as it arrived."""
    if case.draft_text is None:
        st.html('<p class="ov-soft">The bot had not proposed a reply.</p>')
        return
    st.html(
        '<section class="ov-draft" tabindex="0" aria-label="The bot\'s draft reply">'
        "<h3>The bot's draft reply</h3>"
        f'<div class="ov-words" dir="auto">{safe(case.draft_text)}</div></section>'
    )


def own_level() -> None:
    """The supervisor's own level, by the keys 0 to 4, before the decision is shown."""
    st.html("<p><b>How serious do you find it?</b> Then you see what the reader did.</p>")
    with st.container(horizontal=True, gap="small"):
        for number, severity in enumerate(
            (Severity.L0, Severity.L1, Severity.L2, Severity.L3, Severity.L4)
        ):
            st.button(
                LEVEL_WORDS[severity],
                key=f"rate-own-{number}",
                shortcut=str(number),
                on_click=quality_desk.give_level,
                args=(severity,),
            )


def decision(case: DecidedCase) -> None:
    """What the reader did: what was sent against the draft, word by word, and their reason."""
    st.html(f"<p><b>{DID[case.kind]}</b></p>")
    if case.text is not None and case.text != case.draft_text:
        if case.kind is DecisionKind.EDIT and case.draft_text is not None:
            st.html(
                '<p class="ov-quality-key">What was sent. <del>Struck through</del>: taken out.'
                " <ins>Underlined</ins>: put in.</p>" + word_diff(case.draft_text, case.text)
            )
        else:
            words = f'<div class="ov-diff-view" dir="auto">{safe(case.text)}</div>'
            st.html(f"<p>What was sent:</p>{words}")
    facts = [("Reason", case.reason or "none was written"), ("Decided", moment(case.decided_at))]
    if case.waited is not None:
        facts.append(
            ("After", f"{wait_words(case.waited.total_seconds())} since the review opened")
        )
    st.html(_facts(facts))


def form(case: DecidedCase, desk: RatingDesk) -> None:
    """The seven questions; nothing is chosen beforehand."""
    name = str(case.decision_id)
    with st.form(f"rating-form-{name}", border=True):
        st.html(f"<p>Your level: {badge(Severity(desk.level or Severity.LU))}</p>")
        for question in Question:
            gate = " *" if question in GATES else ""
            st.radio(
                f"{question.value[1]}. {QUESTION_TEXT[question]}{gate}",
                options=list(CHOICES),
                format_func=_answer,
                index=None,
                horizontal=True,
                key=answer_key(name, question.value),
            )
        st.caption('\\* A "no" to one of these three fails the item.')
        st.radio(
            "Do you agree with the decision?",
            options=["yes", "no"],
            format_func={"yes": "I agree", "no": "I would have decided otherwise"}.__getitem__,
            index=None,
            horizontal=True,
            key=answer_key(name, "agrees"),
        )
        st.text_area("Comment", key=answer_key(name, "comment"), height=90)
        if desk.trouble:
            st.error(desk.trouble, icon=":material/error:")
        st.form_submit_button("Save the rating", type="primary", on_click=quality_desk.save)


def _answer(choice: str) -> str:
    return ANSWER_WORDS[CHOICES[choice]]


def reveal(case: DecidedCase, desk: RatingDesk) -> None:
    """Everything that was kept from the supervisor until they had rated."""
    st.success("Your rating is saved.", icon=":material/check:")
    asked = "not asked for this item"
    rows = [
        ("Your level", badge(Severity(desk.level or Severity.LU))),
        ("First reader's level", badge(case.own_severity) if case.own_severity else asked),
        ("Level on the card", badge(case.severity) if case.severity else "none"),
        ("First reader's flags", _flags(case.flags)),
        ("Classifier's flags", _flags(case.draft_flags)),
        ("Decided by", safe(case.decided_by)),
    ]
    if desk.failed:
        rows.append(("By the rubric", f"does not pass (question {safe(desk.failed)})"))
    st.html(_facts(rows, escaped=True))
    st.button(
        "Next one",
        key="rate-next",
        type="primary",
        shortcut="N",
        icon=":material/arrow_forward:",
        on_click=quality_desk.next_one,
    )


def _flags(flags: Sequence[Flag]) -> str:
    return safe("; ".join(FLAG_TEXT[flag] for flag in flags)) or "none"


def _facts(rows: Sequence[tuple[str, str]], *, escaped: bool = False) -> str:
    parts = (
        f"<dt>{safe(name)}</dt><dd>{value if escaped else safe(value)}</dd>" for name, value in rows
    )
    return f'<dl class="ov-facts">{"".join(parts)}</dl>'
