"""A report written: which files a choice of formats makes, combined for a sample or one for each image."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lycurgus.core.distribution import summarize_samples
from lycurgus.core.errors import ExportError, FileError, ParameterError
from lycurgus.core.params import StatisticsParams
from lycurgus.core.sample import ImageSample
from lycurgus.exporters import IMAGE_EXPORTERS, REPORT_EXPORTERS
from lycurgus.exporters.base import MOST_PICTURES, FailedFile, Report, ReportEntry
from lycurgus.pipeline import summarize
from lycurgus.readers.discover import natural_key
from lycurgus.services.failures import failed
from lycurgus.services.grouping import Grouping, summarise_groups
from lycurgus.services.plan import ExportPlan

FORMATS = (*REPORT_EXPORTERS, *IMAGE_EXPORTERS)
USUAL_FORMATS = tuple(name for name in FORMATS if name != "training")
"""What a report consists of unless something else is asked for; training data copy every image, and are for those who train."""


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
    entries: Iterable[ReportEntry],
    failures: Iterable[FailedFile],
    statistics: StatisticsParams,
    *,
    columns: str = "standard",
    with_summary: bool = True,
    samples: Mapping[str, ImageSample] | None = None,
    grouping: Grouping | None = None,
) -> Report:
    """Put the outcomes of a sample together with their statistics, in the natural order of the images' names ("2.tif" before "10.tif").

    Parameters
    ----------
    samples : image -> its numbers, for entries whose particles are stored; taken from the entries where None.
    grouping : how the sample is divided, if it is.
    """
    ordered = tuple(sorted(entries, key=lambda entry: (natural_key(Path(entry.image)), entry.image)))
    bad = tuple(sorted(failures, key=lambda failure: (natural_key(failure.path), str(failure.path))))
    if not (ordered and with_summary):
        return Report(ordered, bad, None, columns)
    if samples is None:
        summary = summarize([entry.result for entry in ordered], statistics)
    else:
        summary = summarize_samples([samples[entry.image] for entry in ordered], statistics)
    if grouping is None:
        return Report(ordered, bad, summary, columns)
    names = grouping.names([entry.result.micrograph.path for entry in ordered])
    numbers = {entry.image: samples[entry.image] if samples is not None else ImageSample.of(entry.result) for entry in ordered}
    of_image = {entry.image: names[entry.result.micrograph.path] for entry in ordered}
    return Report(ordered, bad, summary, columns, summarise_groups(numbers, of_image, statistics))


def is_pictured(plan: ExportPlan, place: int, total: int) -> bool:
    """Tell whether a report shows a small picture of the image at this place among all: of each where they are few, else of the first."""
    return "xlsx" in plan.formats and (plan.each or total <= MOST_PICTURES or place == 0)


def write_report(report: Report, out: Path, formats: Sequence[str]) -> tuple[FailedFile, ...]:
    """Write the files of a whole report in the given formats; image formats are skipped, they are written with each image.

    Returns
    -------
    The files that could not be written, because another program holds them for instance; all others are there.
    """
    failures = []
    for name in formats:
        if name not in REPORT_EXPORTERS:
            continue
        try:
            REPORT_EXPORTERS[name].write(report, out)
        except Exception as error:
            path = error.path if isinstance(error, FileError) else out / name
            failures.append(failed(path, error))
    return tuple(failures)


def holds_report(out: Path) -> bool:
    """Tell whether a report was written to a folder, or to folders in it, before."""
    return any(out.glob("report.xlsx")) or any(out.glob("*.csv")) or any(out.glob("*/report.xlsx")) or any(out.glob("*.json"))


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
        raise ExportError(out, f"the output folder cannot be written ({error.strerror})", hint="choose another folder") from error
