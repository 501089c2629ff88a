"""Metrics: what came in, how long it waited, how it ended. Every figure says of how many."""

import uuid
from collections.abc import Sequence

import streamlit as st

from oversight.domain.permissions import Page
from oversight.queries import metrics
from oversight.queries.metrics import Period, Scope, StudyChoice
from oversight.ui import metrics_sections as section
from oversight.ui import runtime
from oversight.ui.metrics_figures import style
from oversight.ui.who import guard
from oversight.ui.words import moment

PERIOD_WORDS = {Period.DAY: "Last 24 hours", Period.WEEK: "Last 7 days", Period.ALL: "All"}


def render() -> None:
    """The filters, then every section."""
    guard(Page.METRICS)
    style()
    st.title("Metrics", anchor=False)
    with runtime.database().reading() as session:
        known = metrics.studies(session)
        at = runtime.now(session)
    study_id, arm_id, period = _filters(known)
    unit = "hour" if period is Period.DAY else "day"
    with runtime.database().reading() as session:
        scope = Scope(metrics.since(session, period), study_id, arm_id)
        counts = metrics.counts(session, scope)
        buckets = metrics.volume(session, scope, unit=unit)
        read, decided_by = metrics.waits(session, scope)
        ended = metrics.dispositions(session, scope)
        decided = metrics.decided_drafts(session, scope)
        levels = metrics.own_levels(session, scope)
        texts = metrics.deliveries(session, scope)
    st.caption(
        f"As of {moment(at)}. Each share has its 95% interval; too few cases give no figure."
    )
    section.headline(counts, decided, texts)
    section.arriving(buckets, unit=unit)
    section.waiting(read, decided_by)
    section.ending(ended, decided)
    section.own_level_table(levels)
    section.sent(texts)


def _filters(known: Sequence[StudyChoice]) -> tuple[uuid.UUID | None, uuid.UUID | None, Period]:
    """Study, arm and period as chosen; None is all."""
    study, arm, period = st.columns([1, 1, 1.4])
    names = {choice.id: choice.name for choice in known}
    study_id = study.selectbox(
        "Study",
        [None, *names],
        format_func=lambda one: names.get(one, "All studies"),
        key="metrics-study",
    )
    several = study_id is None and len(known) > 1
    arms = {
        arm_id: f"{choice.name}, {name}" if several else name
        for choice in known
        if study_id in (None, choice.id)
        for arm_id, name in choice.arms
    }
    arm_id = arm.selectbox(
        "Arm",
        [None, *arms],
        format_func=lambda one: arms.get(one, "All arms"),
        key=f"metrics-arm-{study_id}",
    )
    chosen = period.segmented_control(
        "Period",
        list(Period),
        format_func=PERIOD_WORDS.__getitem__,
        default=Period.DAY,
        required=True,
        key="metrics-period",
    )
    return study_id, arm_id, chosen or Period.DAY
