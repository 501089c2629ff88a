"""The sections of the Metrics page: figures with their cases, charts, and the same as tables."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import streamlit as st

from oversight.domain.closing import Disposition
from oversight.domain.lifecycle import DeliveryStatus
from oversight.domain.proportions import ENOUGH, Share, poisson
from oversight.domain.words import DecisionKind, DeliveryKind
from oversight.queries.metrics import Bucket, Counts, OwnLevels, Wait, overridden
from oversight.ui.metrics_charts import counted_chart, draw, volume_chart, waiting_chart
from oversight.ui.metrics_figures import (
    NOT_ENOUGH,
    Figure,
    figures,
    plain_table,
    share_figure,
    share_words,
    wait_words,
)
from oversight.ui.words import LEVEL_WORDS

AS_TABLE = "The same as a table"
ENOUGH_MESSAGES = 100
"""Below this many messages a rate per 1,000 is not shown."""

ENDED: Mapping[Disposition, str] = {
    Disposition.APPROVED: "Draft approved",
    Disposition.EDITED: "Draft edited",
    Disposition.REPLACED: "Own words sent",
    Disposition.WITHHELD: "Withheld",
    Disposition.READ: "Read, no reply due",
    Disposition.SUPERSEDED: "A newer reply took its place",
    Disposition.RESENT: "A text was sent again",
    Disposition.REACHED: "Reached another way",
    Disposition.SETTLED: "Closed by itself: the text had arrived",
}
CHOSEN: Mapping[DecisionKind, str] = {
    DecisionKind.APPROVE: "Sent as it was",
    DecisionKind.EDIT: "Edited",
    DecisionKind.REPLACE: "Replaced by own words",
    DecisionKind.WITHHOLD: "Withheld",
}
TEXTS: Mapping[DeliveryKind, str] = {
    DeliveryKind.REPLY: "Bot's replies",
    DeliveryKind.CLINICIAN: "Replies by the team",
    DeliveryKind.BRIDGE: "Bridge messages",
    DeliveryKind.NOTE: "Holding notes",
    DeliveryKind.CORRECTION: "Corrections",
    DeliveryKind.RETRACTION: "Retractions",
}
FATES: Mapping[str, tuple[DeliveryStatus, ...]] = {
    "Arrived": (DeliveryStatus.DELIVERED,),
    "Not confirmed": (DeliveryStatus.UNCERTAIN,),
    "Failed": (DeliveryStatus.FAILED,),
    "On its way": (DeliveryStatus.QUEUED, DeliveryStatus.SENDING),
    "Recalled unsent": (DeliveryStatus.RECALLED,),
}
K = TypeVar("K", bound=Hashable)
WAIT_HEADS = (
    "Level",
    "Time to answer",
    "Messages",
    "Still open",
    "Half within",
    "95 of 100 within",
    "Done within the time to answer",
)
Texts = Mapping[DeliveryKind, Mapping[DeliveryStatus, int]]


def headline(counts: Counts, decided: Mapping[DecisionKind, int], texts: Texts) -> None:
    """What a study lead looks at first."""
    figures(
        [
            Figure("Messages received", f"{counts.messages:,}", _automatic(counts)),
            share_figure(
                "Drafts changed or withheld by a person", overridden(decided), "decided drafts"
            ),
            _escalations(counts),
            share_figure("Texts that arrived", _arrived(texts), "texts handed out and settled"),
            Figure(
                "Bridge messages and holding notes",
                f"{_sent(texts, DeliveryKind.BRIDGE) + _sent(texts, DeliveryKind.NOTE):,}",
                f"{_sent(texts, DeliveryKind.BRIDGE):,} bridge messages,"
                f" {_sent(texts, DeliveryKind.NOTE):,} holding notes sent",
            ),
            Figure(
                "Reviews open now",
                f"{counts.open_reviews:,}",
                f"{counts.overdue:,} of them past their time to answer",
            ),
        ],
        across=3,
    )


def _automatic(counts: Counts) -> str:
    replies = "reply was" if counts.automatic == 1 else "replies were"
    return f"{counts.automatic:,} {replies} released by a policy, without a person first"


def _escalations(counts: Counts) -> Figure:
    name = "Escalations per 1,000 messages"
    cases = f"{counts.escalations:,} escalations, {counts.messages:,} messages"
    missing = ENOUGH_MESSAGES - counts.messages
    if missing > 0:
        return Figure(name, NOT_ENOUGH, f"{cases}; {missing} more messages needed")
    low, high = (1000 * bound / counts.messages for bound in poisson(counts.escalations))
    rate = 1000 * counts.escalations / counts.messages
    return Figure(name, f"{rate:.1f}", f"{cases}; 95% interval {low:.1f} to {high:.1f}")


def _arrived(texts: Texts) -> Share:
    """Recalled texts and those on their way are no failures: they are left out."""
    settled = (DeliveryStatus.DELIVERED, DeliveryStatus.UNCERTAIN, DeliveryStatus.FAILED)
    whole = sum(fates.get(status, 0) for fates in texts.values() for status in settled)
    part = sum(fates.get(DeliveryStatus.DELIVERED, 0) for fates in texts.values())
    return Share(part, whole)


def _sent(texts: Texts, kind: DeliveryKind) -> int:
    fates = texts.get(kind, {})
    return sum(count for status, count in fates.items() if status is not DeliveryStatus.RECALLED)


def arriving(buckets: Sequence[Bucket], *, unit: str) -> None:
    """How much came in."""
    st.subheader("What came in", anchor=False)
    if not buckets:
        st.write("No message was received in this period.")
        return
    messages = sum(bucket.messages for bucket in buckets)
    replies = sum(bucket.replies for bucket in buckets)
    words = f"{messages:,} messages and {replies:,} drafts in {len(buckets):,} {unit}s with any"
    draw(volume_chart(buckets, unit=unit), key="chart-volume", alt=words)
    with st.expander(AS_TABLE):
        rows = [
            [f"{bucket.at:%Y-%m-%d %H:%M}", f"{bucket.messages:,}", f"{bucket.replies:,}"]
            for bucket in reversed(buckets)
        ]
        plain_table(words, [f"{unit.capitalize()} from (UTC)", "Messages", "Bot's drafts"], rows)


def waiting(read: Sequence[Wait], decided: Sequence[Wait]) -> None:
    """How long participants' messages waited, open ones counted for as long as they have."""
    st.subheader("How long messages waited", anchor=False)
    st.write(
        "From our receipt of each message that came up for review. Messages that still wait count"
        " for as long as they have waited; leaving them out would flatter these figures. The level"
        " is the gravest the message was given. A message is due once it is done or its time is"
        " over."
    )
    if not read:
        st.write("No message came up for review in this period.")
        return
    for waits, until, done in (
        (read, "Until somebody read it", "read"),
        (decided, "Until somebody decided", "decided"),
    ):
        _waits(waits, title=until, done=done)


