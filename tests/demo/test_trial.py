"""The synthetic trial holds what its datasheet says, and nobody in it can be called."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date

import pytest

from oversight.demo.trial import (
    CONVERSATIONS_FOLDER,
    FOLDER,
    TrialTurn,
    trial_participants,
    trial_turns,
)
from oversight.domain.flags import Flag
from oversight.domain.measures import underweight
from oversight.domain.severity import Severity
from oversight.replay_file import read_replay_file
from oversight.services.participants import measures_in_order

TURNS = trial_turns()
PEOPLE = trial_participants()
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def _with_reply() -> list[TrialTurn]:
    return [turn for turn in TURNS if turn.reply is not None]


def test_it_is_as_large_as_the_datasheet_says() -> None:
    conversations = {turn.conversation_id for turn in TURNS}
    flagged = sum(bool(turn.flags) for turn in TURNS)
    quiet = sum(turn.quiet for turn in TURNS)
    severities = Counter(str(turn.severity) for turn in TURNS)
    for sentence in (
        f"{len(TURNS)} messages in {len(conversations)} conversations",
        f"{len(_with_reply())} of them with a draft reply",
        f"{flagged} drafts carry",
        f"{quiet} turns belong to quiet days",
        ", ".join(f"{level} {severities[level]}" for level in ("L4", "L3", "L2", "L1", "L0", "LU")),
    ):
        assert sentence in README.replace("\n", " ")
    assert len(_with_reply()) >= 260


def test_its_people_have_two_arms_and_four_languages() -> None:
    assert len(PEOPLE) >= 14
    assert {person.id for person in PEOPLE} == {turn.participant_id for turn in TURNS}
    assert len({person.card["arm"] for person in PEOPLE}) == 2
    assert {person.card["language"] for person in PEOPLE} == {"en", "es", "de", "fr"}


def test_every_reply_flag_occurs_except_method_talk() -> None:
    assert {flag for turn in TURNS for flag in turn.flags} == set(Flag) - {Flag.F02}
    assert all(turn.reply is not None for turn in TURNS if turn.flags)


def test_a_newcomer_soon_sees_several_people_and_an_imminent_case() -> None:
    assert len({turn.participant_id for turn in TURNS if turn.at_seconds <= 10}) >= 6
    imminent = min(turn.at_seconds for turn in TURNS if turn.severity is Severity.L4)
    assert imminent <= 30


def test_the_first_imminent_case_leaves_time_to_answer() -> None:
    first = next(turn for turn in TURNS if turn.severity is Severity.L4)
    following = next(
        turn
        for turn in TURNS
        if turn.conversation_id == first.conversation_id and turn.turn == first.turn + 1
    )
    assert following.at_seconds - first.at_seconds >= 240


def test_someone_is_underweight_and_someone_lives_in_illinois() -> None:
    bmi = [
        measure["value"]
        for person in PEOPLE
        for measure in person.card["measures"]
        if measure["name"] == "BMI"
    ]
    assert min(bmi) == 17.4
    assert "US-IL" in {person.card["jurisdiction"] for person in PEOPLE}


def test_the_record_reads_the_underweight_card_as_underweight() -> None:
    """The card passes through two hands on its way to the scorer; both must mean the same."""
    cards = {person.id: person.card_on(date(2026, 3, 10)) for person in PEOPLE}
    read = {name: underweight(measures_in_order(card["measures"])) for name, card in cards.items()}
    assert [name for name, is_underweight in read.items() if is_underweight] == ["p-002"]


def test_forty_messages_come_within_seventy_seconds() -> None:
    burst = [turn for turn in TURNS if turn.conversation_id == "c-004-day02"]
    assert len(burst) == 40
    assert burst[-1].at_seconds - burst[0].at_seconds <= 70


def test_quiet_days_are_quiet() -> None:
    loud = {Severity.L2, Severity.L3, Severity.L4}
    assert not [turn for turn in TURNS if turn.quiet and turn.severity in loud]


@pytest.mark.parametrize("file", sorted(CONVERSATIONS_FOLDER.iterdir()), ids=lambda file: file.name)
def test_each_file_is_a_replay_file_of_one_participant(file) -> None:
    replay = read_replay_file(file)
    assert replay.bad_lines == []
    assert {turn.participant.id for turn in replay.turns} == {file.stem}
    for turns in replay.by_conversation().values():
        assert [turn.turn for turn in turns] == list(range(len(turns)))


def test_time_never_runs_backwards_in_a_conversation() -> None:
    last: dict[str, tuple[int, float]] = {}
    for turn in TURNS:
        before = last.get(turn.conversation_id, (-1, -1.0))
        assert before[0] + 1 == turn.turn
        assert before[1] < turn.at_seconds
        last[turn.conversation_id] = (turn.turn, turn.at_seconds)


def test_personal_numbers_are_fictional() -> None:
    for person in PEOPLE:
        phones = [contact["value"] for contact in person.card["contacts"]]
        phones += [contact["phone"] for contact in person.card["collateral"]]
        assert phones
        assert all(re.fullmatch(r"555-01\d\d", phone) for phone in phones)


def test_a_card_counts_its_dates_back_from_the_day_it_is_sent() -> None:
    card = next(person for person in PEOPLE if person.id == "p-002").card_on(date(2026, 3, 10))
    assert {"name": "BMI", "value": 17.4, "date": "2026-03-05"} in card["measures"]
    assert "days_ago" not in json.dumps(card)


def test_texts_are_ones_that_the_gateway_takes() -> None:
    for turn in TURNS:
        for text in filter(None, (turn.message, turn.reply)):
            assert text.strip()
            assert "\0" not in text
            assert len(text) < 20_000
