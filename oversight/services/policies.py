"""Policy versions: YAML in and out, validated, immutable once stored, cited by every decision."""

import uuid
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables import PolicyVersion, new_id
from oversight.domain.errors import Incomplete
from oversight.domain.policy import JurisdictionRule, Mode, NobodyOnCall
from oversight.domain.severity import Severity
from oversight.domain.templates import NAME, unfilled

DEFAULT_PATH = Path(__file__).with_name("default_policy.yaml")
Seconds = Annotated[int, Field(gt=0)]
Situation = Annotated[str, Field(pattern=NAME.pattern)]
Language = Annotated[str, Field(pattern="^[a-z]{2}$")]
LADDER_ROLES = frozenset({"primary", "secondary", "supervisor", "shift", "study_lead"})
LEVELS = (Severity.L0, Severity.L1, Severity.L2, Severity.L3, Severity.L4)


def _usable(text: str) -> str:
    if not text.strip():
        raise ValueError("a template needs words")
    wrong = [name for name in unfilled(text) if not NAME.match(name)]
    if wrong:
        raise ValueError(f"{wrong[0]} is no placeholder: write {{{{name}}}}, small letters and _")
    return text


Templates = Annotated[
    list[Annotated[str, Field(max_length=4000), AfterValidator(_usable)]], Field(min_length=1)
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClockDocument(_Strict):
    """Seconds from receipt; a bridge must come before the acknowledgement is due."""

    acknowledge_seconds: Seconds
    bridge_seconds: Seconds
    contact_seconds: Seconds | None = None
    record_seconds: Seconds | None = None


class StepDocument(_Strict):
    """One rung of a ladder."""

    after_seconds: Annotated[int, Field(ge=0)]
    roles: list[str]

    @model_validator(mode="after")
    def _known_roles(self) -> "StepDocument":
        unknown = sorted(set(self.roles) - LADDER_ROLES)
        if unknown:
            raise ValueError(f"unknown roles {unknown}; use {sorted(LADDER_ROLES)}")
        return self


class ExposureDocument(_Strict):
    """Heavy items in a shift; minutes of reading and of a break."""

    soft: Annotated[int, Field(ge=1, le=100)] = 8
    hard: Annotated[int, Field(ge=1, le=100)] = 12
    block_minutes: Annotated[int, Field(ge=10, le=240)] = 50
    break_minutes: Annotated[int, Field(ge=5, le=60)] = 10

    @model_validator(mode="after")
    def _in_order(self) -> "ExposureDocument":
        if self.soft > self.hard:
            raise ValueError("the soft limit comes before the hard one")
        return self


class PolicyDocument(_Strict):
    """The schema of a policy's YAML."""

    mode: Mode
    automatic_release: bool
    ratified: bool = False
    sampling_share: Annotated[float, Field(ge=0, le=1)]
    own_level_share: Annotated[float, Field(ge=0, le=1)]
    lease_seconds: Annotated[int, Field(ge=10, le=3600)]
    undo_seconds: Annotated[float, Field(ge=0, le=60)]
    undo_imminent_seconds: Annotated[float, Field(ge=0, le=60)]
    unscored_seconds: Annotated[float, Field(gt=0, le=60)]
    unanswered_seconds: Annotated[int, Field(ge=30, le=86_400)] = 600
    bulk_limit: Annotated[int, Field(ge=0, le=100)] = 20
    exposure: ExposureDocument = ExposureDocument()
    closing_needs_record: bool = False
    nobody_on_call: NobodyOnCall = NobodyOnCall.HOLD
    clocks: dict[Severity, ClockDocument]
    ladders: dict[Severity, Annotated[list[StepDocument], Field(min_length=1)]]
    acknowledged_for_seconds: dict[Severity, Seconds]
    jurisdictions: dict[str, JurisdictionRule] = {}
    crisis_lines: dict[str, str]
    bridges: dict[str, Annotated[list[str], Field(min_length=3)]]
    waiting_bridges: dict[str, Annotated[list[str], Field(min_length=3)]]
    holding_notes: dict[str, Annotated[list[str], Field(min_length=1)]]
    templates: dict[Situation, dict[Language, Templates]] = {}

    @model_validator(mode="after")
    def _complete(self) -> "PolicyDocument":
        _need("clocks", self.clocks, LEVELS)
        _need("ladders", self.ladders, (Severity.L3, Severity.L4))
        _need("acknowledged_for_seconds", self.acknowledged_for_seconds, (Severity.L3, Severity.L4))
        _need("crisis_lines", self.crisis_lines, ("default",))
        _need("bridges", self.bridges, ("en",))
        _need("waiting_bridges", self.waiting_bridges, tuple(self.bridges))
        _need("holding_notes", self.holding_notes, ("en",))
        for situation, spoken in self.templates.items():
            _need(f"templates {situation}", spoken, ("en",))
        for severity, steps in self.ladders.items():
            times = [step.after_seconds for step in steps]
            if times[0] != 0 or times != sorted(times):
                raise ValueError(f"ladder {severity} must start at 0 seconds and climb in order")
        if self.automatic_release and self.mode is Mode.HOLD_ALL:
            raise ValueError("hold_all reads every reply: automatic_release must be false")
        return self


def _need(field: str, found: Any, wanted: Any) -> None:  # Any: mappings of several key types
    missing = [str(key) for key in wanted if key not in found]
    if missing:
        raise ValueError(f"{field} lacks {', '.join(missing)}")


def parse_policy(text: str) -> PolicyDocument:
    """Read a policy's YAML; every mistake is named with its place, in one Incomplete."""
    try:
        return PolicyDocument.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise Incomplete(f"the policy is not readable YAML: {error}") from error
    except ValidationError as error:
        places = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'policy'}: {problem['msg']}"
            for problem in error.errors()
        )
        raise Incomplete(f"the policy is not usable: {places}") from error


@cache
def default_document() -> PolicyDocument:
    """The policy an omitted arm falls under: hold_all, nothing released by itself."""
    return parse_policy(DEFAULT_PATH.read_text(encoding="utf-8"))


def store_policy(
    session: Session, study_id: uuid.UUID, name: str, document: PolicyDocument
) -> tuple[uuid.UUID, int]:
    """Keep a new version under ``name`` and return its id and number, which starts at 1."""
    newest = session.scalar(
        select(func.max(PolicyVersion.number)).where(
            PolicyVersion.study_id == study_id, PolicyVersion.name == name
        )
    )
    version = PolicyVersion(
        id=new_id(),
        study_id=study_id,
        name=name,
        number=(newest or 0) + 1,
        document=document.model_dump(mode="json"),
    )
    session.add(version)
    session.flush()
    return version.id, version.number
