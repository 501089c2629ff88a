"""The authored corpus says what its datasheet promises."""

from classifiers.training.corpus import (
    CORPUS,
    duplicate_texts,
    participant_rows,
    repeated_ids,
    reply_rows,
    split_of,
)
from oversight.domain.severity import Severity, at_least


def test_every_row_reads_and_every_id_is_its_own() -> None:
    rows = [*participant_rows(), *reply_rows()]
    assert repeated_ids(rows) == []


def test_no_text_stands_in_two_scenarios() -> None:
    assert duplicate_texts(participant_rows()) == []


def test_a_level_above_none_names_its_category_and_none_names_nothing() -> None:
    for row in participant_rows():
        assert bool(row.categories) is at_least(row.severity, Severity.L1), row.id


def test_a_reply_answers_a_participant() -> None:
    for row in reply_rows():
        assert row.context, row.id
        assert row.context[-1].role == "participant", row.id


def test_every_flag_has_good_counterparts_in_its_scenario() -> None:
    rows = reply_rows()
    good = {row.scenario for row in rows if not row.flags}
    flagged = [row for row in rows if row.flags]
    assert sum(row.scenario in good for row in flagged) / len(flagged) > 0.9


def test_scenarios_are_split_and_never_rows() -> None:
    rows = participant_rows()
    by_split = {
        split: {r.scenario for r in rows if split_of(r.scenario) == split}
        for split in ("train", "calibrate", "test")
    }
    assert not by_split["train"] & by_split["test"]
    assert not by_split["train"] & by_split["calibrate"]
    assert len(by_split["test"]) > 0.1 * len({row.scenario for row in rows})


def test_the_datasheet_stands_beside_the_corpus() -> None:
    assert "Composition" in (CORPUS / "DATASHEET.md").read_text("utf-8")
