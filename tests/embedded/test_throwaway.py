"""The fixtures themselves: real servers, isolated tests."""

import redis
from sqlalchemy import create_engine, text

from oversight.embedded.postgres import PostgresFolders


def test_the_server_is_a_real_postgresql_reached_by_socket_only(
    postgres_server: PostgresFolders,
) -> None:
    with postgres_server.connect("postgres") as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)
        version = connection.execute("show server_version_num").fetchone()
    assert version is not None
    assert int(version[0]) >= 180000


def test_the_socket_folder_is_closed_to_others(postgres_server: PostgresFolders) -> None:
    assert postgres_server.sockets.stat().st_mode & 0o777 == 0o700
    assert postgres_server.data.stat().st_mode & 0o777 == 0o700


def test_an_empty_database_is_this_tests_own(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        connection.execute(text("create table t (x int)"))
        assert connection.scalar(text("select count(*) from t")) == 0
    engine.dispose()


def test_lower_case_works_beyond_ascii(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        assert connection.scalar(text("select lower('ÄÉŠ')")) == "äéš"
    engine.dispose()


def test_valkey_answers_and_starts_empty(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    assert client.dbsize() == 0
    client.set("kick", 1)
    assert client.get("kick") == b"1"
