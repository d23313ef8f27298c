"""The command line of the training package: which commands there are; the work stands in ``commands``.

Nothing here imports torch, so that ``--help`` answers at once and the data can be prepared where no torch is installed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from lycurgus import __version__
from lycurgus.core.errors import FileError, LycurgusError, ParameterError

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

COMMANDS: dict[str, str] = {
    "data": "lycurgus_train.commands.data",
    "synthesize": "lycurgus_train.commands.synthesize",
    "simulate": "lycurgus_train.commands.simulate",
    "train": "lycurgus_train.commands.train",
    "evaluate": "lycurgus_train.commands.evaluate",
    "export": "lycurgus_train.commands.export",
    "card": "lycurgus_train.commands.card",
    "study": "lycurgus_train.commands.study",
}
"""Command -> its module, which offers ``add_parser(subparsers)`` and ``run(options) -> status`` and imports torch only inside ``run``."""

EPILOG = """\
'lycurgus-train COMMAND --help' explains a command.
Exit status: 0 all well, 1 something failed (sentences on stderr), 2 wrong usage.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    _speak_utf8()
    options = build_parser().parse_args(arguments)
    try:
        status: int = import_module(COMMANDS[options.command]).run(options)
    except ParameterError as error:
        print(f"lycurgus-train {options.command}: {error}", file=sys.stderr)
        return USAGE
    except FileError as error:
        # With its folder: one run's last.pt is called as the other's.
        print(f"lycurgus-train {options.command}: {error.path}: {LycurgusError.__str__(error)}", file=sys.stderr)
        return FAILED
    except LycurgusError as error:
        print(f"lycurgus-train {options.command}: {error}", file=sys.stderr)
        return FAILED
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "onnx", "onnxscript", "numba", "tensorboard"):
            raise
        print(f"lycurgus-train {options.command}: needs {error.name}: pip install 'lycurgus[train]'", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; keep Python from complaining at exit.
        sys.stdout = None
        return OK
    return status


def build_parser() -> argparse.ArgumentParser:
    """Describe the whole command line."""
    parser = argparse.ArgumentParser(
        prog="lycurgus-train",
        description="Prepare data for, train, judge and export the networks of Lycurgus.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"lycurgus-train {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in COMMANDS.values():
        import_module(module).add_parser(subparsers)
    return parser


def _speak_utf8() -> None:
    """Print names with umlauts and µ whatever the console's code page; what it cannot show is replaced, not fatal."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
