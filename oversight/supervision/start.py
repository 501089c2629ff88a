"""`python -m oversight run`: the whole of Oversight on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oversight.embedded.children import tether_to_parent
from oversight.embedded.paths import VarFolder
from oversight.settings import Settings
from oversight.supervision import stack
from oversight.supervision.supervisor import StartFailed, Supervisor
from oversight.supervision.terminal import Terminal

# What a killed predecessor's children may still need to let go of a port.
_PORT_SECONDS = 3.0


class CannotRun(Exception):
    """Something on this machine stands in the way. The message is fit for an operator."""


def run(settings: Settings, *, tethered: bool, throwaway: bool = False) -> int:
    """Start everything and stay until Ctrl-C. Returns the exit status.

    `tethered` also stops when the process that started us is gone, which is what make wants.
    `throwaway` says, in what we print, that whoever started us removes the data afterwards.
    """
    if tethered:
        tether_to_parent()
    var = VarFolder(settings.var)
    with _alone_on(var, settings):
        _check_ports(settings)
        terminal = Terminal(log_file=var.log_file)
        try:
            return asyncio.run(_run(settings, terminal, throwaway=throwaway))
        finally:
            terminal.close()


async def _run(settings: Settings, terminal: Terminal, *, throwaway: bool) -> int:
    supervisor = Supervisor(terminal)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.ask_to_stop)
    started = time.monotonic()
    terminal.plain(f"Oversight starts; its data are in {settings.var}")
    try:
        await _start_stages(supervisor, settings)
        if not supervisor.stop_asked:
            seconds = time.monotonic() - started
            terminal.plain(welcome(settings, seconds=seconds, throwaway=throwaway))
        await supervisor.wait_until_asked_to_stop()
        status = 0
    except StartFailed as failure:
        more = f"The lines above and {VarFolder(settings.var).log_file} say more."
        terminal.plain(f"\nOversight did not start: {failure} {more}\n")
        status = 1
    stopping = time.monotonic()
    await supervisor.stop()
    fate = "thrown away" if throwaway else "kept"
    seconds = time.monotonic() - stopping
    terminal.plain(f"Oversight stopped in {seconds:.1f} s; the data are {fate}.")
    return status


async def _start_stages(supervisor: Supervisor, settings: Settings) -> None:
    connected = stack.with_servers(settings)
    stages = (
        stack.servers(settings),
        stack.migration(connected),
        stack.processes(connected),
        stack.player(connected),
    )
    for stage in stages:
        if not supervisor.stop_asked:
            await supervisor.start(stage)


@contextlib.contextmanager
def _alone_on(var: VarFolder, settings: Settings) -> Iterator[None]:
    """Hold the folder. The kernel lets go of the lock when we die, however we die."""
    try:
        var.root.mkdir(mode=0o711, parents=True, exist_ok=True)
        descriptor = os.open(var.lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotRun(
            f"{var.root} cannot be written ({error.strerror}): choose another folder with "
            "OVERSIGHT_VAR."
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(_already_running(var, descriptor)) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()} {settings.console_url}\n".encode())
        yield
    finally:
        os.close(descriptor)


def _already_running(var: VarFolder, descriptor: int) -> str:
    process_id, _, url = os.read(descriptor, 300).decode(errors="replace").strip().partition(" ")
    return (
        f"Oversight already runs on {var.root} (process {process_id or 'unknown'}, console "
        f"{url or 'unknown'}). Stop it first, or start a second one beside it with another "
        "OVERSIGHT_VAR, OVERSIGHT_CONSOLE_PORT and OVERSIGHT_GATEWAY_PORT."
    )


def _check_ports(settings: Settings) -> None:
    _check_port(settings.host, settings.console_port, "OVERSIGHT_CONSOLE_PORT")
    _check_port(settings.host, settings.gateway_port, "OVERSIGHT_GATEWAY_PORT")


def _check_port(host: str, port: int, variable: str) -> None:
    give_up = time.monotonic() + _PORT_SECONDS
    while True:
        try:
            return _listen_once(host, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < give_up:
                time.sleep(0.1)
                continue
            raise CannotRun(_why_not(error, host, port, variable)) from error


def _listen_once(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)


def _why_not(error: OSError, host: str, port: int, variable: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use by another program: stop that, or set {variable} "
            "to a free port."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than we have: set {variable} to one above 1023."
    return f"Cannot listen on {host} port {port} ({error}): look at OVERSIGHT_HOST and {variable}."


def welcome(settings: Settings, *, seconds: float, throwaway: bool = False) -> str:
    """What a person needs to begin: where the console is, and as whom to sign in."""
    log_file = VarFolder(settings.var).log_file
    kept = f"  Data are kept in {settings.var}, what happens in {log_file}."
    gone = f"  Data are in {settings.var} until you stop this; then they are thrown away."
    lines = [
        "",
        f"  Oversight is running ({seconds:.1f} s).",
        "",
        f"  Console   {settings.console_url}",
        f"  Gateway   {settings.gateway_url}   (described at /openapi.json)",
        "",
        *_sign_ins(settings),
        gone if throwaway else kept,
        "  Ctrl-C stops everything.",
        "",
    ]
    return "\n".join(lines)


def _sign_ins(settings: Settings) -> list[str]:
    if not settings.demo:
        return [
            "  Sign in with an account of your own. The first one is made with",
            "    .venv/bin/python -m oversight people create NAME --name 'Full Name' --role admin",
            "",
        ]
    people = _demonstration(settings.var / "demo.json").get("people", [])
    if not people:
        return []
    width = max(len(person["username"]) for person in people)
    rows = [
        f"    {_in_words(person['role']):<12} {person['username']:<{width}}   {person['password']}"
        for person in people
    ]
    return [
        "  Sign in as (a demonstration with made-up people):",
        *rows,
        "",
        "  The study key that its bot uses is in demo.json among the data.",
        "",
    ]


def _in_words(role: str) -> str:
    return role.replace("_", " ")


def _demonstration(file: Path) -> dict[str, Any]:  # Any: as JSON gives it.
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