def _waits(waits: Sequence[Wait], *, title: str, done: str) -> None:
    rows = [_wait_row(wait) for wait in waits]
    if any(wait.curve.cases >= ENOUGH for wait in waits):
        chart = waiting_chart(waits, title=title, up=f"Share of messages {done}")
        alt = "; ".join(f"{row[0]}: half within {row[4]}, {row[3]} still open" for row in rows)
        draw(chart, key=f"chart-{done}", alt=f"{title}. {alt}")
    plain_table(title, WAIT_HEADS, rows)


def _wait_row(wait: Wait) -> list[str]:
    curve = wait.curve
    half, most = curve.time_by(0.5), curve.time_by(0.95)
    few = f"{NOT_ENOUGH}: {ENOUGH - curve.cases} more needed"
    enough = curve.cases >= ENOUGH
    return [
        LEVEL_WORDS[wait.severity],
        _target(wait),
        f"{curve.cases:,}",
        f"{curve.open:,}",
        wait_words(half) if enough else few,
        wait_words(most) if enough else few,
        share_words(wait.within, "due messages"),
    ]


def _target(wait: Wait) -> str:
    """The level's time to answer; policies may differ in it."""
    if wait.target_seconds is None:
        return "none is set"
    least, most = wait.target_seconds
    return wait_words(least) if least == most else f"{wait_words(least)} to {wait_words(most)}"


def ending(ended: Mapping[Disposition, int], decided: Mapping[DecisionKind, int]) -> None:
    """How reviews ended, and what became of the bot's drafts."""
    st.subheader("How it ended", anchor=False)
    left, right = st.columns(2, gap="medium")
    with left:
        _counted("Closed reviews", ENDED, ended, of="closed reviews", key="chart-ended")
    with right:
        _counted(
            "Drafts a person decided", CHOSEN, decided, of="decided drafts", key="chart-drafts"
        )


def _counted(
    title: str, words: Mapping[K, str], found: Mapping[K, int], *, of: str, key: str
) -> None:
    whole = sum(found.values())
    if not whole:
        st.write(f"{title}: none in this period.")
        return
    present = [one for one in words if found.get(one, 0)]
    names, numbers = [words[one] for one in present], [found[one] for one in present]
    alt = f"{whole:,} {of}: " + ", ".join(
        f"{name} {number:,}" for name, number in zip(names, numbers, strict=True)
    )
    chart = counted_chart(
        f"{title} ({whole:,})", names, numbers, across=f"Number of {whole:,} {of}"
    )
    draw(chart, key=key, alt=alt)
    with st.expander(AS_TABLE):
        rows = [
            [name, share_words(Share(number, whole), of)]
            for name, number in zip(names, numbers, strict=True)
        ]
        plain_table(title, ["What", "Share"], rows)


def own_level_table(found: OwnLevels) -> None:
    """People's own levels against the one on the card."""
    st.subheader("People's own level and the level on the card", anchor=False)
    st.write(
        "Readers give their own level before they see the classifier's, always from moderate up"
        " and in a share of the rest."
    )
    compared = found.compared
    rows = [
        [name, share_words(Share(number, compared), "decisions with both levels")]
        for name, number in (
            ("The same level", found.same),
            ("The person found it more serious", found.higher),
            ("The person found it less serious", found.lower),
        )
    ]
    plain_table("Own level against the card", ["How they compare", "Share"], rows)
    if found.unscored:
        st.caption(f"{found.unscored:,} more had no score on the card to compare with.")


def sent(texts: Texts) -> None:
    """What was sent to participants and what became of it."""
    st.subheader("What was sent", anchor=False)
    if not texts:
        st.write("Nothing was sent in this period.")
        return
    rows = []
    for kind, name in TEXTS.items():
        fates = texts.get(kind)
        if fates:
            by_fate = [sum(fates.get(one, 0) for one in group) for group in FATES.values()]
            rows.append([name, f"{sum(by_fate):,}", *(f"{count:,}" for count in by_fate)])
    plain_table("Texts for participants", ["Text", "All", *FATES], rows)
    st.caption(
        '"Arrived" means that the bot confirmed it. "Not confirmed" may or may not have arrived;'
        " a person looks at each of those."
    )
