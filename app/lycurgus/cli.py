"""The command line: what each subcommand takes; the work stands in ``commands``, imported when it is asked for.

Nothing here imports more than the standard library, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from lycurgus import __version__
from lycurgus.core.errors import CalibrationError, Cancelled, LycurgusError, ParameterError

OK, SOME_FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

EXAMPLES = """\
examples:
  lycurgus analyze images/ --out report
  lycurgus analyze "run 7/*.dm3" --out report --separator watershed --set cleaning.border=keep
  lycurgus analyze sem.tif --out report --pixel-size "2.5 nm" --formats xlsx,png
  lycurgus batch run-7/ --recursive --out report --group-by folder
  lycurgus watch session-12/ --out report
  lycurgus compare images/ --out comparison
  lycurgus evaluate --images images/ --truth masks/ --json
  lycurgus calibrate images/*.emd

'lycurgus COMMAND --help' explains a command, 'lycurgus parameters' lists what --set can change.
Exit status: 0 all well, 1 some files failed (they are listed), 2 wrong usage.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    _speak_utf8()
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        command = import_module(f"lycurgus.commands.{options.command}")
        status: int = command.run(options)
    except (ParameterError, CalibrationError) as error:
        parser.exit(USAGE, f"lycurgus {options.command}: {error}\n")
    except Cancelled:
        return INTERRUPTED
    except LycurgusError as error:
        print(f"lycurgus {options.command}: {error}", file=sys.stderr)
        return SOME_FAILED
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough (`lycurgus parameters | head`); keep Python from complaining at exit.
        sys.stdout = None
        return OK
    return status


def build_parser() -> argparse.ArgumentParser:
    """Describe the whole command line."""
    parser = argparse.ArgumentParser(
        prog="lycurgus",
        description="Find, separate and measure nanoparticles in electron micrographs.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"lycurgus {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_analyze(commands)
    _add_batch(commands)
    _add_watch(commands)
    _add_compare(commands)
    _add_evaluate(commands)
    _add_calibrate(commands)
    _add_parameters(commands)
    _add_models(commands)
    check = _command(commands, "selfcheck", "check that everything this installation needs is there and works", "lycurgus selfcheck")
    _add_json(check)
    return parser


def _add_analyze(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    analyze = _command(
        commands,
        "analyze",
        "measure the particles of images and write the report",
        'lycurgus analyze images/ --out report --set separator.convexity=0.9 --pixel-size "0.25 nm"',
    )
    _add_report(analyze)


def _add_batch(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    batch = _command(
        commands,
        "batch",
        "measure thousands of images into one folder; stopped or killed, it goes on where it was",
        "lycurgus batch run-7/ --recursive --out report --group-by folder",
    )
    _add_report(batch)
    batch.add_argument("--retry-failed", action="store_true", help="analyse those files again that failed before")
    batch.add_argument("--anew", action="store_true", help="begin from the first image; what is in DIR is set aside, not deleted")
    batch.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="spread the work over a Dask cluster: tcp://HOST:PORT of its scheduler, a scheduler file, or local:N for N processes here",
    )


def _add_watch(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    watch = _command(
        commands,
        "watch",
        "measure the images of a folder as they land in it, and keep the report up to date",
        "lycurgus watch session-12/ --out report --idle-exit 3600",
    )
    watch.add_argument("folder", type=Path, metavar="DIR", help="the folder that the microscope writes to")
    watch.add_argument("--recursive", action="store_true", help="also look into subfolders")
    watch.add_argument(
        "--idle-exit", type=_seconds, metavar="SECONDS", help="end when nothing has happened for so long (default: at Ctrl+C)"
    )
    watch.add_argument("--anew", action="store_true", help="begin from the first image; what is in the output DIR is set aside")
    _add_outputs(watch)


def _add_compare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    compare = _command(
        commands,
        "compare",
        "run the chosen method beside the Otsu baseline and report the differences",
        "lycurgus compare images/ --out comparison --separator uecs",
    )
    _add_paths(compare)
    _add_out(compare)
    _add_method(compare)
    compare.add_argument(
        "--baseline-separator",
        metavar="NAME",
        default="none",
        help="separator of the Otsu baseline (default: none, plain connected regions)",
    )
    _add_json(compare)


def _add_evaluate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    evaluate = _command(
        commands,
        "evaluate",
        "score the chosen method against masks drawn by hand",
        "lycurgus evaluate --images images/ --truth masks/ --detector otsu --separator none",
    )
    evaluate.add_argument("--images", required=True, type=Path, metavar="DIR", help="the micrographs")
    evaluate.add_argument(
        "--truth", required=True, type=Path, metavar="DIR_OR_COCO", help="label images (PNG, TIFF) of the same stems, or a COCO file"
    )
    evaluate.add_argument(
        "--truth-kind",
        choices=("auto", "instances", "semantic"),
        default="auto",
        help="whether mask values number particles or name classes (default: auto, semantic where one value covers several regions)",
    )
    evaluate.add_argument(
        "--particle-values", metavar="LIST", help="values of a semantic mask that mean particle: 2, or 1,2, or '>127' (default: all but 0)"
    )
    evaluate.add_argument("--out", type=Path, metavar="DIR", help="also write scores.csv, one row an image, and scores.json here")
    _add_method(evaluate)
    _add_json(evaluate)


def _add_calibrate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    calibrate = _command(
        commands, "calibrate", "print the pixel size of images and where it comes from", "lycurgus calibrate images/ --json"
    )
    _add_paths(calibrate)
    calibrate.add_argument("--plane", default="auto", help="detector or frame to read, by number or part of its name")
    calibrate.add_argument("--no-scale-bar", action="store_true", help="do not read burnt-in scale bars and data bars")
    _add_json(calibrate)


def _add_parameters(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parameters = _command(
        commands,
        "parameters",
        "list every parameter with its value, range and meaning; with --json, as a preset",
        "lycurgus parameters --separator watershed --json > watershed.json",
    )
    _add_choice_of_method(parameters)
    _add_json(parameters)


def _add_models(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    models = _command(commands, "models", "list, add, remove and check networks", "lycurgus models add my-network.zip")
    _add_json(models)
    actions = models.add_subparsers(dest="action", metavar="ACTION")
    _command(actions, "list", "list detectors, separators and installed networks (what happens without an ACTION)", "lycurgus models list")
    add = _command(
        actions,
        "add",
        "add a network to your own, after it has been checked on this machine; an older one of yours of the same name is replaced",
        "lycurgus models add my-network.zip",
    )
    add.add_argument("source", type=Path, metavar="FOLDER_OR_ZIP", help="a model folder, or a zip archive that holds one")
    remove = _command(actions, "remove", "remove a network that you have added", "lycurgus models remove my-network")
    remove.add_argument("name", metavar="NAME", help="as 'lycurgus models' lists it")
    check = _command(
        actions,
        "check",
        "see whether networks compute what they did when they were exported, and where they run on this machine",
        "lycurgus models check my-network",
    )
    check.add_argument("names", nargs="*", metavar="NAME", help="as 'lycurgus models' lists them (default: all)")
    for action in actions.choices.values():
        # Without a default of its own: it would undo a --json that stands before the ACTION.
        _add_json(action, default=argparse.SUPPRESS)


def _add_report(parser: argparse.ArgumentParser) -> None:
    """What goes in and what comes out, the same for every command that writes a report."""
    _add_paths(parser)
    parser.add_argument(
        "--jobs", type=_positive, metavar="N", help="images analysed at the same time (default: one a core from 8 images on)"
    )
    _add_outputs(parser)


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    """What is done with each image, and what comes out."""
    _add_out(parser)
    _add_method(parser)
    parser.add_argument(
        "--formats", metavar="LIST", help="which outputs: xlsx,csv,json,coco,labels,roi,png,training (default: all but training)"
    )
    parser.add_argument(
        "--report",
        choices=("combined", "each"),
        default="combined",
        help="one report for all images, or a folder for each (default: combined)",
    )
    parser.add_argument(
        "--columns", choices=("standard", "imagej"), default="standard", help="headings of the particle tables (default: standard)"
    )
    parser.add_argument(
        "--group-by",
        metavar="PATTERN",
        help="also summarise groups: 'folder', a regular expression for file names ('dose_[0-9]+'), or wildcards ('blank*,dose*')",
    )
    _add_json(parser)


def _command(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str, example: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog=f"example:\n  {example}\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_paths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, a folder or a glob pattern")
    parser.add_argument("--recursive", action="store_true", help="also look into subfolders")


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the outputs; made where it does not exist")


def _add_choice_of_method(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--detector", metavar="NAME", help="how particles are found; 'lycurgus models' lists the choices")
    parser.add_argument("--separator", metavar="NAME", help="how touching particles are parted; 'lycurgus models' lists the choices")
    parser.add_argument(
        "--set", dest="settings", action="append", default=[], metavar="STAGE.FIELD=VALUE", help="change one parameter; may be repeated"
    )
    parser.add_argument("--preset", type=Path, metavar="FILE", help="parameters from a file; the options above go over it")


def _add_method(parser: argparse.ArgumentParser) -> None:
    _add_choice_of_method(parser)
    parser.add_argument("--pixel-size", metavar="LENGTH", help='for every image, over what the files state, for instance "0.25 nm"')
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda", "directml", "tensorrt"),
        default="auto",
        help="where networks run (default: auto, the fastest that works; tensorrt only where it is asked for)",
    )


def _add_json(parser: argparse.ArgumentParser, *, default: object = False) -> None:
    help_text = "machine-readable result on stdout, everything else on stderr, no progress bar"
    parser.add_argument("--json", action="store_true", default=default, help=help_text)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError("must be a time in seconds")
    return seconds


def _speak_utf8() -> None:
    """Print names with umlauts and µ whatever the console's code page; what it cannot show is replaced, not fatal."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
