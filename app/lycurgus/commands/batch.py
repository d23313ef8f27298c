"""``lycurgus batch``: thousands of images into one folder, resumable at any moment."""

from __future__ import annotations

import argparse

from tqdm import tqdm

from lycurgus.commands.common import INTERRUPTED, bar_options, device_of, params_of, pixel_size_nm_of, say, shown
from lycurgus.commands.reporting import deliver, grouping_of, plan_of
from lycurgus.core.errors import Cancelled
from lycurgus.readers.discover import find_files
from lycurgus.services.batch import Batch, Engine, local_engine
from lycurgus.services.inputs import name_inputs
from lycurgus.services.memory import sensible_jobs
from lycurgus.services.report import check_writable


def run(options: argparse.Namespace) -> int:
    """Go on with the batch, or begin it, and write the report once nothing is pending."""
    params = params_of(options)
    plan, grouping = plan_of(options), grouping_of(options)
    sources = name_inputs(find_files(options.paths, recursive=options.recursive))
    if grouping is not None:
        grouping.names([source.path for source in sources])
    check_writable(plan.out)
    with Batch.open(
        sources,
        params,
        plan,
        pixel_size_nm=pixel_size_nm_of(options),
        device=device_of(options, params),
        retry_failed=options.retry_failed,
        anew=options.anew,
    ) as batch:
        for remark in batch.remarks:
            say(f"note: {remark}")
        if batch.n_done_before:
            say(f"{batch.n_done_before} of {len(batch.sources)} images are done already; {len(batch.pending)} to go")
        try:
            _work(batch, _engine(options, batch), quiet=options.json)
        except (KeyboardInterrupt, Cancelled):
            say(f"\nstopped; what is finished is kept in {shown(plan.out)}: start the same command again to go on")
            return INTERRUPTED
        entries, samples = batch.entries()
        return deliver(
            entries,
            batch.failures(),
            batch.sources,
            plan,
            params.statistics,
            as_json=options.json,
            grouping=grouping,
            samples=samples,
        )


def _work(batch: Batch, engine: Engine, *, quiet: bool) -> None:
    failed = 0
    with tqdm(total=len(batch.sources), initial=batch.n_done_before, smoothing=0.05, **bar_options(quiet=quiet)) as bar:
        for step in batch.run(engine):
            bar.update()
            if step.failure is not None:
                failed += 1
                bar.set_postfix_str(f"{failed} failed", refresh=False)


def _engine(options: argparse.Namespace, batch: Batch) -> Engine:
    if options.dask:
        # Dask takes a second to import, and is no part of a plain installation.
        from lycurgus.services.cluster import cluster_engine

        return cluster_engine(options.dask)
    return local_engine(options.jobs or sensible_jobs([source.path for source in batch.pending]))
