"""``lycurgus analyze``: images in, a report out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tqdm import tqdm

from lycurgus.commands.common import bar_options, device_of, params_of, pixel_size_nm_of
from lycurgus.commands.reporting import deliver, grouping_of, plan_of
from lycurgus.exporters import IMAGE_EXPORTERS
from lycurgus.exporters.base import FailedFile, ReportEntry
from lycurgus.readers.discover import find_files
from lycurgus.services.analysis import Outcome, run_tasks
from lycurgus.services.flow import ImageTask
from lycurgus.services.inputs import name_inputs
from lycurgus.services.memory import sensible_jobs
from lycurgus.services.report import check_writable, is_pictured


def run(options: argparse.Namespace) -> int:
    """Analyse, write, and say where the report is."""
    params = params_of(options)
    plan, grouping = plan_of(options), grouping_of(options)
    pixel_size_nm, device = pixel_size_nm_of(options), device_of(options, params)
    sources = name_inputs(find_files(options.paths, recursive=options.recursive))
    check_writable(plan.out)

    tasks = [
        ImageTask(
            source,
            params,
            plan.folder_of(source),
            image_formats=tuple(name for name in plan.formats if name in IMAGE_EXPORTERS),
            pixel_size_nm=pixel_size_nm,
            device=device,
            with_thumbnail=is_pictured(plan, place, len(sources)),
        )
        for place, source in enumerate(sources)
    ]
    outcomes = _run(tasks, options.jobs or sensible_jobs([source.path for source in sources]), quiet=options.json)
    return deliver(
        [outcome for outcome in outcomes if isinstance(outcome, ReportEntry)],
        [outcome for outcome in outcomes if isinstance(outcome, FailedFile)],
        sources,
        plan,
        params.statistics,
        as_json=options.json,
        grouping=grouping,
    )


def _run(tasks: Sequence[ImageTask], jobs: int, *, quiet: bool) -> list[Outcome]:
    outcomes = []
    with tqdm(total=len(tasks), **bar_options(quiet=quiet)) as bar:
        for _, outcome in run_tasks(tasks, jobs=jobs):
            outcomes.append(outcome)
            bar.update()
    return outcomes
