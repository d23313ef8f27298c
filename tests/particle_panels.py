"""Images with invented particles, and what a particle table shows of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel

from lycurgus.core.history import History
from lycurgus.core.measurement import DESCRIPTORS
from lycurgus.core.types import Particle
from lycurgus.ui.panels.particles import ParticlesPanel
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench
from reports import make_report

ALL_COLUMNS = ("image", "class", *(descriptor.name for descriptor in DESCRIPTORS), "score", "flags", "excluded")


def documents(n_images: int = 1, n: int = 30, *, calibrated: bool = True, classified: bool = False) -> list[Document]:
    """Analysed images of invented ellipses; the third particle of each is excluded."""
    entries = make_report(n_images, n, calibrated, classified=classified, thumbnails=False).entries
    return [Document(Path("/made") / one.image, analysed=one.result, history=History.of(one.result.particles)) for one in entries]


def replace_particles(made: Document, particles: list[Particle]) -> None:
    assert made.analysed is not None
    made.analysed = replace(made.analysed, particles=tuple(particles))
    made.history = History.of(tuple(particles))
    made.touch()


def show(workbench: Workbench, made: list[Document]) -> None:
    workbench.store.add_documents(made)
    workbench.store.set_current(made[0] if made else None)


def column(panel: ParticlesPanel, name: str) -> int:
    return [one.name for one in panel.model.columns].index(name)


def texts(panel: ParticlesPanel, name: str) -> list[str]:
    section = column(panel, name)
    return [str(panel.model.index(row, section).data()) for row in range(panel.model.rowCount())]


def ids(panel: ParticlesPanel) -> list[int]:
    return [panel.model.particle(row).id for row in range(panel.model.rowCount())]


def select_rows(panel: ParticlesPanel, rows: list[int]) -> None:
    flag = QItemSelectionModel.SelectionFlag
    if rows:
        panel.view.selectionModel().setCurrentIndex(panel.model.index(rows[0], 0), flag.NoUpdate)
    panel.view.selectionModel().select(panel.model.selection_of(sorted(rows)), flag.ClearAndSelect | flag.Rows)
