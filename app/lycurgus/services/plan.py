"""What is to be written and where: the folder, the formats, and the files that these make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lycurgus.services.inputs import NamedInput, name_inputs


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What is to be written, and where.

    Attributes
    ----------
    formats : names of image and report formats.
    each : a folder with a whole report for each image, instead of one for all.
    columns : "standard" or "imagej".
    """

    out: Path
    formats: tuple[str, ...]
    each: bool = False
    columns: str = "standard"

    def folder_of(self, source: NamedInput) -> Path:
        return self.out / source.stem if self.each else self.out


REPORT_FILES = {
    "xlsx": ("report.xlsx",),
    "csv": ("particles.csv", "images.csv"),
    "json": ("summary.json",),
    "coco": ("annotations.coco.json",),
}
IMAGE_FILES = {
    "labels": ("labels/{stem}.tif",),
    "roi": ("rois/{stem}.zip",),
    "png": ("overlays/{stem}.png", "maps/{stem}.png"),
    "training": ("training/images/{stem}.tif", "training/labels/{stem}.tif", "training/annotations/{stem}.coco.json"),
}


def planned_files(paths: Sequence[Path], plan: ExportPlan, *, grouped: bool = False) -> list[Path]:
    """List every file that a plan writes for these images, for a preview; grouped: with a table of groups, where all are one report."""
    sources = name_inputs(paths)
    names = [name for chosen in plan.formats for name in REPORT_FILES.get(chosen, ())]
    if grouped and not plan.each and "csv" in plan.formats:
        names.append("groups.csv")
    reports = {plan.folder_of(source): None for source in sources} if plan.each else {plan.out: None}
    files = [folder / name for folder in reports for name in names]
    for source in sources:
        templates = [template for chosen in plan.formats for template in IMAGE_FILES.get(chosen, ())]
        files += [plan.folder_of(source) / template.format(stem=source.stem) for template in templates]
    return files
