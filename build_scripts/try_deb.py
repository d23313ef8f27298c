"""Install the .deb on a bare Debian without Python, use it as a desktop does, remove it, and list what is left. Needs root.

sudo python build_scripts/try_deb.py dist/lycurgus_VERSION_amd64.deb --dm3 IMAGE.dm3 [--pictures DIR] [--suite bookworm] [--mirror URL]

debootstrap makes the bare system in a folder that is deleted at the end; apt installs the package and what it depends on there and
nothing else, but for what every desktop has (GLib's ``gio``, by which file managers open files; the databases of menus and file types).
There: the command line by its name on PATH, the window from its entry in the menu and by a double click on IMAGE (both through ``gio``),
without a network. Programs run as a user without rights. Needs debootstrap, Xvfb and xdotool; the screen is this machine's Xvfb.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from freezing.environment import ROOT
from smoke import a_screen

DESKTOP = ("libglib2.0-bin", "shared-mime-info", "desktop-file-utils")
BASES = ROOT / "build" / "debian"
"""Where bare systems are kept for the next time; to begin with a fresh one, delete it."""
CHROOT = shutil.which("chroot", path="/usr/sbin:/usr/bin:/sbin:/bin") or "chroot"
USER_ID = 1000
HOME = "/home/microscopist"
PATIENCE_S = 300
VOLATILE = ("var/lib/dpkg", "var/lib/apt", "var/cache", "var/log", "proc", "sys", "dev", "tmp", "run", "etc/ld.so.cache", HOME.strip("/"))
"""Where a system writes down what it has done."""


class DebError(Exception):
    """Something is not as it should be."""


class Bare:
    """A bare Debian in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def as_root(self, *command: str) -> str:
        """Run something with rights and return what it printed.

        Raises
        ------
        DebError
        """
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", "HOME": "/root"}
        return _said([CHROOT, str(self.root), *command], environment)

    def as_user(self, *command: str, screen: dict[str, str]) -> subprocess.Popen[str]:
        """Start something as a user of a desktop, without a network."""
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": HOME, "XDG_RUNTIME_DIR": f"/run/user/{USER_ID}", **screen}
        who = f"--userspec={USER_ID}:{USER_ID}"
        return subprocess.Popen(
            ["unshare", "--net", CHROOT, who, str(self.root), *command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def files(self) -> set[str]:
        """List every file, but for those by which a system remembers what it has done."""
        found = set()
        for folder, inside, names in os.walk(self.root):
            place = os.path.relpath(folder, self.root)
            inside[:] = [name for name in inside if os.path.normpath(os.path.join(place, name)) not in VOLATILE]  # noqa: PTH118 - millions
            found |= {os.path.normpath(os.path.join(place, name)) for name in (*names, *inside)}  # noqa: PTH118
        return found - set(VOLATILE)


def try_deb(deb: Path, dm3: Path, *, pictures: Path, suite: str, mirror: str) -> None:
    """Go through the life of an installation.

    Raises
    ------
    DebError
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lycurgus-bare-")))
        folder.chmod(0o755)
        bare = Bare(folder)
        step(f"a bare {suite}")
        base = BASES / f"{suite}.tar"
        if base.is_file():
            _said(["tar", "-xf", str(base), "-C", str(folder), "--numeric-owner"], dict(os.environ))
        else:
            _said(["debootstrap", "--variant=minbase", suite, str(folder), mirror], dict(os.environ))
        with mounted(folder):
            bare.as_root("apt-get", "update")
            bare.as_root("apt-get", "install", "--yes", "--no-install-recommends", *DESKTOP)
        if not base.is_file():
            BASES.mkdir(parents=True, exist_ok=True)
            _said(["tar", "-cf", str(base), "-C", str(folder), "--numeric-owner", "."], dict(os.environ))
        stack.enter_context(mounted(folder))
        bare.as_root("useradd", "--uid", str(USER_ID), "--create-home", "--home-dir", HOME, "microscopist")
        runtime = folder / "run" / "user" / str(USER_ID)
        runtime.mkdir(parents=True)
        os.chown(runtime, USER_ID, USER_ID)
        runtime.chmod(0o700)
        before = bare.files()

        step("apt-get install")
        shutil.copyfile(deb, folder / "tmp" / deb.name)
        bare.as_root("apt-get", "install", "--yes", "--no-install-recommends", f"/tmp/{deb.name}")
        pythons = sorted(name for name in bare.files() if name.startswith(("usr/bin/python", "usr/local/bin/python")))
        if pythons:
            raise DebError(f"there is a Python, so that this proves nothing: {pythons}")
        screen = stack.enter_context(a_screen())
        _use(bare, dm3, screen, pictures)

        step("apt-get purge")
        package = _said(["dpkg-deb", "--field", str(deb), "Package"], dict(os.environ)).strip()
        bare.as_root("apt-get", "purge", "--yes", package)
        bare.as_root("apt-get", "autoremove", "--purge", "--yes")
        left = sorted(bare.files() - before)
        print(f"    left of the system's files: {', '.join(left) or 'nothing'}")
        home = folder / HOME.strip("/")
        print("    left of the user's: " + ", ".join(sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())))
        if any("lycurgus" in name.lower() for name in left):
            raise DebError("not everything was removed")


def _use(bare: Bare, dm3: Path, screen: dict[str, str], pictures: Path) -> None:
    """Use what was installed."""
    pictures.mkdir(parents=True, exist_ok=True)
    home = bare.root / HOME.strip("/")
    image = home / dm3.name
    shutil.copyfile(dm3, image)
    os.chown(image, USER_ID, USER_ID)

    step("lycurgus selfcheck")
    check = bare.as_user("lycurgus", "selfcheck", screen=screen)
    said, _ = check.communicate(timeout=PATIENCE_S)
    print("".join(f"    {line}\n" for line in said.splitlines()), end="")
    if check.returncode != 0 or not all(line.startswith("ok ") for line in said.splitlines()):
        raise DebError("selfcheck found something missing")

    mime = bare.as_root("gio", "info", "--attributes=standard::content-type", f"{HOME}/{image.name}")
    print(f"    {image.name} is {mime.split('standard::content-type: ')[-1].strip()}")
    step("started from its entry in the menu")
    _see_window(bare, ("gio", "launch", "/usr/share/applications/lycurgus.desktop"), "Lycurgus", screen, pictures / "menu.png")
    step(f"double click on {image.name}")
    _see_window(bare, ("gio", "open", f"{HOME}/{image.name}"), image.name, screen, pictures / "double-click.png")


def _see_window(bare: Bare, command: tuple[str, ...], title: str, screen: dict[str, str], picture: Path) -> None:
    """Start a program, wait for a window with a title, take a picture of the screen, and close the window by its shortcut."""
    began = time.monotonic()
    started = bare.as_user(*command, screen=screen)
    try:
        window = _until(lambda: _windows(title, screen), f"no window called '{title}' appeared")
        print(f"    the window appeared after {time.monotonic() - began:.1f} s")
        # The image is in the title before it is in the window.
        time.sleep(5)
        _photograph(screen, picture)
        subprocess.run(["xdotool", "windowfocus", "--sync", window, "key", "ctrl+q"], env={**os.environ, **screen}, check=True)
        _until(lambda: "" if _windows("Lycurgus", screen) else "closed", "the window does not close")
        _until(lambda: "" if _running(bare.root) else "ended", "the program does not end")
        said, _ = started.communicate(timeout=PATIENCE_S)
    finally:
        for process in _running(bare.root):
            os.kill(process, signal.SIGTERM)
    if started.returncode != 0 or said.strip():
        raise DebError(f"{' '.join(command)} ended with {started.returncode} and said:\n{said}")


def _windows(title: str, screen: dict[str, str]) -> str:
    """Return the first window that shows a title, or ""."""
    found = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--name", title], env={**os.environ, **screen}, capture_output=True, text=True, check=False
    )
    return found.stdout.split()[0] if found.stdout.split() else ""


def _running(root: Path) -> list[int]:
    """List the processes of the application in the bare system."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and str((entry / "exe").readlink()).startswith(f"{root}/opt/lycurgus/"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _photograph(screen: dict[str, str], picture: Path) -> None:
    from PIL import ImageGrab

    ImageGrab.grab(xdisplay=screen["DISPLAY"]).save(picture)
    print(f"    picture: {picture}")


def _until(look: Callable[[], str], failure: str) -> str:
    """Look again and again until something is seen; X and the process table send no signals to scripts."""
    limit = time.monotonic() + PATIENCE_S
    while time.monotonic() < limit:
        if seen := look():
            return seen
        time.sleep(0.1)
    raise DebError(failure)


@contextmanager
def mounted(root: Path) -> Iterator[None]:
    """Give the bare system processes and the sockets of this machine's screens; devices of its own it has."""
    sockets = root / "tmp" / ".X11-unix"
    sockets.mkdir(parents=True, exist_ok=True)
    Path("/tmp/.X11-unix").mkdir(exist_ok=True)
    mounts = [("proc", root / "proc", ["-t", "proc"]), ("/tmp/.X11-unix", sockets, ["--bind"])]
    done: list[Path] = []
    try:
        for source, target, how in mounts:
            subprocess.run(["mount", *how, source, str(target)], check=True)
            done.append(target)
        yield
    finally:
        for target in reversed(done):
            # Lazily: whatever still holds it, nothing of this machine may be left in the folder when that is deleted.
            subprocess.run(["umount", "--lazy", str(target)], check=True)


def _said(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DebError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def step(text: str) -> None:
    print(f"== {text}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deb", type=Path)
    parser.add_argument("--dm3", type=Path, required=True, help="an image of DigitalMicrograph, for the double click")
    parser.add_argument("--pictures", type=Path, default=ROOT / "build" / "try_deb", metavar="DIR", help="for pictures of the screen")
    parser.add_argument("--suite", default="bookworm", help="release of Debian (default: bookworm)")
    parser.add_argument("--mirror", default="http://deb.debian.org/debian", metavar="URL")
    options = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("only root can make a bare system")
    for tool in ("debootstrap", "xdotool", "Xvfb"):
        if shutil.which(tool) is None:
            parser.error(f"{tool} is not installed")
    try:
        try_deb(options.deb, options.dm3, pictures=options.pictures, suite=options.suite, mirror=options.mirror)
    except DebError as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    print("all well")
    return 0


if __name__ == "__main__":
    sys.exit(main())
