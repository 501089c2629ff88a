"""Policies on the command line: what is wrong is named, what is right comes into force."""

from pathlib import Path

import pytest
import yaml

from db.session import Database, make_engine
from oversight.commands import arms
from oversight.services.keys import create_key
from oversight.services.policies import DEFAULT_PATH
from oversight.settings import Settings


@pytest.fixture
def study(settings: Settings) -> Settings:
    engine = make_engine(str(settings.database_url))
    with Database(engine).transaction() as session:
        create_key(session, study="S", label="test")
    engine.dispose()
    return settings


def written(tmp_path: Path, **changes: object) -> str:
    document = yaml.safe_load(DEFAULT_PATH.read_text(encoding="utf-8")) | changes
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return str(file)


def test_a_policy_comes_into_force_and_can_be_read_back(study: Settings, tmp_path: Path, capsys):
    file = written(tmp_path, mode="hold_flagged", automatic_release=True)
    assert arms.main(["set", "--study", "S", "--arm", "B", file], study) == 0
    assert arms.main(["set", "--study", "S", "--arm", "B", file], study) == 0
    assert "version 2 is in force for S/B" in capsys.readouterr().out
    assert arms.main(["show", "--study", "S", "--arm", "B"], study) == 0
    shown = yaml.safe_load(capsys.readouterr().out)
    assert shown["mode"] == "hold_flagged"
    assert arms.main(["list"], study) == 0
    listed = capsys.readouterr().out
    assert "hold_all, releases nothing, not ratified" in listed
    assert "hold_flagged, releases by itself" in listed


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"mode": "sometimes"}, "mode"),
        ({"automatic_release": True}, "automatic_release must be false"),
        ({"undo_seconds": -1}, "undo_seconds"),
        ({"surprise": 1}, "surprise"),
        ({"bridges": {"en": ["one"]}}, "bridges.en"),
        ({"bridges": {"es": ["a", "b", "c"]}}, "bridges lacks en"),
        ({"ladders": {"L4": [{"after_seconds": 0, "roles": ["primary"]}]}}, "ladders lacks L3"),
        ({"crisis_lines": {"US": "988"}}, "crisis_lines lacks default"),
    ],
)
def test_an_unusable_policy_is_refused_and_its_mistake_named(
    study: Settings, tmp_path: Path, capsys, changes, named
):
    assert (
        arms.main(["set", "--study", "S", "--arm", "B", written(tmp_path, **changes)], study) == 1
    )
    assert named in capsys.readouterr().err
    assert arms.main(["show", "--study", "S", "--arm", "B"], study) == 1
    assert "there are: S/default" in capsys.readouterr().err


def test_an_unknown_study_or_file_is_named(study: Settings, tmp_path: Path, capsys):
    assert arms.main(["set", "--study", "T", "--arm", "B", written(tmp_path)], study) == 1
    assert "no study called 'T'" in capsys.readouterr().err
    assert arms.main(["check", str(tmp_path / "none.yaml")], study) == 1
    assert "none.yaml" in capsys.readouterr().err
