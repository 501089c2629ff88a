"""How a process is started so that it can never outlive the one that started it."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
# Bound before any fork: a child between fork and exec must not load libraries.
_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Account:
    """The user that a server runs as when we are root; PostgreSQL refuses to run as root."""

    user_id: int
    group_id: int


@dataclass(frozen=True, slots=True)
class Launch:
    """One command with everything that its start needs.

    `open_folders` are descriptors that the child inherits: a server that runs under another
    account reaches folders inside a closed home through them.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    open_folders: tuple[int, ...] = ()
    folder: Path | None = None  # Where it works; the supervisor's own place if none is named.
    death_signal: signal.Signals = signal.SIGTERM

    def close_folders(self) -> None:
        """Once the child runs it holds its own descriptors; ours would only pile up."""
        for descriptor in self.open_folders:
            os.close(descriptor)

    def popen_options(self) -> dict[str, Any]:  # Any: the keyword arguments of subprocess.Popen.
        options: dict[str, Any] = {
            "env": {**os.environ, **self.environment},
            "pass_fds": self.open_folders,
            "cwd": self.folder,
            "start_new_session": True,  # Ctrl-C reaches the supervisor alone; it stops us in order.
            "preexec_fn": die_with_parent(self.death_signal),
        }
        if self.account is not None:
            options |= {
                "user": self.account.user_id,
                "group": self.account.group_id,
                "extra_groups": [],
                "cwd": self.folder or "/",
            }
        return options


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn`: the kernel signals the child when its parent is gone, however it went.

    The parent may die between fork and prctl; the second look at the parent's id closes that gap.
    Linux only: elsewhere a killed supervisor leaves its children to the next start.
    """
    prctl = _prctl
    if prctl is None:
        return None
    parent = os.getpid()

    def tether() -> None:
        prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return tether


def tether_to_parent(death_signal: signal.Signals = signal.SIGTERM) -> None:
    """Stop this very process when the one that started it (make, a test) is gone."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)


def account_for_servers(owner_id: int | None = None) -> Account | None:
    """The account for PostgreSQL: none unless we are root, then the data's owner or a standing one.

    Accounts are only looked up. Adding users to somebody's machine is not ours to do.
    """
    if os.geteuid() != 0:
        return None
    if owner_id:
        try:
            owner = pwd.getpwuid(owner_id)
            return Account(owner.pw_uid, owner.pw_gid)
        except KeyError:
            pass
    for name in ("postgres", "nobody"):
        try:
            standing = pwd.getpwnam(name)
        except KeyError:
            continue
        if standing.pw_uid != 0:
            return Account(standing.pw_uid, standing.pw_gid)
    raise RuntimeError(
        "PostgreSQL refuses to run as root, and this machine has neither an account 'postgres' nor "
        "'nobody'. Run as an ordinary user, or set DATABASE_URL to a server of yours."
    )
