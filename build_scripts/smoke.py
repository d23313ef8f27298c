"""Try the frozen application as a user without Python would, and fail at the first thing that is not as it should be.

python build_scripts/smoke.py [APPLICATION] [--picture PNG]

APPLICATION is the folder with the programs (or the .app of macOS), by default what build.py has made. The programs get an environment of
nothing but a home that is empty, a language and a screen: no Python can be found. On Linux without a screen, Xvfb is one. What is tried:
the version, ``selfcheck`` with nothing missing, a batch of the bundled samples in two processes with every format, and the real window,
which opens a sample, analyses it, leaves a picture of itself and closes. Any word on standard error is a failure.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic

from freezing.environment import ROOT, version

PATIENCE_S = 600
SMALLEST_PICTURE_BYTES = 40_000
"""A window without an image and its particles makes less."""
FEWEST_PARTICLES = 50
SCREEN = "1600x1000x24"


class SmokeError(Exception):
    """Something is not as it should be."""


class Programs:
    """The two programs of a frozen application, started in a clean environment.

    Parameters
    ----------
    application : folder with the programs, or the .app.
    home : an empty folder.
    screen : variables that name a screen.
    """

    def __init__(self, application: Path, home: Path, screen: dict[str, str]) -> None:
        self.home = home
        self._folder = application / "Contents" / "MacOS" if application.suffix == ".app" else application
        nothing = home / "no programs"
        runtime = home / "run"
        for folder in (nothing, runtime):
            folder.mkdir()
            folder.chmod(0o700)
        self._environment = {"HOME": str(home), "PATH": str(nothing), "LANG": "C.UTF-8", "XDG_RUNTIME_DIR": str(runtime), **screen}
        if sys.platform == "win32":
            folders = {"USERPROFILE": home, "APPDATA": home / "Roaming", "LOCALAPPDATA": home / "Local", "TEMP": home, "TMP": home}
            self._environment |= {name: str(folder) for name, folder in folders.items()}
            # Without it no program can load the system's own libraries.
            self._environment |= {name: os.environ[name] for name in ("SYSTEMROOT", "WINDIR") if name in os.environ}

    def run(self, name: str, *arguments: str | Path) -> str:
        """Run one of them to its end and return what it printed.

        Raises
        ------
        SmokeError
            It failed, or had something to complain about.
        """
        program = self._folder / (f"{name}.exe" if sys.platform == "win32" else name)
        began = monotonic()
        command = [str(program), *map(str, arguments)]
        done = subprocess.run(command, env=self._environment, cwd=self.home, capture_output=True, encoding="utf-8", timeout=PATIENCE_S)
        if done.returncode != 0:
            raise SmokeError(f"{name} {' '.join(command[1:])} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        if done.stderr.strip():
            raise SmokeError(f"{name} {' '.join(command[1:])} complained:\n{done.stderr}")
        print(f"ok  {name} {' '.join(Path(each).name for each in command[1:])}  ({monotonic() - began:.1f} s)", flush=True)
        return done.stdout


def try_application(application: Path, picture: Path, screen: dict[str, str]) -> None:
    """Try everything.

    Raises
    ------
    SmokeError
    """
    with tempfile.TemporaryDirectory(prefix="lycurgus-smoke-", ignore_cleanup_errors=True) as folder:
        programs = Programs(application, Path(folder), screen)
        said = programs.run("lycurgus", "--version").strip()
        if said != f"lycurgus {version()}":
            raise SmokeError(f"it calls itself '{said}', it should be lycurgus {version()}")
        _look_at_checks(json.loads(programs.run("lycurgus", "selfcheck", "--json"))["checks"])
        _try_batch(programs)
        _try_window(programs, picture)
        _look_at_traces(programs.home)


def _look_at_checks(checks: list[dict[str, str]]) -> None:
    for check in checks:
        print(f"      {check['status']:<8}{check['name']}: {check['detail']}")
    # What may be missing where Lycurgus runs from its sources is a part of the application.
    bad = [check["name"] for check in checks if check["status"] != "ok"]
    if bad:
        raise SmokeError(f"not all is there: {', '.join(bad)}")


def _try_batch(programs: Programs) -> None:
    """Several processes: each must be the frozen program again."""
    out = programs.home / "report"
    programs.run("lycurgus", "batch", ROOT / "resources" / "samples", "--out", out, "--jobs", "2", "--set", "detector.name=otsu", "--json")
    for name in ("report.xlsx", "particles.csv", "annotations.coco.json"):
        if not (out / name).is_file():
            raise SmokeError(f"the batch wrote no {name}: only {sorted(path.name for path in out.iterdir())}")


def _try_window(programs: Programs, picture: Path) -> None:
    sample = programs.home / "a sample, mit Ümlaut.tif"
    shutil.copyfile(ROOT / "resources" / "samples" / "haadf_stem_metal_on_carbon.tif", sample)
    shown = programs.home / "window.png"
    programs.run("lycurgus-gui", "--analyse", "--picture", shown, sample)
    if not shown.is_file() or shown.stat().st_size < SMALLEST_PICTURE_BYTES:
        raise SmokeError("the window left no picture of itself with an image in it")
    kept = next(iter(programs.home.rglob("session.lycurgus")), None)
    if kept is None:
        raise SmokeError("the window kept no project file")
    with closing(sqlite3.connect(kept)) as database:
        (found,) = database.execute("SELECT n_particles FROM images").fetchone()
    if found < FEWEST_PARTICLES:
        raise SmokeError(f"the window kept {found} particles of the sample, it should be more than {FEWEST_PARTICLES}")
    picture.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(shown, picture)
    print(f"      the window kept {found} particles; its picture is {picture}")


def _look_at_traces(home: Path) -> None:
    """Libraries that report to their makers leave their accounts in the home: docs/decisions/no-telemetry.md."""
    ours = ("Lycurgus", "report", "fontconfig", "mesa_shader_cache", "window.png", "a sample, mit Ümlaut.tif", "Saved Application State")
    strangers = [path for path in home.rglob("*") if path.is_file() and not set(path.relative_to(home).parts) & set(ours)]
    if sys.platform == "linux" and strangers:
        raise SmokeError(f"something else was written into the home: {[str(path.relative_to(home)) for path in strangers]}")


@contextmanager
def a_screen() -> Iterator[dict[str, str]]:
    """Yield the variables that name a screen; on Linux one is made where there is none."""
    if sys.platform != "linux":
        yield {}
    elif "DISPLAY" in os.environ:
        yield {name: os.environ[name] for name in ("DISPLAY", "XAUTHORITY") if name in os.environ}
    else:
        reading, writing = os.pipe()
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", SCREEN, "-nolisten", "tcp", "-ac", "-noreset"]
        server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
        os.close(writing)
        try:
            with os.fdopen(reading, encoding="ascii") as told:
                yield {"DISPLAY": f":{told.readline().strip()}"}
        finally:
            server.terminate()
            server.wait()


def main() -> int:
    usual = ROOT / "build" / "cpu" / "dist" / ("Lycurgus.app" if sys.platform == "darwin" else "lycurgus")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("application", nargs="?", type=Path, default=usual, metavar="APPLICATION", help=f"default: {usual}")
    parser.add_argument(
        "--picture", type=Path, default=ROOT / "build" / "smoke.png", metavar="PNG", help="where the picture of the window goes"
    )
    options = parser.parse_args()
    if not options.application.is_dir():
        parser.error(f"{options.application} does not exist; python build_scripts/build.py makes it")
    try:
        with a_screen() as screen:
            try_application(options.application.resolve(), options.picture.resolve(), screen)
    except SmokeError as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
