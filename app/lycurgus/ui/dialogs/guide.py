"""The window of the user guide: contents and search on the left, the page on the right. It needs no network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QSplitter,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lycurgus.services.guide import Chapter, Place, Section
from lycurgus.ui.guide_page import GuidePage

SHORTEST_WORD = 2
"""Letters that are looked for; a single one occurs everywhere."""
_PLACE = Qt.ItemDataRole.UserRole


class GuideWindow(QDialog):
    """Shows the guide beside the work.

    Parameters
    ----------
    chapters : at least one; the first is shown at the beginning.
    """

    def __init__(self, chapters: Sequence[Chapter]) -> None:
        # Without a parent: a dialog of the window that waits for an answer would block its help as well.
        super().__init__(None, Qt.WindowType.Window)
        self._chapters = chapters
        self._trail: list[Place] = []
        self._here = -1
        self.setWindowTitle("User guide — Lycurgus")
        self.page = GuidePage()
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search the guide")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search the guide")
        self.contents = QTreeWidget()
        self.contents.setHeaderHidden(True)
        self.contents.setUniformRowHeights(True)
        self.contents.header().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.contents.setAccessibleName("Contents")
        self._nothing = QLabel("Nothing in the guide holds all of these words.")
        self._nothing.setWordWrap(True)
        self._nothing.setMargin(8)
        self._message = QLabel()
        self._message.setWordWrap(True)
        self._message.setContentsMargins(8, 2, 8, 6)
        self._back = _button(Qt.ArrowType.LeftArrow, "Back (Alt+Left)", self._go_back)
        self._forward = _button(Qt.ArrowType.RightArrow, "Forward (Alt+Right)", self._go_forward)
        self._lay_out()

        self.search.textChanged.connect(self._narrow)
        self.search.returnPressed.connect(self._next_hit)
        self.contents.itemClicked.connect(self._choose)
        self.contents.itemActivated.connect(self._choose)
        self.page.followed.connect(self._follow)
        for keys, act in (
            ("Alt+Left", self._go_back),
            ("Alt+Right", self._go_forward),
            ("Ctrl+F", self._to_search),
            ("F3", self._next_hit),
            ("Shift+F3", self._last_hit),
        ):
            QShortcut(QKeySequence(keys), self, act)
        self._narrow("")
        self.show_place(Place(chapters[0].path))

    @property
    def place(self) -> Place:
        """What is shown."""
        return self._trail[self._here]

    def show_place(self, place: Place) -> None:
        """Show a place, and remember it for *Back*."""
        if self._show(place):
            if self._here < 0 or place != self.place:
                self._trail[self._here + 1 :] = [place]
                self._here += 1
            self._grey_out()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(4)
        top.addWidget(self._back)
        top.addWidget(self._forward)
        top.addWidget(self.search, 1)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(8, 8, 4, 8)
        column.setSpacing(6)
        column.addLayout(top)
        column.addWidget(self._nothing)
        column.addWidget(self.contents, 1)
        right = QWidget()
        pages = QVBoxLayout(right)
        pages.setContentsMargins(0, 0, 0, 0)
        pages.setSpacing(0)
        pages.addWidget(self.page, 1)
        pages.addWidget(self._message)
        self._message.hide()
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.addWidget(left)
        parts.addWidget(right)
        parts.setChildrenCollapsible(False)
        parts.setStretchFactor(1, 1)
        width = self.fontMetrics().averageCharWidth()
        parts.setSizes([44 * width, 116 * width])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(parts)
        room = self.screen().availableSize()
        self.resize(min(160 * width, room.width() - 80), min(52 * self.fontMetrics().height(), room.height() - 80))

    def _narrow(self, text: str) -> None:
        """List the sections in which all words occur, and mark the words in the page."""
        words = " ".join(word for word in text.split() if len(word) >= SHORTEST_WORD)
        self.contents.clear()
        for chapter in self._chapters:
            sections = chapter.matching(words) if words else list(chapter.sections)
            if sections:
                self.contents.addTopLevelItem(_item_of(chapter, sections, open_=bool(words)))
        is_empty = not self.contents.topLevelItemCount()
        self._nothing.setVisible(is_empty)
        self.contents.setVisible(not is_empty)
        self.page.highlight(words.split())
        self._mark_contents()

    def _next_hit(self) -> None:
        """Go on in this page, or to the first section that was found where this page has nothing."""
        if not self.search.text().strip() or self.page.find_next():
            return
        first = self.contents.topLevelItem(0)
        if first is not None:
            self._choose(_with_children(first)[:2][-1])
            self.page.find_next()

    def _last_hit(self) -> None:
        self.page.find_next(backwards=True)

    def _to_search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def _choose(self, item: QTreeWidgetItem) -> None:
        self.show_place(item.data(0, _PLACE))

    def _follow(self, target: Place | str) -> None:
        if isinstance(target, str):
            QDesktopServices.openUrl(QUrl(target))
        elif target.path.suffix == ".md":
            self.show_place(target)
        elif target.path.exists():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(target.path)))
        else:
            self._say(f"{target.path.name} is part of the source of Lycurgus and does not come with this installation.")

    def _show(self, place: Place) -> bool:
        try:
            self.page.show_page(place.path, place.anchor)
        except OSError:
            self._say(f"{place.path.name} is part of the source of Lycurgus and does not come with this installation.")
            return False
        self._message.hide()
        self._mark_contents(place)
        return True

    def _say(self, sentence: str) -> None:
        self._message.setText(sentence)
        self._message.show()

    def _go_back(self) -> None:
        self._step(-1)

    def _go_forward(self) -> None:
        self._step(1)

    def _step(self, by: int) -> None:
        if 0 <= self._here + by < len(self._trail):
            self._here += by
            self._show(self.place)
            self._grey_out()

    def _grey_out(self) -> None:
        self._back.setEnabled(self._here > 0)
        self._forward.setEnabled(self._here + 1 < len(self._trail))

    def _mark_contents(self, place: Place | None = None) -> None:
        """Select in the contents what is shown."""
        place = place or (self.place if self._trail else None)
        for index in range(self.contents.topLevelItemCount()):
            chapter = self.contents.topLevelItem(index)
            assert chapter is not None
            same_page = [entry for entry in _with_children(chapter) if place is not None and entry.data(0, _PLACE).path == place.path]
            if same_page and place is not None:
                shown = next((entry for entry in same_page if entry.data(0, _PLACE).anchor == place.anchor), same_page[0])
                chapter.setExpanded(True)
                self.contents.setCurrentItem(shown)
                return
        self.contents.clearSelection()


def _item_of(chapter: Chapter, sections: Sequence[Section], *, open_: bool) -> QTreeWidgetItem:
    top = _entry(chapter.title, Place(chapter.path))
    for section in sections:
        if section.level == 2:
            top.addChild(_entry(section.title, Place(chapter.path, section.anchor)))
        elif section.level > 2:
            top.addChild(_entry(f"    {section.title}", Place(chapter.path, section.anchor)))
    top.setExpanded(open_)
    return top


def _with_children(item: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    """Return an entry of the contents and those below it."""
    below = (item.child(row) for row in range(item.childCount()))
    return [item, *(child for child in below if child is not None)]


def _entry(title: str, place: Place) -> QTreeWidgetItem:
    item = QTreeWidgetItem([title])
    item.setToolTip(0, title.strip())
    item.setData(0, _PLACE, place)
    return item


def _button(arrow: Qt.ArrowType, tip: str, act: Callable[[], None]) -> QToolButton:
    button = QToolButton()
    button.setArrowType(arrow)
    button.setAutoRaise(True)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.clicked.connect(act)
    return button
