"""The command that examinations use: every sound row scored, every bad one named."""

import json
from pathlib import Path

import pytest

from classifiers.__main__ import main

ASKED_FOR = {
    "id",
    "crisis_probability",
    "severity",
    "category_probabilities",
    "reply_harm_probability",
    "flag_probabilities",
    "language",
    "scored",
    "model_version",
}


def run(tmp_path: Path, *lines: str | bytes) -> tuple[int, list[dict[str, object]]]:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    raw = [line.encode() if isinstance(line, str) else line for line in lines]
    source.write_bytes(b"\n".join(raw) + b"\n")
    status = main(["score", str(source), str(target)])
    return status, [json.loads(line) for line in target.read_text("utf-8").splitlines()]


def test_sound_rows_come_back_in_order_with_every_field_asked_for(tmp_path: Path) -> None:
    status, rows = run(
        tmp_path,
        '{"id": "b", "text": "hello there", "role": "participant", "context": null}',
        '{"id": "a", "text": "Glad you wrote.", "role": "bot", "context": '
        '[{"role": "participant", "text": "hello there"}], "language": "en"}',
    )
    assert status == 0
    assert [row["id"] for row in rows] == ["b", "a"]
    assert all(set(row) >= ASKED_FOR for row in rows)
    assert isinstance(rows[0]["crisis_probability"], float)
    assert rows[0]["reply_harm_probability"] is None
    assert isinstance(rows[1]["reply_harm_probability"], float)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("{broken", "not JSON"),
        ("[1, 2]", "not a JSON object"),
        ('{"id": "x", "role": "participant"}', "text is missing"),
        ('{"id": "x", "text": 7, "role": "participant"}', "text is missing"),
        ('{"text": "hello", "role": "participant"}', "id is missing"),
        ('{"id": "x", "text": "hello", "role": "doctor"}', "role is neither"),
        ('{"id": "x", "text": "hello", "role": "bot", "context": "hi"}', "context is not a list"),
        ('{"id": "x", "text": "a", "role": "bot", "context": [{"role": "bot"}]}', "has no text"),
        (b'{"id": "x", "text": "\xff", "role": "bot"}', "not UTF-8"),
    ],
)
def test_a_bad_row_is_named_by_line_and_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: str | bytes, words: str
) -> None:
    good = '{"id": "x", "text": "hello there", "role": "participant"}'
    status, rows = run(tmp_path, good, bad, good)
    assert status == 1
    assert len(rows) == 2
    complaint = capsys.readouterr().err
    assert "line 2: " in complaint
    assert words in complaint


def test_an_unreadable_text_is_a_row_without_a_score(tmp_path: Path) -> None:
    status, rows = run(tmp_path, '{"id": "x", "text": "…", "role": "participant"}')
    assert status == 0
    assert (rows[0]["scored"], rows[0]["severity"]) == (False, "LU")
    assert rows[0]["crisis_probability"] is None


def test_a_missing_file_is_said_plainly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(tmp_path / "nowhere"), str(tmp_path / "out")]) == 2
    assert "no such file" in capsys.readouterr().err
