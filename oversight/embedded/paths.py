"""Where the machine's own servers keep their files and sockets."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

# A unix socket's address holds 108 bytes on Linux and 104 on macOS; PostgreSQL appends 20.
_LONGEST_SOCKET_FOLDER = 75
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")  # Needs no quoting in an address.


@dataclass(frozen=True, slots=True)
class VarFolder:
    """The layout under OVERSIGHT_VAR. Pure names: nothing is created here."""

    root: Path

    @property
    def postgres_data(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey_data(self) -> Path:
        return self.root / "valkey"

    @property
    def log_file(self) -> Path:
        return self.root / "log" / "oversight.log"

    @property
    def lock(self) -> Path:
        return self.root / "oversight.lock"

    @property
    def postgres_sockets(self) -> Path:
        return self._sockets("pg")

    @property
    def postgres_socket(self) -> Path:
        return self.postgres_sockets / ".s.PGSQL.5432"

    @property
    def valkey_sockets(self) -> Path:
        return self._sockets("vk")

    @property
    def valkey_socket(self) -> Path:
        return self.valkey_sockets / "valkey.sock"

    @property
    def database_url(self) -> str:
        return f"postgresql+psycopg://oversight@/oversight?host={self.postgres_sockets}&port=5432"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.valkey_socket}?db=0"

    def _sockets(self, name: str) -> Path:
        """A folder whose path fits a socket address, and that every process finds by itself."""
        folder = self.root / f"run-{name}"
        if len(str(folder)) <= _LONGEST_SOCKET_FOLDER and _PLAIN_PATH.fullmatch(str(folder)):
            return folder
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"oversight-{_owner_id(self.root)}-{digest}-{name}"


def _owner_id(folder: Path) -> int:
    return folder.stat().st_uid if folder.exists() else os.geteuid()


def private_folder(folder: Path, *, owner_id: int | None = None) -> Path:
    """Create the folder for its owner alone, or refuse one that somebody else could have laid out.

    The name of a folder under the temporary folder can be guessed, so what stands there counts only
    if it is a real folder of ours that nobody else may enter.
    """
    owner = os.geteuid() if owner_id is None else owner_id
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        if owner != os.geteuid():
            os.chown(folder, owner, -1)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise RuntimeError(f"{folder} is not a folder: move it away and start again.")
    if found.st_uid != owner:
        if os.geteuid() != 0 or found.st_uid != 0:
            raise RuntimeError(
                f"{folder} belongs to user id {found.st_uid}, not to {owner}: start as the user "
                "that made it, or choose another folder with OVERSIGHT_VAR."
            )
        os.chown(folder, owner, -1)
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
    return folder
