"""What became of a replay: one outcome per exchange, counted so that the sums must agree."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

Sent = Literal["accepted", "repeated", "refused", "not_sent"]

NO_REPLY = "no reply in the file"
EMPTY_REPLY = "empty reply in the file: only the message was sent"
NOT_LEARNT = "status not learnt"
SETTLED = ("withheld", "superseded", "recalled", "delivered", "corrected", "retracted")
"""Reply statuses that a replay need not wait for any longer."""


@dataclass
class Outcome:
    """Of one exchange. `status` is the reply's last known one, `code` why it was refused.

    `without_reply` says why there was no draft to send, where there was none.
    """

    line: int
    conversation_id: str
    turn: int
    without_reply: str | None
    sent: Sent = "not_sent"
    code: str | None = None
    message_id: str | None = None
    reply_id: str | None = None
    status: str | None = None
    bridged: bool = False

    @property
    def reached_the_record(self) -> bool:
        return self.sent in ("accepted", "repeated")

    @property
    def is_settled(self) -> bool:
        return self.reply_id is None or self.status in SETTLED


@dataclass
class ReplayReport:
    """What became of every exchange of one file, including those that were never sent."""

    file: str
    digest: str
    gateway_url: str
    lines: int
    bad_lines: list[tuple[int, str]]
    outcomes: list[Outcome]
    took_seconds: float = 0.0
    interrupted: bool = False
    stopped_because: str | None = None
    receipts: Counter[str] = field(default_factory=Counter)

    @property
    def sent(self) -> Counter[str]:
        return Counter(outcome.sent for outcome in self.outcomes)

    @property
    def refused_by_code(self) -> Counter[str]:
        return Counter(o.code or "" for o in self.outcomes if o.sent == "refused")

    @property
    def statuses(self) -> Counter[str]:
        """Of everything that reached the record."""
        return Counter(
            outcome.without_reply or outcome.status or NOT_LEARNT
            for outcome in self.outcomes
            if outcome.reached_the_record
        )

    @property
    def is_everything_accounted_for(self) -> bool:
        """Each exchange reached the record, with a known status, or was refused with a reason."""
        return self.sent["not_sent"] == 0 and self.statuses[NOT_LEARNT] == 0

    @property
    def exit_status(self) -> int:
        if self.interrupted:
            return 130
        wrong = self.bad_lines or self.sent["refused"] or not self.is_everything_accounted_for
        return 1 if wrong else 0

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(self.as_json(), indent=1) + "\n", encoding="utf-8")

    def as_json(self) -> dict[str, Any]:
        """Ids and counts only; a report may be shown where messages may not."""
        return {
            "file": self.file,
            "digest": self.digest,
            "gateway_url": self.gateway_url,
            "lines": self.lines,
            "bad_lines": [{"line": line, "reason": reason} for line, reason in self.bad_lines],
            "conversations": len({outcome.conversation_id for outcome in self.outcomes}),
            "exchanges": len(self.outcomes),
            "took_seconds": round(self.took_seconds, 3),
            "interrupted": self.interrupted,
            "stopped_because": self.stopped_because,
            "sent": dict(self.sent),
            "refused_by_code": dict(self.refused_by_code),
            "statuses": dict(self.statuses),
            "bridged": sum(outcome.bridged for outcome in self.outcomes),
            "receipts": dict(self.receipts),
            "everything_accounted_for": self.is_everything_accounted_for,
            "outcomes": [asdict(outcome) for outcome in self.outcomes],
        }

    def show(self, console: Console) -> None:
        console.print(self._table())
        for line, reason in self.bad_lines:
            console.print(f"line {line} was skipped: {reason}", markup=False)
        if self.stopped_because:
            console.print(f"stopped early: {self.stopped_because}", markup=False)
        console.print(self._verdict(), markup=False)

    def _table(self) -> Table:
        table = Table(title=f"Replay of {Path(self.file).name}", title_justify="left")
        table.add_column("exchanges")
        table.add_column("number", justify="right")
        table.add_row("in the file", str(len(self.outcomes)))
        for name in ("accepted", "repeated", "refused", "not_sent"):
            table.add_row(name.replace("_", " "), str(self.sent[name]))
        for code, number in sorted(self.refused_by_code.items()):
            table.add_row(f"  refused: {code}", str(number))
        table.add_section()
        for status, number in sorted(self.statuses.items()):
            table.add_row(status, str(number))
        table.add_section()
        table.add_row("covered by a bridge", str(sum(o.bridged for o in self.outcomes)))
        for kind, number in sorted(self.receipts.items()):
            table.add_row(f"receipts sent: {kind}", str(number))
        return table

    def _verdict(self) -> str:
        number, seconds = len(self.outcomes), f"{self.took_seconds:.1f} s"
        if self.is_everything_accounted_for:
            return f"All {number} exchanges are accounted for ({seconds})."
        missing = self.sent["not_sent"] + self.statuses[NOT_LEARNT]
        return (
            f"{missing} of {number} exchanges are not accounted for ({seconds}). "
            "Play the file again: what arrived is answered the same, the rest is sent."
        )
