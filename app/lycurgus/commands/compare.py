"""``lycurgus compare``: the chosen method beside the Otsu baseline."""

from __future__ import annotations

import argparse
from typing import Any

from tqdm import tqdm

from lycurgus.commands.common import bar_options, device_of, params_of, pixel_size_nm_of, print_json, say_failures, shown
from lycurgus.exporters.base import FailedFile
from lycurgus.exporters.json import write_json
from lycurgus.readers.discover import find_files
from lycurgus.services.comparison import ImageComparison, baseline_params, compare_image, comparison_document, write_images, write_pairs
from lycurgus.services.failures import failed, unwritten
from lycurgus.services.inputs import name_inputs
from lycurgus.services.report import check_writable


def run(options: argparse.Namespace) -> int:
    """Analyse every image twice, write tables and pictures, and say what differs."""
    chosen = params_of(options)
    baseline = baseline_params(chosen, separator=options.baseline_separator)
    pixel_size_nm, device = pixel_size_nm_of(options), device_of(options, chosen)
    sources = name_inputs(find_files(options.paths, recursive=options.recursive))
    check_writable(options.out)

    comparisons: list[ImageComparison] = []
    failures: list[FailedFile] = []
    for source in tqdm(sources, **bar_options(quiet=options.json)):
        try:
            comparisons.append(compare_image(source, chosen, baseline, options.out, pixel_size_nm=pixel_size_nm, device=device))
        except Exception as error:
            failures.append(failed(source.path, error))

    document = comparison_document(comparisons, failures)
    failures += unwritten(
        {
            "pairs.csv": lambda path: write_pairs(comparisons, path),
            "images.csv": lambda path: write_images(comparisons, path),
            "comparison.json": lambda path: write_json(path, document),
        },
        options.out,
    )
    if options.json:
        print_json(document)
    else:
        print(_in_words(document))
        print(f"Comparison: {shown(options.out)}")
    say_failures(failures)
    return 1 if failures else 0


def _in_words(document: dict[str, Any]) -> str:
    total, tests, pairs = document["total"], document["populations"], document["matched_pairs"]
    lines = [
        f"chosen {total['n_particles']}, baseline {total['n_baseline']} particles; {total['n_matched']} found by both "
        f"(IoU ≥ {pairs['iou']}), {total['n_only_chosen']} only by the chosen method, {total['n_only_baseline']} only by the baseline"
    ]
    if pairs["median_shift_percent"] is not None:
        lines.append(f"diameter of the particles found by both: median shift {pairs['median_shift_percent']:+.2f} %")
    if tests and tests["ks_p"] is not None:
        lines.append(
            f"size distributions: Kolmogorov-Smirnov D = {tests['ks_statistic']:.3f}, p = {tests['ks_p']:.2g}; "
            f"Mann-Whitney p = {tests['mann_whitney_p']:.2g}; median shift {tests['median_shift']:+.3g} {tests['unit']}"
        )
        lines.append(f"({tests['note']})")
    return "\n".join(lines)
