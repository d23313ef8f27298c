"""The table of actions: menus, toolbar, shortcuts and the shortcut sheet are made from it, and from nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QIcon, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar, QWidget

from lycurgus.ui.store import Store

Condition = Callable[[Store], bool]
Context = Literal["window", "viewer", "particles"]


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One thing the user can do.

    Attributes
    ----------
    id : "menu.name"; the part before the dot is the menu.
    text : in the menu, with an ellipsis where a dialog follows.
    shortcut : as Qt writes it, several divided by blanks; "" for none.
    help : one sentence for tooltip and shortcut sheet.
    enabled : looked at whenever the store changes.
    toolbar : whether it has a button.
    checkable : stays pressed; ``run`` then gets whether it is.
    group : of a tool: choosing one leaves the others of the group.
    context : where the shortcut acts. A single key means something else in every field and list, so it never has "window".
    """

    id: str
    text: str
    shortcut: str
    run: Callable[..., object]
    help: str = ""
    icon: str = ""
    enabled: Condition = lambda _: True
    toolbar: bool = False
    checkable: bool = False
    checked: bool = False
    group: str = ""
    context: Context = "window"

    @property
    def menu(self) -> str:
        return self.id.partition(".")[0]


class when:  # noqa: N801 - reads as the sentence it is: enabled=when.particles_selected
    """Conditions for ``ActionSpec.enabled``."""

    @staticmethod
    def always(_: Store) -> bool:
        return True

    @staticmethod
    def any_document(store: Store) -> bool:
        return bool(store.documents)

    @staticmethod
    def current(store: Store) -> bool:
        return store.current is not None

    @staticmethod
    def picture(store: Store) -> bool:
        return store.micrograph is not None

    @staticmethod
    def result(store: Store) -> bool:
        return store.current is not None and store.current.result is not None

    @staticmethod
    def editable(store: Store) -> bool:
        """Corrections measure on the pixels: both must be there."""
        return when.result(store) and when.picture(store)

    @staticmethod
    def any_result(store: Store) -> bool:
        return any(document.analysed is not None for document in store.documents)

    @staticmethod
    def any_failure(store: Store) -> bool:
        return any(document.error for document in store.documents)

    @staticmethod
    def particles_selected(store: Store) -> bool:
        return when.editable(store) and bool(store.selection)

    @staticmethod
    def several_selected(store: Store) -> bool:
        return when.editable(store) and len(store.selection) > 1

    @staticmethod
    def excluded_selected(store: Store) -> bool:
        return when.editable(store) and any(particle.excluded for particle in store.selected_particles)

    @staticmethod
    def undoable(store: Store) -> bool:
        return store.current is not None and store.current.history.can_undo

    @staticmethod
    def redoable(store: Store) -> bool:
        return store.current is not None and store.current.history.can_redo


class Actions:
    """The QActions made from a table; holds them by id.

    Parameters
    ----------
    places : context -> the widgets in which, children included, shortcuts of that context act; of a window, in all of it.
    """

    def __init__(
        self,
        specs: Iterable[ActionSpec],
        store: Store,
        parent: QWidget,
        icon: Callable[[str], QIcon],
        places: Mapping[Context, Sequence[QWidget]],
    ) -> None:
        self.specs = tuple(specs)
        self._store = store
        self._by_id = {spec.id: _made(spec, parent, icon) for spec in self.specs}
        # Several changes come at once; the conditions are looked at after the last of them.
        self._soon = QTimer(parent, singleShot=True, interval=0)
        self._soon.timeout.connect(self.refresh)
        for spec in self.specs:
            self._give_keys(spec, places[spec.context])
        for spec in self.specs:
            if spec.group:
                self._by_id[spec.id].toggled.connect(lambda on, spec=spec: self._leave_others(spec) if on else None)
        for signal in (
            store.documents_reset,
            store.document_changed,
            store.documents_changed,
            store.current_changed,
            store.micrograph_changed,
            store.selection_changed,
        ):
            signal.connect(self._soon.start)
        self.refresh()

    def __getitem__(self, action_id: str) -> QAction:
        if self._soon.isActive():
            self.refresh()
        return self._by_id[action_id]

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._by_id.values())

    def refresh(self, *_: object) -> None:
        """Grey out what cannot be done now."""
        self._soon.stop()
        for spec in self.specs:
            self._by_id[spec.id].setEnabled(spec.enabled(self._store))

    def fill_menu_bar(self, bar: QMenuBar, titles: dict[str, str]) -> dict[str, QMenu]:
        """Make one menu for each title, in that order, with the actions whose id begins with its key."""
        menus = {}
        for key, title in titles.items():
            menus[key] = bar.addMenu(title)
            for spec in self.specs:
                if spec.menu == key:
                    menus[key].addAction(self._by_id[spec.id])
        return menus

    def fill_toolbar(self, bar: QToolBar) -> None:
        """Add the actions that have a button, a separator between menus."""
        menu = ""
        for spec in self.specs:
            if spec.toolbar:
                if menu and spec.menu != menu:
                    bar.addSeparator()
                menu = spec.menu
                bar.addAction(self._by_id[spec.id])

    def _give_keys(self, spec: ActionSpec, widgets: Iterable[QWidget]) -> None:
        action = self._by_id[spec.id]
        if spec.context != "window":
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        for widget in widgets:
            widget.addAction(action)

    def _leave_others(self, chosen: ActionSpec) -> None:
        for spec in self.specs:
            if spec.group == chosen.group and spec is not chosen:
                self._by_id[spec.id].setChecked(False)


def _made(spec: ActionSpec, parent: QWidget, icon: Callable[[str], QIcon]) -> QAction:
    action = QAction(spec.text, parent)
    action.setObjectName(spec.id)
    keys = [QKeySequence(key) for key in spec.shortcut.split()]
    action.setShortcuts(keys)
    shown = f" ({keys[0].toString(QKeySequence.SequenceFormat.NativeText)})" if keys else ""
    action.setToolTip(f"{spec.help or spec.text.rstrip('…').replace('&', '')}{shown}")
    action.setStatusTip(spec.help)
    if spec.icon:
        action.setIcon(icon(spec.icon))
    if spec.checkable:
        action.setCheckable(True)
        action.setChecked(spec.checked)
        action.toggled.connect(spec.run)
    else:
        action.triggered.connect(lambda _checked=False: spec.run())
    return action
