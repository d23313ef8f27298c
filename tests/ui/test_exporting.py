"""Exports wait for one another, show how far they are, and can be stopped."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from lycurgus.services.export import Exported
from lycurgus.services.plan import ExportPlan
from lycurgus.ui.exporting import Exporting
from lycurgus.ui.workbench import Workbench


def test_two_exports_are_both_written(opened: Workbench, tmp_path: Path, qtbot: QtBot) -> None:
    exporting = Exporting(opened)
    written: list[Exported] = []
    exporting.exported.connect(written.append)
    for name in ("first", "second"):
        exporting.export(opened.store.documents, ExportPlan(tmp_path / name, ("csv", "labels")))
    with qtbot.waitSignal(exporting.idle, timeout=60_000):
        pass
    assert [done.folders for done in written] == [(tmp_path / "first",), (tmp_path / "second",)]
    assert (tmp_path / "first" / "particles.csv").read_bytes() == (tmp_path / "second" / "particles.csv").read_bytes()


def test_a_cancelled_export_writes_no_report_and_forgets_the_next(opened: Workbench, tmp_path: Path, qtbot: QtBot) -> None:
    exporting = Exporting(opened)
    steps: list[tuple[str, int, int]] = []
    exporting.progressed.connect(lambda *step: steps.append(step))
    for name in ("first", "second"):
        exporting.export(opened.store.documents, ExportPlan(tmp_path / name, ("csv", "png")))
    exporting.cancel()
    with qtbot.waitSignal(exporting.idle, timeout=60_000):
        pass
    assert steps[0] == ("Exporting 3 images", 0, 3)
    assert not (tmp_path / "first" / "particles.csv").exists()
    assert not (tmp_path / "second").exists()
