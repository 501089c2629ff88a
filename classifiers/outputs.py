"""Names of the models' outputs, in the order of the heads' rows."""

from oversight.domain.flags import Flag
from oversight.domain.severity import Category, Severity

LEVELS = (Severity.L1, Severity.L2, Severity.L3, Severity.L4)
CRISIS = "crisis"
HARM = "harm"
STANCES = (
    "disclosing", "denying", "past", "fictional", "figurative", "asking", "reporting_other", "none",
)  # fmt: skip
#: Categories that count as suicide or self-harm risk for ``crisis_probability``.
CRISIS_CATEGORIES = frozenset({Category.SUICIDE, Category.SELF_INJURY})

PARTICIPANT_OUTPUTS = (
    *(f"severity:{level.value}" for level in LEVELS),
    CRISIS,
    *(f"category:{category.value}" for category in Category),
    *(f"stance:{stance}" for stance in STANCES),
)
REPLY_OUTPUTS = (HARM, *(f"flag:{flag.value}" for flag in Flag))

#: Flags for something a reply lacks: a long reply lacks it only if every part of it does.
FLAGS_OF_ABSENCE = frozenset({Flag.F01, Flag.F10, Flag.F18})
