"""``lycurgus analyze``: images in, a report out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from math import floor, isfinite, log10
from pathlib import Path

from tqdm import tqdm

from lycurgus.commands.common import device_of, params_of, pixel_size_nm_of, print_json, say, say_failures, shown
from lycurgus.core.errors import ParameterError
from lycurgus.core.params import StatisticsParams
from lycurgus.core.summary import SampleSummary
from lycurgus.exporters import IMAGE_EXPORTERS
from lycurgus.exporters.base import FailedFile, Report, ReportEntry
from lycurgus.exporters.json import summary_document
from lycurgus.readers.discover import find_files, natural_key
from lycurgus.services.analysis import Outcome, run_tasks
from lycurgus.services.flow import ImageTask
from lycurgus.services.inputs import NamedInput, name_inputs
from lycurgus.services.memory import sensible_jobs
from lycurgus.services.report import FORMATS, USUAL_FORMATS, build_report, check_writable, holds_report, parse_formats, write_report


def run(options: argparse.Namespace) -> int:
    """Analyse, write, and say where the report is."""
    params = params_of(options)
    formats = parse_formats(options.formats) if options.formats is not None else USUAL_FORMATS
    if not formats:
        raise ParameterError("no format is asked for", hint=f"choose from {','.join(FORMATS)}")
    pixel_size_nm, device = pixel_size_nm_of(options), device_of(options, params)
    sources = name_inputs(find_files(options.paths, recursive=options.recursive))
    check_writable(options.out)

    each = options.report == "each"
    tasks = [
        ImageTask(
            source,
            params,
            _folder(options.out, source, each=each),
            image_formats=tuple(name for name in formats if name in IMAGE_EXPORTERS),
            pixel_size_nm=pixel_size_nm,
            device=device,
            with_thumbnail="xlsx" in formats,
        )
        for source in sources
    ]
    outcomes = _run(tasks, options.jobs or sensible_jobs([source.path for source in sources]), quiet=options.json)
    everything = [outcome for _, outcome in outcomes]
    unwritten: list[FailedFile] = []
    if all(isinstance(outcome, FailedFile) for outcome in everything) and holds_report(options.out):
        # A mistyped name must not cost anybody the report of yesterday.
        say(f"nothing could be analysed; the report that is there is left as it was: {shown(options.out)}")
        report = _assemble(everything, params.statistics, options.columns)
    elif each:
        for task, outcome in sorted(outcomes, key=lambda done: natural_key(done[0].source.path)):
            report = _assemble([outcome], params.statistics, options.columns)
            unwritten += write_report(report, task.out, formats)
            if not options.json and report.summary is not None:
                print(f"{report.entries[0].image}: {_in_words(report.summary)}")
        # Of no use to anybody but a script: the bootstrap of a whole sample takes its time.
        report = _assemble(everything, params.statistics, options.columns, with_summary=options.json)
    else:
        report = _assemble(everything, params.statistics, options.columns)
        unwritten += write_report(report, options.out, formats)

    if options.json:
        print_json(summary_document(report))
    elif not report.entries:
        pass
    elif each:
        print(f"Reports: a folder for each image in {shown(options.out)}")
    else:
        _tell(report, options.out, formats)
    failures = (*report.failures, *unwritten)
    say_failures(failures)
    return 1 if failures else 0


def _folder(out: Path, source: NamedInput, *, each: bool) -> Path:
    return out / source.stem if each else out


def _run(tasks: Sequence[ImageTask], jobs: int, *, quiet: bool) -> list[tuple[ImageTask, Outcome]]:
    outcomes = []
    with tqdm(total=len(tasks), unit="image", disable=quiet, leave=False) as bar:
        for done in run_tasks(tasks, jobs=jobs):
            outcomes.append(done)
            bar.update()
    return outcomes


def _assemble(outcomes: Sequence[Outcome], statistics: StatisticsParams, columns: str, *, with_summary: bool = True) -> Report:
    return build_report(
        [outcome for outcome in outcomes if isinstance(outcome, ReportEntry)],
        [outcome for outcome in outcomes if isinstance(outcome, FailedFile)],
        statistics,
        columns=columns,
        with_summary=with_summary,
    )


def _tell(report: Report, out: Path, formats: Sequence[str]) -> None:
    if report.summary is not None:
        print(_in_words(report.summary))
        for warning in report.summary.warnings:
            say(f"warning: {warning}")
    print(f"Report: {shown(out / 'report.xlsx' if 'xlsx' in formats else out)}")


def _in_words(summary: SampleSummary) -> str:
    images = f"{summary.n_images} image{'' if summary.n_images == 1 else 's'}"
    excluded = summary.n_particles - summary.n_counted
    found = f"{summary.n_particles} particles in {images}" + (f", {excluded} of them excluded" if excluded else "")
    if not summary.n_counted:
        return f"{found}."
    main = summary.main
    decimals = 3 if not (isfinite(main.sd) and main.sd > 0) else max(0, 1 - floor(log10(main.sd)))
    mean, sd, median = (f"{value:.{decimals}f}" for value in (main.mean, main.sd, main.median))
    unit = f" {main.unit}" if main.unit else ""
    return f"{found}. {main.label}: {mean} ± {sd}{unit} (mean ± SD), median {median}{unit}."
