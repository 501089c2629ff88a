"""`python -m oversight keys`: shown once, listed without the key, revoked."""

from __future__ import annotations

import pytest

from db.session import Database, make_engine
from oversight.commands import keys
from oversight.queries.study_keys import key_standing
from oversight.services.keys import digest_of_key
from oversight.settings import Settings


def run(settings: Settings, *argv: str) -> int:
    return keys.main(argv, settings)


def test_a_key_is_made_listed_and_revoked(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(settings, "create", "--study", "sparrow", "--label", "bot one") == 0
    key = capsys.readouterr().out.strip()
    assert key.startswith("ovk_")
    assert run(settings, "list") == 0
    line = capsys.readouterr().out
    assert "sparrow" in line
    assert "live" in line
    assert key not in line
    assert run(settings, "revoke", line.split()[0]) == 0
    capsys.readouterr()
    assert run(settings, "list") == 0
    assert "revoked" in capsys.readouterr().out
    engine = make_engine(str(settings.database_url))
    with Database(engine).reading() as session:
        standing = key_standing(session, digest_of_key(key))
    engine.dispose()
    assert standing is not None
    assert standing.revoked


def test_revoking_what_is_not_there_says_so(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(settings, "revoke", "00000000-0000-7000-8000-000000000000") == 1
    assert "keys list" in capsys.readouterr().err


def test_a_database_that_is_not_there_is_said_in_words(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = settings.with_servers(
        database_url="postgresql+psycopg://nobody@/none?host=/nowhere", redis_url="unix:///nowhere"
    )
    assert run(nowhere, "list") == 1
    assert "cannot be reached" in capsys.readouterr().err


@pytest.mark.parametrize("label", ["", " ", "x" * 129, "a\nb"])
def test_a_label_that_nobody_could_read_is_refused(settings: Settings, label: str) -> None:
    with pytest.raises(SystemExit):
        run(settings, "create", "--study", "sparrow", "--label", label)
