"""The end of ``analyze`` and of ``batch``: the report is written and told."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from math import floor, isfinite, log10

from lycurgus.calibration.evidence import doubts_of_scale
from lycurgus.commands.common import print_json, say, say_failures, shown
from lycurgus.core.errors import ParameterError
from lycurgus.core.params import StatisticsParams
from lycurgus.core.sample import ImageSample
from lycurgus.core.summary import SampleSummary
from lycurgus.exporters.base import FailedFile, Report, ReportEntry
from lycurgus.exporters.json import summary_document
from lycurgus.readers.discover import natural_key
from lycurgus.services.batch_conditions import MOST_NAMED
from lycurgus.services.grouping import Grouping
from lycurgus.services.inputs import NamedInput
from lycurgus.services.plan import ExportPlan
from lycurgus.services.report import FORMATS, USUAL_FORMATS, build_report, holds_report, parse_formats, write_report


def plan_of(options: argparse.Namespace) -> ExportPlan:
    """Read --out, --formats, --report and --columns."""
    formats = parse_formats(options.formats) if options.formats is not None else USUAL_FORMATS
    if not formats:
        raise ParameterError("no format is asked for", hint=f"choose from {','.join(FORMATS)}")
    return ExportPlan(options.out, formats, each=options.report == "each", columns=options.columns)


def grouping_of(options: argparse.Namespace) -> Grouping | None:
    """Read --group-by."""
    return Grouping(options.group_by) if options.group_by else None


def deliver(
    entries: Sequence[ReportEntry],
    failures: Sequence[FailedFile],
    sources: Sequence[NamedInput],
    plan: ExportPlan,
    statistics: StatisticsParams,
    *,
    as_json: bool,
    grouping: Grouping | None = None,
    samples: Mapping[str, ImageSample] | None = None,
) -> int:
    """Write the report of a sample, say what it says, and return the exit status.

    Parameters
    ----------
    sources : all images, the failed ones too.
    samples : the numbers of entries whose particles are stored.
    """
    unwritten: list[FailedFile] = []
    # Of no use to anybody but a script where each image has a report: the bootstrap of a whole sample takes its time.
    with_summary = not plan.each or as_json or grouping is not None
    say_doubts({entry.image: doubts_of_scale(entry.result.warnings) for entry in entries})
    if not entries and holds_report(plan.out):
        # A mistyped name must not cost anybody the report of yesterday.
        say(f"nothing could be analysed; the report that is there is left as it was: {shown(plan.out)}")
        with_summary, writes = False, False
    else:
        writes = not plan.each
        if plan.each:
            unwritten += _write_each(entries, failures, sources, plan, statistics, quiet=as_json)
    report = build_report(
        entries, failures, statistics, columns=plan.columns, with_summary=with_summary, samples=samples, grouping=grouping
    )
    if writes:
        unwritten += write_report(report, plan.out, plan.formats)
    if as_json:
        print_json(summary_document(report))
    elif report.entries:
        _tell(report, plan)
    say_failures((*report.failures, *unwritten))
    return 1 if report.failures or unwritten else 0


def say_doubts(doubts: Mapping[str, Sequence[str]]) -> None:
    """Warn of images whose pixel size is in doubt, before any length in nm is written."""
    doubted = [(image, sentence) for image, sentences in doubts.items() for sentence in sentences]
    for image, sentence in doubted[:MOST_NAMED]:
        say(f"warning: {image}: {sentence}")
    if len(doubted) > MOST_NAMED:
        say(f"warning: {len(doubted) - MOST_NAMED} more of this kind: the report lists them with the images, as does lycurgus calibrate")


def _write_each(
    entries: Sequence[ReportEntry],
    failures: Sequence[FailedFile],
    sources: Sequence[NamedInput],
    plan: ExportPlan,
    statistics: StatisticsParams,
    *,
    quiet: bool,
) -> list[FailedFile]:
    """Write a whole report for each image, and one that says why for each that failed."""
    analysed, failed = {entry.image: entry for entry in entries}, {failure.path: failure for failure in failures}
    unwritten: list[FailedFile] = []
    for source in sorted(sources, key=lambda one: natural_key(one.path)):
        entry, failure = analysed.get(source.image), failed.get(source.path)
        if entry is None and failure is None:
            continue
        whole = [] if entry is None else [entry.in_memory()]
        report = build_report(whole, [] if failure is None else [failure], statistics, columns=plan.columns)
        unwritten += write_report(report, plan.folder_of(source), plan.formats)
        if not quiet and report.summary is not None:
            print(f"{source.image}: {in_words(report.summary)}")
    return unwritten


def _tell(report: Report, plan: ExportPlan) -> None:
    for group in report.groups:
        print(f"{group.name}: {in_words(group.summary)}")
    if plan.each:
        print(f"Reports: a folder for each image in {shown(plan.out)}")
        return
    if report.summary is not None:
        print(in_words(report.summary))
        for warning in report.summary.warnings:
            say(f"warning: {warning}")
    print(f"Report: {shown(plan.out / 'report.xlsx' if 'xlsx' in plan.formats else plan.out)}")


def in_words(summary: SampleSummary) -> str:
    """Say the most important of a sample in two sentences."""
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
