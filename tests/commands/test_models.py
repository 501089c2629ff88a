"""Classifiers from the command line: tried in shadow, promoted by somebody, retired, reread."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from classifiers.encoder import MODELS
from classifiers.load import ModelNotUsable
from db.session import Database
from db.tables import AuditEvent, Message
from oversight.commands import models, rescore
from oversight.domain.permissions import Role
from oversight.domain.severity import Severity
from oversight.services.people import create_person
from oversight.settings import Settings
from oversight.worker.assessing import Assessor
from oversight.worker.choosing import live_choice, load_live
from oversight.worker.draining import Drain
from oversight.worker.rereading import reread_live
from tests.worker import stand_ins
from tests.worker.talk import PASSWORD, Talk

BY = ("--by", "lea")
FILES = ("heads.npz", "tokenizer.json", "encoder.onnx")


@pytest.fixture
def database(engine: Engine) -> Database:
    created = Database(engine)
    with created.transaction() as session:
        for username, role in (("lea", Role.STUDY_LEAD), ("cleo", Role.CLINICIAN)):
            create_person(session, username=username, name="N", role=role, password=PASSWORD)
    return created


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped model under another version, with lower thresholds: it raises more."""
    made = tmp_path / "candidate"
    made.mkdir()
    for name in FILES:
        shutil.copy(MODELS / name, made / name)
    content = json.loads((MODELS / "manifest.json").read_text())
    content["version"] = "candidate-2"
    content["thresholds"] |= {"severity:L1": 0.0, "severity:L2": 0.0}
    (made / "manifest.json").write_text(json.dumps(content))
    return made


def test_a_candidate_is_tried_promoted_and_retired(
    settings: Settings, database: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models.main(("shadow", str(folder), "--card", "docs/new.md", *BY), settings) == 0
    assert live_choice(database) is None
    models.main(("list",), settings)
    listed = capsys.readouterr().out
    assert "candidate-2  shadow since" in listed
    assert "docs/new.md" in listed
    assert "severity:L2 0" in listed
    assert models.main(("promote", "candidate-2", *BY), settings) == 0
    chosen, classifier = load_live(database, threading.Event())
    assert (chosen, classifier.version) == ("candidate-2", "candidate-2")
    models.main(("list",), settings)
    assert "retired, shipped" in capsys.readouterr().out
    assert models.main(("retire", "candidate-2", *BY), settings) == 0
    assert load_live(database, threading.Event())[0] is None


def test_a_named_set_of_thresholds_decides_under_a_version_of_its_own(
    settings: Settings, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    default = load_live(database, threading.Event())[1].version
    cautious = load_live(database, threading.Event(), thresholds="cautious")[1].version
    assert cautious.startswith(f"{default}.cautious-")
    models.main(("list",), settings)
    assert cautious in capsys.readouterr().out


def test_only_a_study_lead_or_administrator_is_taken_for_the_decider(
    settings: Settings, database: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models.main(("shadow", str(folder), "--by", "cleo"), settings) == 1
    assert "neither a study lead nor" in capsys.readouterr().err
    assert models.main(("shadow", str(folder), "--by", "nobody"), settings) == 1


def test_a_folder_that_holds_no_model_is_refused_with_the_reason(
    settings: Settings, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models.main(("shadow", str(tmp_path), *BY), settings) == 1
    assert "cannot be used" in capsys.readouterr().err


def test_damaged_files_are_refused(
    settings: Settings, database: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "heads.npz").write_bytes(b"something else")
    assert models.main(("shadow", str(folder), *BY), settings) == 1
    assert "heads.npz does not match" in capsys.readouterr().err


def test_files_changed_after_the_trial_are_neither_promoted_nor_loaded(
    settings: Settings, database: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models.main(("shadow", str(folder), *BY), settings)
    manifest = folder / "manifest.json"
    unchanged = manifest.read_text()
    manifest.write_text(unchanged.replace("0.0", "0.9", 1))
    assert models.main(("promote", "candidate-2", *BY), settings) == 1
    assert "not those that were tried" in capsys.readouterr().err
    manifest.write_text(unchanged)
    assert models.main(("promote", "candidate-2", *BY), settings) == 0
    manifest.write_text(unchanged.replace("0.0", "0.9", 1))
    with pytest.raises(ModelNotUsable):
        load_live(database, threading.Event())


def test_the_shipped_version_under_another_name_is_no_candidate(
    settings: Settings, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models.main(("shadow", str(MODELS), *BY), settings) == 1
    assert "is the shipped version" in capsys.readouterr().err


def test_a_foreign_model_without_torch_is_refused_in_words(
    settings: Settings,
    database: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        "model: tiny\nversion: tiny-1\nlanguages: [en]\nthreshold: 0.5\n"
        "labels:\n  LABEL_0: {severity: L0}\n"
    )
    assert models.main(("shadow", str(mapping), *BY), settings) == 1
    said = capsys.readouterr().err
    assert "torch, which is not installed here" in said
    assert "requirements-huggingface.txt" in said


def test_the_history_is_reread_by_the_live_version_and_the_record_says_so(
    settings: Settings, database: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    talk = Talk.begin(database)
    talk.say("We painted the fence.", "i bought apples at the market")
    stopping = threading.Event()
    Drain(database, Assessor(stand_ins.Quick(), stopping=stopping), stopping=stopping).drain()
    again = ("--version", "candidate-2", *BY)
    assert rescore.main(again, settings, reread_live) == 1
    assert "promote it first" in capsys.readouterr().err
    models.main(("shadow", str(folder), *BY), settings)
    models.main(("promote", "candidate-2", *BY), settings)
    assert rescore.main(again, settings, reread_live) == 0
    assert "2 texts read" in capsys.readouterr().out
    assert rescore.main(again, settings, reread_live) == 0
    assert "0 texts read" in capsys.readouterr().out
    with database.reading() as session:
        levels = session.scalars(select(Message.severity)).all()
        ended = session.scalars(
            select(AuditEvent.detail).where(AuditEvent.kind == "rescore.end")
        ).all()
    assert set(levels) == {Severity.L2}
    assert [(one["texts"], one["raised"]) for one in ended] == [(2, 2), (0, 0)]


def test_only_what_was_said_since_a_day_is_reread(settings: Settings, database: Database) -> None:
    talk = Talk.begin(database)
    talk.say("We painted the fence.")
    stopping = threading.Event()
    Drain(database, Assessor(stand_ins.Quick(), stopping=stopping), stopping=stopping).drain()
    from classifiers.load import load_classifier
    from oversight.worker.rereading import reread

    shipped = load_classifier()
    later = datetime(2999, 1, 1, tzinfo=UTC)
    assert reread(database, shipped, since=later).texts == 0
    assert reread(database, shipped, since=datetime(2000, 1, 1, tzinfo=UTC)).texts == 1
