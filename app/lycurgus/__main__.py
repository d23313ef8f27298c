"""The window's entry point: ``python -m lycurgus [FILE_OR_FOLDER ...]``; the command line's is ``lycurgus``."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path

from lycurgus import __version__


def main() -> int:
    """Open the window with the files and folders that were named."""
    parser = argparse.ArgumentParser(prog="lycurgus-gui", description="Open the window of Lycurgus.")
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="micrographs or folders to open")
    parser.add_argument("--analyse", action="store_true", help="analyse what is opened at once")
    picture = "when all is done, save a picture of the window and close it; status 1 if anything failed"
    parser.add_argument("--picture", type=Path, metavar="PNG", help=picture)
    parser.add_argument("--check", action="store_true", help="only look whether a window can be made here; 'lycurgus selfcheck' asks it")
    parser.add_argument("--version", action="version", version=f"lycurgus {__version__}")
    options = parser.parse_args()
    if sys.platform == "win32":
        # Before Qt: on Windows the libraries of ONNX Runtime must be the first of their names to be loaded. Elsewhere it can wait.
        import onnxruntime  # noqa: F401

    # What is loaded now stays: looking through it for garbage costs a tenth of the start, and time again at every later search.
    gc.disable()
    from lycurgus.ui.app import check, run

    gc.freeze()
    gc.enable()
    return check() if options.check else run(options.paths, analyse=options.analyse, picture=options.picture)


if __name__ == "__main__":
    sys.exit(main())
