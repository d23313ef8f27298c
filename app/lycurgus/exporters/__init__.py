"""Exporters: files for one image, and files for a whole report."""

from __future__ import annotations

from lycurgus.core.registry import Registry
from lycurgus.exporters.base import ImageExporter, ReportExporter

IMAGE_EXPORTERS: Registry[ImageExporter] = Registry(
    "format",
    {
        "labels": "lycurgus.exporters.labels:LabelExporter",
        "roi": "lycurgus.exporters.roi:RoiExporter",
        "png": "lycurgus.exporters.overlay:OverlayExporter",
        "training": "lycurgus.exporters.training:TrainingExporter",
    },
)

REPORT_EXPORTERS: Registry[ReportExporter] = Registry(
    "format",
    {
        "xlsx": "lycurgus.exporters.xlsx:XlsxExporter",
        "csv": "lycurgus.exporters.csv:CsvExporter",
        "json": "lycurgus.exporters.json:JsonExporter",
        "coco": "lycurgus.exporters.coco:CocoExporter",
    },
)
