"""A report written: which files a choice of formats makes, combined for a sample or one for each image."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from lycurgus.core.errors import ExportError, ParameterError
from lycurgus.core.params import StatisticsParams
from lycurgus.exporters import IMAGE_EXPORTERS, REPORT_EXPORTERS
from lycurgus.exporters.base import FailedFile, Report, ReportEntry
from lycurgus.pipeline import summarize

FORMATS = (*REPORT_EXPORTERS, *IMAGE_EXPORTERS)


def parse_formats(text: str) -> tuple[str, ...]:
    """Read "xlsx,csv" as names of formats, each once.

    Raises
    ------
    ParameterError
        A format that does not exist.
    """
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in FORMATS:
            raise ParameterError(f"there is no format called '{name}'", hint=f"choose from {','.join(FORMATS)}")
    return names


def build_report(
    entries: Iterable[ReportEntry], failures: Iterable[FailedFile], statistics: StatisticsParams, *, columns: str = "standard"
) -> Report:
    """Put the outcomes of a sample together, in the order of the images' names, with their statistics."""
    ordered = tuple(sorted(entries, key=lambda entry: entry.image))
    failed = tuple(sorted(failures, key=lambda failure: str(failure.path)))
    summary = summarize([entry.result for entry in ordered], statistics) if ordered else None
    return Report(ordered, failed, summary, columns)


def write_report(report: Report, out: Path, formats: Sequence[str]) -> tuple[Path, ...]:
    """Write the files of a whole report in the given formats; image formats are skipped, they are written with each image.

    Raises
    ------
    ExportError
    """
    return tuple(path for name in formats if name in REPORT_EXPORTERS for path in REPORT_EXPORTERS[name].write(report, out))


def check_writable(out: Path) -> None:
    """Create the output folder and try it, so that a long analysis does not end at a locked door.

    Raises
    ------
    ExportError
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out) as probe:
            probe.write(b"lycurgus")
            probe.flush()
    except OSError as error:
        raise ExportError(
            out, f"the output folder cannot be written ({error.strerror})", hint="choose another folder with --out"
        ) from error
