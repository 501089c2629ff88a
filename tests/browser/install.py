"""Finds a browser for the browser tests, or installs one. Run by `make test`.

The first that works: CHROME_PATH, an installed Chromium or Chrome, Playwright's own Chromium, and,
for root on Debian and its kin, the distribution's package. Where none can be had this fails: the
browser tests are never left out silently.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "brave-browser",
)
MACOS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


class NoBrowser(Exception):
    """No browser here, and none could be installed."""


@cache
def browser_path() -> str:
    """The executable to drive (`executable_path` for Playwright)."""
    tried = []
    for candidate in _candidates():
        if problem := _problem(candidate):
            tried.append(f"{candidate}: {problem}")
        else:
            return candidate
    raise NoBrowser("\n".join(["No browser works here.", *tried]))


def _candidates() -> Iterator[str]:
    if named := os.environ.get("CHROME_PATH"):
        yield named
        return  # Whoever names one wants that one.
    yield from filter(None, map(shutil.which, NAMES))
    yield from filter(os.path.exists, MACOS)
    if own := _playwrights_own():
        yield own


def _problem(executable: str) -> str | None:
    """Why it does not start, or None. A shell script that points to a snap store is no browser."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "about:blank"]
    try:
        done = subprocess.run(
            [executable, *options], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode != 0 or "<html" not in done.stdout:
        return (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
    return None


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _install_with_playwright() -> None:
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        command.insert(-1, "--with-deps")
    subprocess.run(command, check=True)


def _install_with_apt() -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise NoBrowser("apt-get needs root")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=True, env=environment)
    subprocess.run(
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"],
        check=True,
        env=environment,
    )


def ensure_browser() -> str:
    """The browser to drive, installed first if there is none."""
    installers: tuple[Callable[[], None], ...] = (_install_with_playwright, _install_with_apt)
    for install in installers:
        try:
            return browser_path()
        except NoBrowser as absence:
            print(f"{absence}\nInstalling one ({install.__name__.removeprefix('_')}) …", flush=True)
        try:
            install()
        except (NoBrowser, OSError, subprocess.CalledProcessError) as failure:
            print(f"That did not work: {failure}", flush=True)
    return browser_path()


if __name__ == "__main__":
    try:
        print(f"Browser tests drive {ensure_browser()}")
    except NoBrowser as absence:
        sys.exit(
            f"{absence}\nThe browser tests need Chromium or Chrome and cannot be left out. Install "
            "one, or name it with CHROME_PATH."
        )
