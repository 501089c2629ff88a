"""The commands of `python -m oversight`. Each imports only what it needs, when it runs."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn

from oversight.settings import SettingError, Settings, read_settings

Command = Callable[[Settings, Sequence[str]], int]


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m oversight",
        description="Clinicians answer for every message an AI therapy bot sends.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_list_of_commands(),
    )
    parser.add_argument("command", choices=sorted(COMMANDS), metavar="COMMAND", help="see below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    command, _ = COMMANDS[chosen.command]
    try:
        return command(read_settings(), chosen.rest)
    except SettingError as error:
        print(f"oversight: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _list_of_commands() -> str:
    rows = (f"  {name:<10} {meaning}" for name, (_, meaning) in COMMANDS.items())
    return "commands:\n" + "\n".join(rows)


def _connected(settings: Settings) -> Settings:
    """Settings whose servers can be reached: named in the environment, or running on OVERSIGHT_VAR.

    Raises `SettingError` where neither is the case.
    """
    from oversight.embedded.paths import VarFolder
    from oversight.supervision.stack import with_servers

    own = VarFolder(settings.var)
    missing = settings.database_url is None and not own.postgres_socket.exists()
    missing |= settings.redis_url is None and not own.valkey_socket.exists()
    if missing:
        raise SettingError(
            f"Nothing runs on {settings.var}: start Oversight first (make run), or set "
            "DATABASE_URL and REDIS_URL."
        )
    return with_servers(settings)


def _start_logs(settings: Settings) -> None:
    from oversight.logs import start_logging

    start_logging(level=settings.log_level, form=settings.log_format)


def _run(settings: Settings, rest: Sequence[str]) -> int:
    from oversight.supervision.start import CannotRun, run

    parser = argparse.ArgumentParser(prog="python -m oversight run")
    parser.add_argument(
        "--tethered", action="store_true", help="stop when the starting process is gone"
    )
    parser.add_argument(
        "--throwaway", action="store_true", help="say that the data are removed afterwards"
    )
    asked = parser.parse_args(rest)
    try:
        return run(settings, tethered=asked.tethered, throwaway=asked.throwaway)
    except CannotRun as error:
        print(f"oversight: {error}", file=sys.stderr)
        return 1


def _gateway(settings: Settings, rest: Sequence[str]) -> int:
    import uvicorn

    from oversight.gateway.app import create_app

    _no_more(rest, "gateway")
    _start_logs(settings)
    app = create_app(_connected(settings))
    # What was imported stays for good: looking for garbage among it, over and over while a batch
    # of arrivals is taken in, cost a tenth of all processor time (measured).
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.gateway_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    return 0


def _console(settings: Settings, rest: Sequence[str]) -> int:
    import uvicorn

    from oversight.supervision.stack import environment

    _no_more(rest, "console")
    _start_logs(settings)
    os.environ.update(environment(_connected(settings)))  # app.py reads its settings from there.
    uvicorn.run(
        "app:app",
        host=settings.host,
        port=settings.console_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    return 0


def _leave() -> NoReturn:
    """End at once. All is said and closed, and the record is in the database.

    Python would first take apart all that was imported, the model's library included: 0.2 s of
    processor time, which at low priority on a busy machine became more than four seconds.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _scorer(settings: Settings, rest: Sequence[str]) -> int:
    from oversight.worker import scorer

    _no_more(rest, "scorer")
    _start_logs(settings)
    scorer.run(_connected(settings))
    _leave()


def _courier(settings: Settings, rest: Sequence[str]) -> int:
    from oversight.worker import courier

    _no_more(rest, "courier")
    _start_logs(settings)
    courier.run(_connected(settings))
    _leave()


def _clock(settings: Settings, rest: Sequence[str]) -> int:
    from oversight.worker import clock

    _no_more(rest, "clock")
    _start_logs(settings)
    clock.run(_connected(settings))
    _leave()


def _background(settings: Settings, rest: Sequence[str]) -> int:
    from oversight.worker import background

    _no_more(rest, "background")
    _start_logs(settings)
    background.run(_connected(settings))
    _leave()


def _player(settings: Settings, rest: Sequence[str]) -> int:
    from oversight import player

    _no_more(rest, "player")
    _start_logs(settings)
    player.run(_connected(settings))
    return 0


def _migrate(settings: Settings, rest: Sequence[str]) -> int:
    from db.migrate import upgrade

    _no_more(rest, "migrate")
    _start_logs(settings)
    database_url = _connected(settings).database_url
    if database_url is None:
        raise SettingError("DATABASE_URL is empty.")
    upgrade(database_url)
    return 0


def _seed(settings: Settings, rest: Sequence[str]) -> int:
    from oversight.demo.seed import seed_demo

    _no_more(rest, "seed")
    _start_logs(settings)
    seed_demo(_connected(settings))
    return 0


def _keys(settings: Settings, rest: Sequence[str]) -> int:
    from oversight.commands import keys

    return keys.main(rest, _connected(settings))


def _people(settings: Settings, rest: Sequence[str]) -> int:
    from oversight.commands import people

    return people.main(rest, _connected(settings))


def _arms(settings: Settings, rest: Sequence[str]) -> int:
    from oversight.commands import arms

    return arms.main(rest, _connected(settings))


def _models(settings: Settings, rest: Sequence[str]) -> int:
    from oversight.commands import models

    return models.main(rest, _connected(settings))


def _rescore(settings: Settings, rest: Sequence[str]) -> int:
    from oversight.commands import rescore
    from oversight.worker.background import NICENESS
    from oversight.worker.rereading import reread_live

    _start_logs(settings)
    os.nice(NICENESS)
    reread = partial(reread_live, thresholds=settings.thresholds)
    return rescore.main(rest, _connected(settings), reread)


def _replay(settings: Settings, rest: Sequence[str]) -> int:  # noqa: ARG001 (talks HTTP only)
    from oversight import replay

    return replay.main(list(rest))


def _settings(settings: Settings, rest: Sequence[str]) -> int:  # noqa: ARG001 (read to check them)
    from oversight.settings import settings_as_markdown

    _no_more(rest, "settings")
    print(settings_as_markdown(), end="")
    return 0


def _no_more(rest: Sequence[str], command: str) -> None:
    argparse.ArgumentParser(prog=f"python -m oversight {command}").parse_args(rest)


COMMANDS: dict[str, tuple[Command, str]] = {
    "run": (_run, "everything on this machine, until Ctrl-C"),
    "gateway": (_gateway, "the HTTP API that bots talk to"),
    "console": (_console, "the clinicians' console"),
    "scorer": (_scorer, "scores messages and drafts"),
    "courier": (_courier, "deliveries and pages"),
    "clock": (_clock, "sweeps, ladders, bridges, retention"),
    "background": (_background, "evidence and a candidate in shadow, behind the live work"),
    "migrate": (_migrate, "bring the database's schema up to date"),
    "seed": (_seed, "the demonstration study and its people"),
    "player": (_player, "play the synthetic trial into the gateway"),
    "replay": (_replay, "play a file of conversations through the gateway"),
    "keys": (_keys, "create, list and revoke study keys"),
    "people": (_people, "create, list and deactivate accounts"),
    "arms": (_arms, "policies of study arms, as YAML in and out"),
    "models": (_models, "classifiers: list, try in shadow, promote, retire"),
    "rescore": (_rescore, "read the history again with the live classifier; only raises"),
    "settings": (_settings, "the table of all settings"),
}
