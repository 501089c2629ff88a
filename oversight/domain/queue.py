"""What an open item amounts to: its level, its place in the queue, its deadlines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oversight.domain.policy import Mode, Policy
from oversight.domain.severity import Severity, at_least, worst
from oversight.domain.words import DeliveryKind, Scoring

LATE_REPORT = timedelta(minutes=10)
"""How long before our receipt a message may say it was sent and still be believed."""


@dataclass(frozen=True)
class Turn:
    """One participant message of an item, as far as the queue is concerned."""

    sequence: int
    severity: Severity
    scoring: Scoring
    urgency: float
    received_at: datetime
    sent_at: datetime | None = None

    @property
    def waiting_since(self) -> datetime:
        """The earlier of sent and received, where the sender's clock can be believed.

        A bot that could not reach us reports later what was said meanwhile: the person waited from
        then on. A difference beyond ``LATE_REPORT`` is rather a wrong clock or time zone.
        """
        late = self.received_at - self.sent_at if self.sent_at is not None else timedelta(0)
        return self.received_at - (late if timedelta(0) < late <= LATE_REPORT else timedelta(0))


@dataclass(frozen=True)
class Standing:
    """What a person and the bridge have already done about an item.

    ``refused_at`` is when the gateway refused a message of it, if nothing was sent since.
    """

    read_sequence: int = 0
    lowered_to: Severity | None = None
    lowered_sequence: int = 0
    covered_sequence: int = 0
    covered_severity: Severity | None = None
    refused_at: datetime | None = None
    undelivered: Severity | None = None
    undelivered_at: datetime | None = None


@dataclass(frozen=True)
class Summary:
    """The item's level, order and clocks. ``priority`` is higher for what must be seen sooner."""

    severity: Severity
    priority: int
    deadline_at: datetime
    bridge_due_at: datetime | None


def summarise(
    turns: Sequence[Turn],
    standing: Standing,
    *,
    policy: Policy,
    mode: Mode,
    draft_held: bool,
    opened_at: datetime,
    floor: Severity = Severity.L0,
) -> Summary:
    """Worst level, earliest deadline, next bridge of an item; ``floor`` is a level known besides.

    A message without a score counts as LU. Deadlines ignore what was read and run from when the
    participant began to wait, bridges from our receipt, before which nothing could be sent; a
    text that did not arrive has its own, from the moment at which that was known.
    """
    levels = [turn.severity for turn in turns if turn.sequence > standing.lowered_sequence]
    deadlines = []
    if standing.undelivered is not None:
        levels.append(standing.undelivered)
        if standing.undelivered_at is not None:
            deadlines.append(policy.deadline(standing.undelivered, standing.undelivered_at))
    severity = worst([standing.lowered_to or floor, *levels])
    unread = [turn for turn in turns if turn.sequence > standing.read_sequence]
    deadlines += [policy.deadline(turn.severity, turn.waiting_since) for turn in unread]
    return Summary(
        severity=severity,
        priority=priority(severity, turns),
        deadline_at=min(deadlines, default=policy.deadline(severity, opened_at)),
        bridge_due_at=_bridge_due(turns, standing, policy, mode=mode, draft_held=draft_held),
    )


def level_of_undelivered(kind: DeliveryKind, answered: Severity | None) -> Severity:
    """How grave it is that a text did not arrive: as grave as what it answered, never none.

    Low at least, because somebody waits for words that were meant for them; moderate at least
    where the text takes back something harmful. ``answered`` is the level of its decision.
    """
    takes_back = kind in (DeliveryKind.CORRECTION, DeliveryKind.RETRACTION)
    return worst([Severity.L2 if takes_back else Severity.L1, answered or Severity.L0])


def priority(severity: Severity, turns: Sequence[Turn]) -> int:
    """Thousands by level; within LU the first stage's urgency decides who is looked at first."""
    if severity is not Severity.LU:
        return severity.rank * 1000
    pending = (turn.urgency for turn in turns if turn.scoring is Scoring.PENDING)
    return severity.rank * 1000 + round(999 * max(pending, default=0.0))


def _bridge_due(
    turns: Sequence[Turn], standing: Standing, policy: Policy, *, mode: Mode, draft_held: bool
) -> datetime | None:
    """The earliest bridge still owed. Read-after holds nothing except what it must.

    Who wrote something that could not be taken in waits like anybody whose words nobody knows.
    """
    owed = [
        policy.bridge_due(turn.severity, turn.received_at)
        for turn in turns
        if _uncovered(turn, standing)
        and (draft_held or mode is not Mode.READ_AFTER or at_least(turn.severity, Severity.L2))
    ]
    if standing.refused_at is not None:
        owed.append(policy.bridge_due(Severity.LU, standing.refused_at))
    return min(owed, default=None)


def _uncovered(turn: Turn, standing: Standing) -> bool:
    """Nothing was sent since this message, or only a note that did not know how grave it is."""
    if turn.sequence > standing.covered_sequence:
        return True
    covered = standing.covered_severity
    return covered is Severity.L0 and at_least(turn.severity, Severity.L3)
