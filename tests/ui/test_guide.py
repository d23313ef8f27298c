"""Help in the window: pages with pictures, search, links, F1 over a panel; and names in the guide that the window has."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QColor, QDesktopServices, QPalette, QTextDocument
from PySide6.QtWidgets import QApplication, QDockWidget, QMenu
from pytestqt.qtbot import QtBot

from lycurgus.core.params import AnalysisParams
from lycurgus.parameters import PLUGINS
from lycurgus.services.guide import Place, chapters, sections_of
from lycurgus.ui.dialogs.guide import GuideWindow
from lycurgus.ui.guide_page import MARGIN_PX
from lycurgus.ui.helping import CHAPTERS, dock_of
from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.panels.parameter_fields import STAGE_TITLES, fields_of, plugin_field
from lycurgus.ui.theme import apply_theme

DOCS = chapters()[0].path.parent


@pytest.fixture
def guide(qtbot: QtBot) -> GuideWindow:
    window = GuideWindow(chapters())
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


def shown_at_top(guide: GuideWindow) -> str:
    return guide.page.cursorForPosition(guide.page.viewport().rect().topLeft()).block().text()


def pictures(document: QTextDocument) -> list[str]:
    found, block = [], document.begin()
    while block.isValid():
        found += [entry.format.toImageFormat().name() for entry in block.textFormats() if entry.format.isImageFormat()]
        block = block.next()
    return found


def test_it_opens_with_the_first_chapter_and_lists_all(guide: GuideWindow) -> None:
    assert guide.page.path == DOCS / "user-guide.md"
    titles = [guide.contents.topLevelItem(row).text(0) for row in range(guide.contents.topLevelItemCount())]
    assert titles == [chapter.title for chapter in chapters()]


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.path.stem)
def test_every_chapter_is_laid_out_with_all_its_headings_and_pictures(guide: GuideWindow, chapter) -> None:
    guide.show_place(Place(chapter.path))
    text = guide.page.toPlainText()
    assert all(section.title.replace(" ", "") in text.replace(" ", "") for section in chapter.sections)
    assert "<!--" not in text
    room = guide.page.viewport().width() - 2 * MARGIN_PX
    for name in pictures(guide.page.document()):
        picture = guide.page.loadResource(QTextDocument.ResourceType.ImageResource.value, QUrl(name))
        assert picture is not None, name
        assert 0 < picture.deviceIndependentSize().width() <= room


def test_a_section_is_brought_to_the_top(guide: GuideWindow) -> None:
    guide.show_place(Place(DOCS / "user-guide.md", "correcting"))
    assert shown_at_top(guide) == "Correcting"


def test_the_reader_stays_where_he_is_when_the_window_is_made_narrower(guide: GuideWindow, qtbot: QtBot) -> None:
    guide.show_place(Place(DOCS / "user-guide.md", "correcting"))
    before = guide.page.document().textWidth()
    guide.resize(guide.width() - 150, guide.height())
    qtbot.waitUntil(lambda: guide.page.document().textWidth() < before and not guide.page._settle.isActive())
    assert shown_at_top(guide) == "Correcting"


def test_a_search_narrows_the_contents_and_marks_the_words(guide: GuideWindow, qtbot: QtBot) -> None:
    guide.search.setText("libxcb-cursor0")
    assert guide.contents.topLevelItemCount() < len(chapters())
    qtbot.keyPress(guide.search, "\r")
    assert guide.page.textCursor().selectedText() == "libxcb-cursor0"
    assert guide.page.extraSelections()
    guide.search.clear()
    assert guide.contents.topLevelItemCount() == len(chapters())
    assert not guide.page.extraSelections()


def test_a_search_goes_on_and_back_around_the_page(guide: GuideWindow) -> None:
    guide.search.setText("stale")
    places = []
    for _ in range(len(guide.page.extraSelections())):
        guide._next_hit()
        places.append(guide.page.textCursor().selectionStart())
    assert places == sorted(set(places))
    guide._next_hit()
    assert guide.page.textCursor().selectionStart() == places[0]
    guide._last_hit()
    assert guide.page.textCursor().selectionStart() == places[-1]


def test_a_search_without_result_says_so(guide: GuideWindow) -> None:
    guide.search.setText("xylophone")
    assert guide._nothing.isVisible()
    assert not guide.contents.isVisible()
    guide._next_hit()


def test_back_and_forward_follow_the_reader(guide: GuideWindow) -> None:
    guide._follow(Place(DOCS / "numbers.md", "one-particle"))
    guide._follow(Place(DOCS / "batch.md"))
    guide._go_back()
    assert guide.place == Place(DOCS / "numbers.md", "one-particle")
    guide._go_back()
    assert guide.page.path == DOCS / "user-guide.md"
    assert not guide._back.isEnabled()
    guide._go_forward()
    assert guide.page.path == DOCS / "numbers.md"


def test_a_link_in_the_page_is_followed_to_its_place(guide: GuideWindow) -> None:
    guide.page.anchorClicked.emit(QUrl("troubleshooting.md#too-many-specks"))
    assert guide.place == Place(DOCS / "troubleshooting.md", "too-many-specks")


def test_only_what_the_reader_clicks_goes_to_the_browser(guide: GuideWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: asked.append(url.toString()))
    guide.show_place(Place(DOCS / "cluster.md"))
    assert not asked
    guide.page.anchorClicked.emit(QUrl("https://distributed.dask.org"))
    assert asked == ["https://distributed.dask.org"]
    assert guide.page.loadResource(QTextDocument.ResourceType.ImageResource.value, QUrl("https://example.org/a.png")) is None


def test_a_page_that_was_not_shipped_is_a_sentence(guide: GuideWindow) -> None:
    guide._follow(Place(DOCS / "nowhere.md"))
    assert "does not come with this installation" in guide._message.text()
    assert guide.page.path == DOCS / "user-guide.md"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_links_are_readable_in_every_theme(guide: GuideWindow, qapp: QApplication, qtbot: QtBot, theme) -> None:
    apply_theme(qapp, theme)
    qtbot.waitUntil(lambda: not guide.page._settle.isActive())
    ground = guide.palette().color(QPalette.ColorRole.Base)
    link = next(
        fragment.format.foreground().color()
        for number in range(guide.page.document().blockCount())
        for fragment in guide.page.document().findBlockByNumber(number).textFormats()
        if fragment.format.isAnchor()
    )
    assert contrast(link, ground) > 4.5
    assert contrast(guide.palette().color(QPalette.ColorRole.Text), ground) > 7
    apply_theme(qapp, "system")


def contrast(one: QColor, other: QColor) -> float:
    """Ratio of luminances after WCAG 2."""

    def luminance(colour: QColor) -> float:
        parts = (colour.redF(), colour.greenF(), colour.blueF())
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_panel_has_a_section_that_exists(window: MainWindow) -> None:
    docks = {dock.objectName() for dock in window.findChildren(QDockWidget)}
    assert docks == CHAPTERS.keys()
    for name, anchor in CHAPTERS.values():
        anchors = {one.anchor for one in sections_of((DOCS / name).read_text(encoding="utf-8"))}
        assert anchor in {"", *anchors}


def test_f1_opens_the_guide_and_over_a_panel_its_section(window: MainWindow, qtbot: QtBot) -> None:
    assert dock_of(window.live) is not None
    window.helping.show(window.live)
    guide = window.helping.window
    assert guide is not None
    qtbot.waitExposed(guide)
    qtbot.waitUntil(lambda: not guide.page._settle.isActive())
    assert guide.place == Place(DOCS / "user-guide.md", "watching")
    assert shown_at_top(guide) == "Watching"
    window.actions_["help.guide"].trigger()
    window.helping.show(window.viewer)
    assert guide.place == Place(DOCS / "user-guide.md", "watching"), "what is being read stays"
    window.close()
    assert not guide.isVisible()


def test_an_installation_without_the_guide_warns_and_goes_on(window: MainWindow, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    monkeypatch.setattr("lycurgus.services.guide.documentation", lambda: None)
    with qtbot.waitSignal(window.bench.noticed) as told:
        window.actions_["help.guide"].trigger()
    assert "user guide is missing" in told.args[0].text
    assert window.helping.window is None


def test_what_the_guide_calls_by_name_is_called_so_in_the_window(window: MainWindow) -> None:
    known = {("Help", "About Lycurgus", "Licences"), ("Help", "About Lycurgus", "System")}
    for menu in window.menuBar().findChildren(QMenu):
        known |= {(plain(menu.title()), plain(action.text())) for action in menu.actions() if action.text()}
    for stage, title in STAGE_TITLES.items():
        alone = AnalysisParams.model_fields[stage].annotation
        models = [plugin.params_model for plugin in PLUGINS[stage].values()] if stage in PLUGINS else [alone]
        # Rows that share a name have their unit behind it; the guide calls them by the name.
        known |= {(title, field.title.removesuffix(f", {field.unit}")) for model in models for field in fields_of(stage, model)}
        if stage in PLUGINS:
            known.add((title, plugin_field(stage).title))
    named = {
        tuple(plain(part.strip()) for part in path.split("›"))
        for page in DOCS.glob("*.md")
        for path in re.findall(r"\*([^*\n]+ › [^*\n]+)\*", page.read_text(encoding="utf-8"))
    }
    assert len(named) > 15
    missing = named - known
    assert not missing, sorted(missing)


def plain(text: str) -> str:
    return text.replace("&", "").rstrip("…")
