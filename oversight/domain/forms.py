"""Two clinical forms as checked records: the C-SSRS screener and the six-step safety plan.

Questions stand here by number and in our own short words; the wording to ask is the instrument's
(Posner K et al., Am J Psychiatry 2011;168:1266-77). Steps of the plan: Stanley B, Brown GK, Cogn
Behav Pract 2012;19:256-64.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from oversight.domain.severity import Severity


class Asked(StrEnum):
    """One answer. Not asked needs a reason."""

    YES = "yes"
    NO = "no"
    NOT_ASKED = "not_asked"


class When(StrEnum):
    """When what question 6 asks about (or, for 5, a plan is meant) happened or will."""

    NOW = "now"
    WITHIN_24_HOURS = "within_24_hours"
    PAST_3_MONTHS = "past_3_months"
    LIFETIME = "lifetime"


QUESTIONS: Mapping[int, str] = {
    1: "Wish to be dead",
    2: "Thoughts of ending one's life",
    3: "Thoughts of a method",
    4: "Some intent to act",
    5: "A plan, with intent to carry it out",
    6: "Has done, begun or prepared something",
}
FOLLOW_TWO = (3, 4, 5)
"""Asked only after a yes to question 2."""


@dataclass(frozen=True)
class Answer:
    """An answer to one question; ``because`` says why it was not asked."""

    asked: Asked
    when: When | None = None
    because: str = ""


Screener = Mapping[int, Answer]


def screener_missing(screener: Screener) -> tuple[str, ...]:
    """What still lacks, in words; empty means complete."""
    missing = []
    for number, words in QUESTIONS.items():
        answer = screener.get(number)
        if answer is None:
            if not (number in FOLLOW_TWO and _said(screener, 2, Asked.NO)):
                missing.append(f"question {number} ({words.lower()})")
        elif answer.asked is Asked.NOT_ASKED and not answer.because.strip():
            missing.append(f"why question {number} was not asked")
        elif number == 6 and answer.asked is Asked.YES and answer.when is None:
            missing.append("when, for question 6")
    return tuple(missing)


def screener_level(screener: Screener) -> Severity:
    """The level that the answers alone give (protocol, section 2); LU while they are incomplete.

    A question that was not asked takes no level away and gives none: a person decides.
    """
    if screener_missing(screener):
        return Severity.LU
    five, six = screener.get(5), screener.get(6)
    acted = six is not None and six.asked is Asked.YES
    planned = five is not None and five.asked is Asked.YES
    if acted and six is not None and six.when is When.NOW:
        return Severity.L4
    if planned and five is not None and five.when in (When.NOW, When.WITHIN_24_HOURS):
        return Severity.L4
    recent = acted and six is not None and six.when is not When.LIFETIME
    if recent or planned or _said(screener, 4, Asked.YES):
        return Severity.L3
    if acted or _said(screener, 2, Asked.YES) or _said(screener, 3, Asked.YES):
        return Severity.L2
    if _said(screener, 1, Asked.YES):
        return Severity.L1
    unknown = any(one.asked is Asked.NOT_ASKED for one in screener.values())
    return Severity.LU if unknown else Severity.L0


def _said(screener: Screener, number: int, asked: Asked) -> bool:
    answer = screener.get(number)
    return answer is not None and answer.asked is asked


class PlanState(StrEnum):
    """Whether there is a safety plan."""

    MADE = "made"
    EXISTING = "existing"
    DECLINED = "declined"


PLAN_STEPS: Mapping[str, str] = {
    "warning_signs": "Warning signs",
    "coping": "What I can do by myself",
    "distraction": "People and places that take my mind off it",
    "people": "People I can ask for help",
    "professionals": "Professionals and services in a crisis",
    "environment": "Making the surroundings safe",
}


def plan_missing(state: PlanState, steps: Mapping[str, str], *, because: str) -> tuple[str, ...]:
    """What a safety plan lacks; a declined one needs its reason, an existing one nothing more."""
    unknown = sorted(set(steps) - set(PLAN_STEPS))
    if unknown:
        return tuple(f"“{name}” is no step of the plan" for name in unknown)
    if state is PlanState.DECLINED:
        return () if because.strip() else ("why the safety plan was declined",)
    if state is PlanState.EXISTING:
        return ()
    return tuple(
        words.lower() for name, words in PLAN_STEPS.items() if not steps.get(name, "").strip()
    )
