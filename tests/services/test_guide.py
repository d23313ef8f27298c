"""The guide as it is shipped: its chapters, its anchors, and where its links lead, also in an installation."""

from __future__ import annotations

from pathlib import Path

import pytest

from lycurgus.core.errors import LycurgusError
from lycurgus.services import guide
from lycurgus.services.guide import Place, anchors_of, chapters, place_of, plain, sections_of


def test_the_guide_begins_with_the_window_and_explains_numbers_and_troubles() -> None:
    names = [chapter.path.name for chapter in chapters()]
    assert names[:3] == ["user-guide.md", "numbers.md", "troubleshooting.md"]
    assert len(names) == len(set(names))


def test_a_page_is_taken_apart_at_its_headings_and_not_in_its_code() -> None:
    sections = sections_of("before\n# One\ntext\n```sh\n# no heading\n```\n## Two & *three*\n| a | b |\n|---|---|\n")
    assert [(one.title, one.level, one.anchor) for one in sections] == [("One", 1, "one"), ("Two & three", 2, "two--three")]
    assert "# no heading" in sections[0].text
    assert sections[1].text == "a b"


@pytest.mark.parametrize(
    ("titles", "anchors"),
    [
        (["Where things are kept"], ["where-things-are-kept"]),
        (["Sizes are in px, or the scale is wrong"], ["sizes-are-in-px-or-the-scale-is-wrong"]),
        (["Data", "Data"], ["data", "data-1"]),
        (["One particle’s Ferets (°)"], ["one-particles-ferets-"]),
    ],
)
def test_anchors_are_those_that_github_makes(titles: list[str], anchors: list[str]) -> None:
    assert anchors_of(titles) == anchors


def test_markup_is_no_part_of_what_is_searched() -> None:
    assert plain("**Bold** `code` [words](target.md#x) ![picture](a.png)") == "Bold code words picture"


def test_every_word_of_a_search_must_occur_the_title_of_the_chapter_counts() -> None:
    first = chapters()[0]
    assert next(one.title for one in first.matching("CALIBRATING")) == "Calibrating"
    assert first.matching("user guide calibrating scale bar")
    assert not first.matching("calibrating xylophone")


def test_links_lead_to_pages_anchors_and_nowhere_for_the_network(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "page.md"
    assert place_of(page, "#top") == Place(page, "top")
    assert place_of(page, "other%20page.md#x") == Place((tmp_path / "docs" / "other page.md").resolve(), "x")
    assert place_of(page, "https://example.org/a.md") is None
    assert place_of(page, "mailto:somebody@example.org") is None


def test_a_network_s_card_is_found_where_an_installation_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = tmp_path / "_models" / "particles" / "MODEL_CARD.md"
    card.parent.mkdir(parents=True)
    card.write_text("# Card")
    monkeypatch.setattr(guide, "bundled_models", lambda: tmp_path / "_models")
    place = place_of(tmp_path / "_docs" / "user-guide.md", "../models/exported/particles/MODEL_CARD.md")
    assert place == Place(card)


def test_every_picture_of_the_guide_is_a_file() -> None:
    shown = [picture for chapter in chapters() for picture in guide.pictures_of(chapter)]
    assert len(shown) > 10
    assert not [picture for picture in shown if not picture.is_file()]


def test_an_installation_without_the_guide_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guide, "documentation", lambda: None)
    with pytest.raises(LycurgusError, match="user guide is missing"):
        chapters()


def test_a_guide_that_cannot_be_read_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guide, "documentation", lambda: tmp_path)
    with pytest.raises(LycurgusError, match="cannot be read"):
        chapters()
