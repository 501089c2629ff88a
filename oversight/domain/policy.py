"""A policy version: the rules of one study arm. Values marked [default] in the protocol.

A ``Policy`` is what the rules read; its YAML form is validated in ``services/policies.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from oversight.domain.crisis_lines import line_for
from oversight.domain.exposure import ExposureLimits
from oversight.domain.severity import Severity


class Mode(StrEnum):
    """When a person looks: before every delivery, before flagged ones, or afterwards."""

    HOLD_ALL = "hold_all"
    HOLD_FLAGGED = "hold_flagged"
    READ_AFTER = "read_after"


class JurisdictionRule(StrEnum):
    """A hard switch for participants of a jurisdiction, above the arm's mode."""

    BLOCK_AI = "block_ai"
    HOLD_ALL = "hold_all"


class NobodyOnCall(StrEnum):
    """What bots do while nobody is on call: nothing by themselves, or nothing at all."""

    HOLD = "hold"
    PAUSE = "pause"


@dataclass(frozen=True)
class Clock:
    """Limits in seconds, each from the server's receipt of the message; None means no limit."""

    acknowledge_seconds: int
    bridge_seconds: int
    contact_seconds: int | None = None
    record_seconds: int | None = None


@dataclass(frozen=True)
class LadderStep:
    """Who is paged how long after the escalation opened. No roles means: not covered."""

    after_seconds: int
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """One immutable, numbered version of an arm's rules."""

    mode: Mode
    automatic_release: bool
    clocks: Mapping[Severity, Clock]
    ladders: Mapping[Severity, Sequence[LadderStep]]
    acknowledged_for_seconds: Mapping[Severity, int]
    bridges: Mapping[str, Sequence[str]]
    holding_notes: Mapping[str, Sequence[str]]
    crisis_lines: Mapping[str, str]
    jurisdictions: Mapping[str, JurisdictionRule]
    waiting_bridges: Mapping[str, Sequence[str]] = field(default_factory=dict)
    templates: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    sampling_share: float = 0.1
    lease_seconds: int = 120
    undo_seconds: float = 5
    undo_imminent_seconds: float = 0
    unscored_seconds: float = 5
    unanswered_seconds: int = 600
    own_level_share: float = 0.1
    bulk_limit: int = 20
    exposure: ExposureLimits = field(default_factory=ExposureLimits)
    closing_needs_record: bool = False
    nobody_on_call: NobodyOnCall = NobodyOnCall.HOLD
    ratified: bool = False

    def clock(self, severity: Severity) -> Clock:
        """The clock of a level; LU runs on the clock of L2."""
        return self.clocks[Severity.L2 if severity is Severity.LU else severity]

    def deadline(self, severity: Severity, received_at: datetime) -> datetime:
        """When a person must have acknowledged a message received at ``received_at``."""
        return received_at + timedelta(seconds=self.clock(severity).acknowledge_seconds)

    def bridge_due(self, severity: Severity, received_at: datetime) -> datetime:
        """When a hold of a message received at ``received_at`` must be covered."""
        return received_at + timedelta(seconds=self.clock(severity).bridge_seconds)

    def undo_window(self, severity: Severity) -> timedelta:
        """How long a release can be undone before its text may be handed out."""
        imminent = severity is Severity.L4
        return timedelta(seconds=self.undo_imminent_seconds if imminent else self.undo_seconds)

    def mode_for(self, jurisdiction: str | None, rule: JurisdictionRule | None = None) -> Mode:
        """The arm's mode, or hold_all where a hard switch demands it."""
        return Mode.HOLD_ALL if self.jurisdiction_rule(jurisdiction, rule) else self.mode

    def jurisdiction_rule(
        self, jurisdiction: str | None, rule: JurisdictionRule | None = None
    ) -> JurisdictionRule | None:
        """The hard switch for a participant living in ``jurisdiction`` (ISO 3166-2), if any.

        ``rule`` is their own switch, or a stop of the bot; of the two the stricter counts.
        """
        told = self.jurisdictions.get(jurisdiction.upper()) if jurisdiction else None
        if JurisdictionRule.BLOCK_AI in (told, rule):
            return JurisdictionRule.BLOCK_AI
        return told or rule


def policy_from(document: Mapping[str, Any]) -> Policy:
    """The rules in a stored policy document, which was validated when it was stored."""
    fields = dict(document)
    clocks = {Severity(level): Clock(**clock) for level, clock in fields.pop("clocks").items()}
    ladders = {
        Severity(level): tuple(
            LadderStep(step["after_seconds"], tuple(step["roles"])) for step in steps
        )
        for level, steps in fields.pop("ladders").items()
    }
    acknowledged = fields.pop("acknowledged_for_seconds")
    rules = fields.pop("jurisdictions")
    exposure = ExposureLimits(**fields.pop("exposure", {}))
    return Policy(
        mode=Mode(fields.pop("mode")),
        clocks=clocks,
        ladders=ladders,
        acknowledged_for_seconds={Severity(level): s for level, s in acknowledged.items()},
        exposure=exposure,
        nobody_on_call=NobodyOnCall(fields.pop("nobody_on_call", NobodyOnCall.HOLD)),
        jurisdictions={code: JurisdictionRule(rule) for code, rule in rules.items()},
        **fields,
    )


def crisis_line(policy: Policy, jurisdiction: str | None, language: str | None = None) -> str:
    """The policy's crisis line for a jurisdiction or country, else the table's, else general."""
    if jurisdiction:
        code = jurisdiction.upper()
        for key in (code, code.split("-")[0]):
            if key in policy.crisis_lines:
                return policy.crisis_lines[key]
        if (known := line_for(jurisdiction, language)) is not None:
            return known
    return policy.crisis_lines["default"]
