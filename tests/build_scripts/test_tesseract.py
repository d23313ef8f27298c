"""A Tesseract that can be carried away."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from freezing.tesseract import collect, libraries_of_linux, libraries_of_macos

LDD = """\
\tlinux-vdso.so.1 (0x00007ffd2a5f6000)
\tlibtesseract.so.5 => /lib/x86_64-linux-gnu/libtesseract.so.5 (0x00007f1c2a000000)
\tlibstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f1c29c00000)
\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f1c29b21000)
\tlibmd.so.0 => /lib/x86_64-linux-gnu/libmd.so.0 (0x00007f1c29a21000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f1c2a4d2000)
"""
OTOOL = """\
/opt/homebrew/bin/tesseract:
\t/opt/homebrew/Cellar/tesseract/5.5.0/lib/libtesseract.5.dylib (compatibility version 6.0.0, current version 6.5.0)
\t/usr/lib/libc++.1.dylib (compatibility version 1.0.0, current version 1700.255.5)
\t/System/Library/Frameworks/Accelerate.framework/Versions/A/Accelerate (compatibility version 1.0.0)
\t@loader_path/libleptonica.6.dylib (compatibility version 7.0.0, current version 7.0.0)
"""


def test_the_c_library_of_linux_stays_where_it_is() -> None:
    assert libraries_of_linux(LDD) == {
        "libtesseract.so.5": Path("/lib/x86_64-linux-gnu/libtesseract.so.5"),
        "libmd.so.0": Path("/lib/x86_64-linux-gnu/libmd.so.0"),
    }


def test_the_libraries_of_macos_stay_where_they_are() -> None:
    assert libraries_of_macos(OTOOL) == [Path("/opt/homebrew/Cellar/tesseract/5.5.0/lib/libtesseract.5.dylib")]


@pytest.mark.skipif(sys.platform != "linux", reason="moves libraries as Linux does")
def test_what_is_carried_away_runs_with_its_own_libraries_and_data(tmp_path: Path) -> None:
    if shutil.which("tesseract") is None or shutil.which("patchelf") is None:
        pytest.skip("tesseract or patchelf is not installed")
    folder = collect(tmp_path / "carried")
    # Libraries of the application, by which this variable leads, must not come in the way of Tesseract's.
    (tmp_path / "libtesseract.so.5").write_bytes(b"no library")
    environment = {"TESSDATA_PREFIX": str(folder / "tessdata"), "LD_LIBRARY_PATH": str(tmp_path)}
    done = subprocess.run([str(folder / "tesseract"), "--list-langs"], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1:] == ["eng"]
