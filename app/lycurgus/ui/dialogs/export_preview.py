"""What an export would write, found out beside the window: files, those that are there already, and what stands in the way."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from lycurgus.core.progress import CancelToken
from lycurgus.services.plan import ExportPlan, planned_files
from lycurgus.ui.workbench import plural

MOST_LINES = 200
FEW_FOLDERS = 12


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """The name of one file, and whether one of that name is there."""

    name: str
    replaces: bool


@dataclass(frozen=True, slots=True)
class PlannedFolder:
    """A folder that is listed.

    Attributes
    ----------
    path : relative to the output folder, "" for that itself.
    files : the first ones.
    n_more : files that are not listed.
    """

    path: str
    files: tuple[PlannedFile, ...]
    n_more: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What a plan comes to; of very many files the first are listed and the rest is counted.

    Attributes
    ----------
    folders : the output folder first, the others in the order of their names.
    n_files, n_replaced : of all that is written.
    n_unlisted, n_unlisted_folders : files in folders that are not listed at all, and how many folders of the output folder that makes.
    problem : a sentence on why nothing can be written there, or "".
    """

    out: Path
    folders: tuple[PlannedFolder, ...]
    n_files: int
    n_replaced: int
    n_unlisted: int = 0
    n_unlisted_folders: int = 0
    problem: str = ""

    @property
    def sentence(self) -> str:
        """Count what is written: "12 files will be written; 3 of them replace existing ones."."""
        ones = "replaces an existing one" if self.n_replaced == 1 else "replace existing ones"
        if not self.n_replaced:
            return f"{plural(self.n_files, 'file')} will be written."
        if self.n_replaced == self.n_files:
            return f"{plural(self.n_files, 'file')} will be written and {ones}."
        return f"{plural(self.n_files, 'file')} will be written; {self.n_replaced:,} of them {ones}."


def look_ahead(paths: Sequence[Path], plan: ExportPlan, cancel: CancelToken, *, grouped: bool = False) -> Preview:
    """Find out what a plan writes. Takes a second for thousands of images, more where the disk is a slow share.

    Raises
    ------
    Cancelled
    """
    # Strings rather than paths: several times faster where there are tens of thousands.
    prefix = os.path.join(str(plan.out), "")  # noqa: PTH118
    names: dict[str, list[str]] = {"": []}
    for file in planned_files(paths, plan, grouped=grouped):
        folder, name = os.path.split(str(file)[len(prefix) :])
        names.setdefault(folder, []).append(name)
    present: dict[str, frozenset[str]] = {}
    planned: dict[str, list[PlannedFile]] = {}
    for folder in sorted(names, key=_parts):
        cancel.check()
        there = _present(folder, prefix, present)
        planned[folder] = [PlannedFile(name, name in there) for name in names[folder]]
    shares = _shares({folder: len(files) for folder, files in planned.items()})
    unlisted = planned.keys() - shares.keys()
    return Preview(
        plan.out,
        tuple(PlannedFolder(folder, tuple(planned[folder][:share]), len(planned[folder]) - share) for folder, share in shares.items()),
        n_files=sum(map(len, planned.values())),
        n_replaced=sum(file.replaces for files in planned.values() for file in files),
        n_unlisted=sum(len(planned[folder]) for folder in unlisted),
        n_unlisted_folders=len({_parts(folder)[0] for folder in unlisted}),
        problem=problem_with(plan.out),
    )


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


def _parts(folder: str) -> list[str]:
    return folder.split(os.sep)  # noqa: PTH206 - see above: strings


def _present(folder: str, prefix: str, known: dict[str, frozenset[str]]) -> frozenset[str]:
    """List what is in a folder; one that its parent does not have is not asked for, which spares a share thousands of questions."""
    if folder not in known:
        parent, name = os.path.split(folder)
        known[folder] = _names_in(prefix + folder) if not folder or name in _present(parent, prefix, known) else frozenset()
    return known[folder]


def _names_in(folder: str) -> frozenset[str]:
    try:
        return frozenset(entry.name for entry in Path(folder).iterdir())
    except OSError:
        return frozenset()


def _shares(totals: Mapping[str, int]) -> dict[str, int]:
    """Say how many files of each folder are listed, in the order of ``totals``; folders without a line left are not in it.

    A few large folders (a report with labels and overlays of many images) are all shown in part, the small ones in full; of very many
    folders (one for each image) the first are shown in full.
    """
    left = MOST_LINES
    shares = {}
    if len(totals) <= FEW_FOLDERS:
        for place, folder in enumerate(sorted(totals, key=lambda folder: totals[folder])):
            shares[folder] = min(totals[folder], left // (len(totals) - place))
            left -= shares[folder]
        return {folder: shares[folder] for folder in totals}
    for folder, total in totals.items():
        # The folder itself takes a line too.
        if total + 1 > left:
            break
        shares[folder] = total
        left -= total + 1
    return shares


class PreviewTree(QTreeWidget):
    """Shows a preview as folders and files."""

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
        lines = {"": root}
        for folder in preview.folders:
            line = _folder_line(folder.path, lines)
            for file in folder.files:
                line.addChild(_file_line(file, os.path.join(folder.path, file.name)))  # noqa: PTH118
            if folder.n_more:
                line.addChild(_quiet_line(f"… and {plural(folder.n_more, 'file')} more"))
        if preview.n_unlisted:
            text = f"… and {plural(preview.n_unlisted, 'file')} more in {plural(preview.n_unlisted_folders, 'folder')}"
            root.addChild(_quiet_line(text))
        self.expandAll()


def _folder_line(folder: str, known: dict[str, QTreeWidgetItem]) -> QTreeWidgetItem:
    if folder not in known:
        parent, name = os.path.split(folder)
        line = QTreeWidgetItem([f"{name}/", ""])
        line.setToolTip(0, f"{folder}/")
        _folder_line(parent, known).addChild(line)
        known[folder] = line
    return known[folder]


def _file_line(file: PlannedFile, tip: str) -> QTreeWidgetItem:
    line = QTreeWidgetItem([file.name, "will be replaced" if file.replaces else ""])
    line.setToolTip(0, tip)
    if file.replaces:
        font = QFont(line.font(1))
        font.setItalic(True)
        line.setFont(1, font)
    return line


def _quiet_line(text: str) -> QTreeWidgetItem:
    line = QTreeWidgetItem([text, ""])
    line.setFlags(Qt.ItemFlag.ItemIsEnabled)
    return line
