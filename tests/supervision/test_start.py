"""The whole start on real servers and our own migrations, with stand-ins for the processes that
are tested elsewhere: what stops it, what survives, what is left behind."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from oversight.embedded.paths import VarFolder
from oversight.settings import libpq_url, read_settings
from oversight.supervision import start
from tests.supervision.running import (
    ROOT,
    WITH_STAND_INS,
    Running,
    gone,
    running_with_stand_ins,
    until,
)


@contextmanager
def started(environment: dict[str, str]) -> Iterator[Running]:
    with running_with_stand_ins(environment) as oversight:
        oversight.until_line("Oversight is running")
        yield oversight


def var_of(environment: dict[str, str]) -> VarFolder:
    return VarFolder(Path(environment["OVERSIGHT_VAR"]))


def connect(environment: dict[str, str]) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(libpq_url(var_of(environment).database_url), autocommit=True)


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_stops_in_under_five_seconds_and_leaves_nothing(
    environment: dict[str, str], number: signal.Signals
) -> None:
    with started(environment) as oversight:
        everyone = oversight.processes()
        assert len(everyone) >= 6
        asked = time.monotonic()
        oversight.process.send_signal(number)
        assert oversight.process.wait(10) == 0
        assert time.monotonic() - asked < 5
        assert all(map(gone, everyone))


@pytest.mark.faults
def test_a_second_start_keeps_what_the_first_one_wrote(environment: dict[str, str]) -> None:
    with started(environment) as oversight:
        with connect(environment) as connection:
            connection.execute("create table kept (words text)")
            connection.execute("insert into kept values ('still here')")
        redis.Redis.from_url(var_of(environment).redis_url).set("kept", "too")
        oversight.process.terminate()
        oversight.process.wait(10)
    with started(environment):
        with connect(environment) as connection:
            assert connection.execute("select words from kept").fetchall() == [("still here",)]
        assert redis.Redis.from_url(var_of(environment).redis_url).get("kept") == b"too"


@pytest.mark.faults
def test_the_supervisor_killed_loses_no_row_and_leaves_no_orphan(
    environment: dict[str, str],
) -> None:
    written = 0
    for attempt in range(3):
        with started(environment) as oversight:
            with connect(environment) as connection:
                connection.execute("create table if not exists kept (n int)")
                found = connection.execute("select count(*) from kept").fetchone()
                assert found == (written,)
                connection.execute("insert into kept values (%s)", (attempt,))
                written += 1
            everyone = oversight.processes()
            oversight.process.kill()
            until(lambda those=everyone: all(map(gone, those)))  # type: ignore[misc]


@pytest.mark.faults
@pytest.mark.parametrize("server", ["bin/postgres", "valkey-server"])
def test_a_killed_server_comes_back_with_its_rows(environment: dict[str, str], server: str) -> None:
    with started(environment) as oversight:
        with connect(environment) as connection:
            connection.execute("create table kept as select 1 as n")
        redis.Redis.from_url(var_of(environment).redis_url).set("kept", "too")
        first = oversight.server(server)
        first.kill()
        oversight.until_line("was ended by SIGKILL; starts again")
        until(lambda: _both_answer(environment))
        assert oversight.server(server).pid != first.pid
        oversight.process.terminate()
        assert oversight.process.wait(10) == 0


def _both_answer(environment: dict[str, str]) -> bool:
    try:
        with connect(environment) as connection:
            rows = connection.execute("select n from kept").fetchall()
        return rows == [(1,)] and bool(
            redis.Redis.from_url(var_of(environment).redis_url).get("kept")
        )
    except (psycopg.OperationalError, redis.RedisError):
        return False


@pytest.mark.faults
def test_it_stops_when_the_process_that_started_it_is_killed(environment: dict[str, str]) -> None:
    """make killed with -9, a closed terminal, a test that gave up: nothing goes on unseen."""
    script = f'exec 3>&1; {sys.executable} -c "$PROGRAM" & wait'
    process = subprocess.Popen(
        ["sh", "-c", script],
        cwd=ROOT,
        env={**environment, "PROGRAM": WITH_STAND_INS},
        stdout=subprocess.PIPE,
        text=True,
    )
    oversight = Running(process)
    oversight.until_line("Oversight is running")
    everyone = oversight.processes()
    process.kill()
    process.wait()
    until(lambda: all(map(gone, everyone)))
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.faults
def test_a_second_one_on_the_same_data_is_refused(environment: dict[str, str]) -> None:
    with started(environment) as first:
        with running_with_stand_ins(environment) as second:
            line = second.until_line("already runs on")
            assert second.process.wait(10) == 1
        assert str(first.process.pid) in line
        assert environment["OVERSIGHT_CONSOLE_PORT"] in line
        assert "OVERSIGHT_VAR" in line
        with connect(environment) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.faults
def test_servers_that_are_named_are_used_and_none_is_started(
    environment: dict[str, str], empty_database_url: str, redis_url: str
) -> None:
    environment |= {"DATABASE_URL": libpq_url(empty_database_url), "REDIS_URL": redis_url}
    with started(environment) as oversight:
        names = [" ".join(process.cmdline()) for process in oversight.processes()]
        assert not [name for name in names if "postgres" in name or "valkey" in name]
        with psycopg.connect(libpq_url(empty_database_url)) as connection:
            found = connection.execute("select to_regclass('review_items')").fetchone()
        assert found != (None,)
        assert not var_of(environment).postgres_data.exists()


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["OVERSIGHT_CONSOLE_PORT", "OVERSIGHT_GATEWAY_PORT"])
def test_a_port_in_use_is_named_with_its_variable(
    environment: dict[str, str], variable: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(environment[variable])))
        taken.listen(1)
        with running_with_stand_ins(environment) as oversight:
            line = oversight.until_line("is in use")
            assert oversight.process.wait(10) == 1
    assert variable in line
    assert environment[variable] in line


def test_a_bad_setting_ends_the_start_with_one_line(environment: dict[str, str]) -> None:
    environment["OVERSIGHT_CONSOLE_PORT"] = "eighty"
    with running_with_stand_ins(environment) as oversight:
        oversight.until_line("OVERSIGHT_CONSOLE_PORT is 'eighty'")
        assert oversight.process.wait(10) == 2
    assert "Traceback" not in "".join(oversight.lines)


@pytest.mark.slow
def test_a_database_that_cannot_be_reached_ends_the_start_with_its_reason(
    environment: dict[str, str], free_port: Callable[[], int]
) -> None:
    environment["DATABASE_URL"] = f"postgresql://me:hunter2@127.0.0.1:{free_port()}/none"
    with running_with_stand_ins(environment) as oversight:
        oversight.until_line("did not start: migrate ended with status")
        assert oversight.process.wait(10) == 1
    assert "hunter2" not in "".join(oversight.lines)


def test_what_is_thrown_away_is_not_said_to_be_kept(tmp_path: Path) -> None:
    settings = read_settings({"OVERSIGHT_VAR": str(tmp_path)})
    assert "Data are kept in" in start.welcome(settings, seconds=1)
    words = start.welcome(settings, seconds=1, throwaway=True)
    assert "thrown away" in words
    assert "kept" not in words
    recipe = (Path(__file__).parents[2] / "Makefile").read_text().partition("\ndemo:")[2]
    assert "--throwaway" in recipe.partition("\n\n")[0]


def test_the_welcome_names_the_addresses_and_the_sign_ins(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text(
        json.dumps(
            {
                "study_key": "the-key",
                "people": [
                    {"username": "a.reader", "password": "p-one", "role": "clinician"},
                    {"username": "b.head", "password": "p-two", "role": "supervisor"},
                ],
            }
        )
    )
    settings = read_settings({"OVERSIGHT_VAR": str(tmp_path)})
    words = start.welcome(settings, seconds=4.2)
    for part in ("http://127.0.0.1:8501", "http://127.0.0.1:8600", "a.reader", "p-two", "4.2 s"):
        assert part in words
    assert "the-key" not in words


def test_without_the_demonstration_nobody_is_named(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text('{"people": [{"username": "a", "password": "b"}]}')
    settings = read_settings({"OVERSIGHT_VAR": str(tmp_path), "OVERSIGHT_DEMO": "0"})
    assert "made-up people" not in start.welcome(settings, seconds=1)
    assert "people create" in start.welcome(settings, seconds=1)
