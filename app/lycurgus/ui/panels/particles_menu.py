"""What can be done to selected particles from the table: the context menu, with reasons and classes to choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtWidgets import QMenu, QWidget

from lycurgus.core.edits import is_excluded_by_hand
from lycurgus.core.types import Particle
from lycurgus.ui.dialogs.reasons import ask_class, ask_reason, reasons_of
from lycurgus.ui.editing import Editing


def fill_menu(menu: QMenu, editing: Editing, selected: Sequence[Particle], known: Mapping[str, Sequence[str]], parent: QWidget) -> None:
    """Add the corrections.

    Parameters
    ----------
    selected : the particles that they will change, those of the store's selection.
    known : task -> names of classes to choose from.
    """
    some = bool(selected)
    menu.addAction("&Delete", editing.delete).setEnabled(some)
    menu.addAction("&Exclude…", partial(ask_reason, editing, reasons_of(selected), parent)).setEnabled(
        any(one.excluded is None for one in selected)
    )
    menu.addAction("&Include", editing.include).setEnabled(any(is_excluded_by_hand(one) for one in selected))
    menu.addAction("&Merge", editing.merge).setEnabled(len(selected) > 1)
    classes = menu.addMenu("Re&classify")
    classes.setEnabled(some)
    for task, names in known.items():
        for name in names:
            title = name if len(known) == 1 else f"{task}: {name}"
            classes.addAction(title.replace("&", "&&"), partial(editing.reclassify, task, name))
    classes.addSeparator()
    classes.addAction("&Other class…", partial(ask_class, editing, known, parent))
