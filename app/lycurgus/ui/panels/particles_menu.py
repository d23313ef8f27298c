"""What can be done to selected particles from the table: the context menu, with reasons and classes to choose from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from lycurgus.core.edits import is_excluded_by_hand
from lycurgus.core.types import Particle
from lycurgus.ui.editing import Editing

REASONS = ("not a particle", "out of focus", "wrong outline", "agglomerate", "contamination", "damaged by the beam")
"""Offered, not prescribed: any words can be typed."""
USUAL_TASK = "class"


def fill_menu(menu: QMenu, editing: Editing, selected: Sequence[Particle], known: Mapping[str, Sequence[str]], parent: QWidget) -> None:
    """Add the corrections.

    Parameters
    ----------
    selected : the particles that they will change, those of the store's selection.
    known : task -> names of classes to choose from.
    """
    some = bool(selected)
    menu.addAction("&Delete", editing.delete).setEnabled(some)
    menu.addAction("&Exclude…", partial(ask_reason, editing, parent)).setEnabled(any(one.excluded is None for one in selected))
    menu.addAction("&Include", editing.include).setEnabled(any(is_excluded_by_hand(one) for one in selected))
    menu.addAction("&Merge", editing.merge).setEnabled(len(selected) > 1)
    classes = menu.addMenu("Re&classify")
    classes.setEnabled(some)
    for task, names in known.items():
        for name in names:
            title = name if len(known) == 1 else f"{task}: {name}"
            classes.addAction(title.replace("&", "&&"), partial(editing.reclassify, task, name))
    classes.addSeparator()
    task = next(iter(known), USUAL_TASK)
    classes.addAction("&Other class…", partial(ask_class, editing, task, parent))


def ask_reason(editing: Editing, parent: QWidget) -> QInputDialog:
    """Ask why particles are left out, and leave them out."""
    dialog = _question(parent, "Exclude particles", "Reason, as the report will state it:", editing.exclude)
    dialog.setComboBoxItems(list(REASONS))
    dialog.setComboBoxEditable(True)
    dialog.open()
    return dialog


def ask_class(editing: Editing, task: str, parent: QWidget) -> QInputDialog:
    """Ask for the name of a class, and put the particles into it."""
    dialog = _question(parent, "Reclassify particles", "Name of the class:", partial(editing.reclassify, task))
    dialog.open()
    return dialog


def _question(parent: QWidget, title: str, text: str, use: Callable[[str], object]) -> QInputDialog:
    dialog = QInputDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    dialog.setLabelText(text)
    dialog.textValueSelected.connect(use)
    return dialog
