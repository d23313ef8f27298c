"""What an export would write, looked at beside the window: files, those that are there already, and what stands in the way."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from lycurgus.core.progress import CancelToken
from lycurgus.services.export import ExportPlan, planned_files
from lycurgus.ui.workbench import plural

MOST_LINES = 200
FEW_FOLDERS = 12


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file, relative to the output folder, and whether one of that name is there."""

    path: Path
    replaces: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What a plan comes to.

    Attributes
    ----------
    files : in the order in which they are listed: by folder, the output folder itself first.
    problem : a sentence on why nothing can be written there, or "".
    """

    out: Path
    files: tuple[PlannedFile, ...]
    problem: str = ""

    @property
    def n_replaced(self) -> int:
        return sum(file.replaces for file in self.files)

    @property
    def sentence(self) -> str:
        """Count what is written: "12 files, 3 of them replace existing ones"."""
        ones = "replaces an existing one" if self.n_replaced == 1 else "replace existing ones"
        if not self.n_replaced:
            return f"{plural(len(self.files), 'file')} will be written."
        if self.n_replaced == len(self.files):
            return f"{plural(len(self.files), 'file')} will be written and {ones}."
        return f"{plural(len(self.files), 'file')} will be written; {self.n_replaced:,} of them {ones}."


def look_ahead(paths: Sequence[Path], plan: ExportPlan, cancel: CancelToken) -> Preview:
    """Find out what a plan writes. Asks the disk, which may be a slow share: runs beside the window.

    Raises
    ------
    Cancelled
    """
    present: dict[Path, frozenset[str]] = {}
    files = []
    for file in planned_files(paths, plan):
        if file.parent not in present:
            cancel.check()
            present[file.parent] = _names_in(file.parent)
        files.append(PlannedFile(file.relative_to(plan.out), file.name in present[file.parent]))
    ordered = sorted(files, key=lambda file: (len(file.path.parts) > 1, file.path.parent.parts))
    return Preview(plan.out, tuple(ordered), problem_with(plan.out))


def problem_with(out: Path) -> str:
    """Say why a folder cannot be written, without creating it; "" where nothing is known against it."""
    if out.exists() and not out.is_dir():
        return f"{out} is a file. Choose a folder."
    nearest = next((folder for folder in (out, *out.parents) if folder.exists()), None)
    if nearest is None:
        return f"{out.anchor or out} is not there. Choose another folder."
    if not nearest.is_dir():
        return f"{nearest} is a file, so no folder can be made in it. Choose another folder."
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"{nearest} cannot be written. Choose another folder."
    return ""


def _names_in(folder: Path) -> frozenset[str]:
    try:
        return frozenset(entry.name for entry in folder.iterdir())
    except OSError:
        return frozenset()


class PreviewTree(QTreeWidget):
    """Shows a preview as folders and files; of very many it shows the first and counts the rest."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHeaderLabels(["File", ""])
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setAccessibleName("Files that will be written")
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)

    def show_preview(self, preview: Preview) -> None:
        self.clear()
        root = QTreeWidgetItem([str(preview.out), ""])
        root.setToolTip(0, str(preview.out))
        self.addTopLevelItem(root)
        folders: dict[Path, QTreeWidgetItem] = {Path(): root}
        totals = Counter(file.path.parent for file in preview.files)
        shares = _shares(totals)
        written: Counter[Path] = Counter()
        unlisted_folders: set[Path] = set()
        for file in preview.files:
            folder = file.path.parent
            if written[folder] < shares.get(folder, 0):
                written[folder] += 1
                _file_line(_folder_line(folder, folders), file)
            elif folder not in shares:
                unlisted_folders.add(folder)
        for folder, shown in shares.items():
            if (left := totals[folder] - shown) > 0:
                _quiet_line(folders[folder], f"… and {plural(left, 'file')} more")
        if unlisted_folders:
            left = sum(totals[folder] for folder in unlisted_folders)
            tops = {folder.parts[0] for folder in unlisted_folders}
            _quiet_line(root, f"… and {plural(left, 'file')} more in {plural(len(tops), 'folder')}")
        self.expandAll()


def _shares(totals: Counter[Path]) -> dict[Path, int]:
    """Say how many files of each folder are listed; folders for which no line is left are not in it.

    A few large folders (a report with labels and overlays of many images) are all shown in part, the small ones in full; of very many
    folders (one for each image) the first are shown in full.
    """
    left = MOST_LINES
    shares = {}
    if len(totals) <= FEW_FOLDERS:
        for place, folder in enumerate(sorted(totals, key=lambda folder: totals[folder])):
            shares[folder] = min(totals[folder], left // (len(totals) - place))
            left -= shares[folder]
        return shares
    for folder, total in totals.items():
        # The folder itself takes a line too.
        if total + 1 > left:
            break
        shares[folder] = total
        left -= total + 1
    return shares


def _folder_line(folder: Path, known: dict[Path, QTreeWidgetItem]) -> QTreeWidgetItem:
    if folder not in known:
        line = QTreeWidgetItem([f"{folder.name}/", ""])
        line.setToolTip(0, f"{folder}/")
        _folder_line(folder.parent, known).addChild(line)
        known[folder] = line
    return known[folder]


def _file_line(folder: QTreeWidgetItem, file: PlannedFile) -> None:
    line = QTreeWidgetItem([file.path.name, "will be replaced" if file.replaces else ""])
    line.setToolTip(0, str(file.path))
    if file.replaces:
        font = QFont(line.font(1))
        font.setItalic(True)
        line.setFont(1, font)
    folder.addChild(line)


def _quiet_line(folder: QTreeWidgetItem, text: str) -> None:
    line = QTreeWidgetItem([text, ""])
    line.setFlags(Qt.ItemFlag.ItemIsEnabled)
    folder.addChild(line)
