"""README, guide and the papers beside them: links lead somewhere, commands parse, pages follow the code they describe."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from lycurgus import __version__
from lycurgus.cli import build_parser
from lycurgus.parameters import default_params, with_settings
from lycurgus.services.guide import place_of, sections_of
from lycurgus_train.cli import build_parser as build_training_parser

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CHANGELOG.md")),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "models" / "exported").rglob("*.md"),
        *(ROOT / "resources").rglob("*.md"),
    ]
)
LARGEST_PICTURE_BYTES = 300_000

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)[^)]*\)")
_SETTING = re.compile(r"(?:input|annotations|calibration|preprocess|detector|separator|cleaning|statistics)\.[a-z0-9_]+=[^\s`]+")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def script(name: str) -> ModuleType:
    """Import a script of ``build_scripts``."""
    specification = importlib.util.spec_from_file_location(name, ROOT / "build_scripts" / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def commands(page: Path) -> Iterator[tuple[list[str], bool]]:
    """Every command of ours in a page, as words, and whether it only names a command, as a sentence may."""
    text = page.read_text(encoding="utf-8")
    fenced = [(language, block.replace("\\\n", " ").splitlines()) for language, block in _FENCED.findall(text)]
    blocks = [line for language, lines in fenced if language == "sh" for line in lines]
    blocks += [line.removeprefix("$ ") for language, lines in fenced if language == "console" for line in lines if line.startswith("$ ")]
    for lines, is_block in ((blocks, True), (_CODE.findall(_FENCED.sub("", text)), False)):
        for line in lines:
            try:
                words = shlex.split(line, comments=True)
            except ValueError:
                continue
            if words and words[0] in ("lycurgus", "lycurgus-train"):
                whole = words[: next((place for place, word in enumerate(words) if word in ("|", ">", "&&", ";")), len(words))]
                yield whole, not is_block and ("..." in whole or not any(word.startswith("-") for word in whole))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page: Path) -> None:
    broken = []
    for target in _LINK.findall(_FENCED.sub("", page.read_text(encoding="utf-8"))):
        place = place_of(page, target)
        if place is None:
            continue
        anchors = (
            {one.anchor for one in sections_of(place.path.read_text(encoding="utf-8"))}
            if place.path.suffix == ".md" and place.path.is_file()
            else set()
        )
        if not place.path.exists() or (place.anchor and place.anchor not in anchors):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_is_one_that_the_command_line_takes(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused = []
    for (program, *words), is_mention in commands(page):
        parser = build_parser() if program == "lycurgus" else build_training_parser()
        try:
            parser.parse_args([word for word in words if word != "..."] + ["--help"] if is_mention else words)
        except SystemExit as stop:
            if stop.code:
                refused.append(f"{program} {' '.join(words)}: {capsys.readouterr().err.strip().splitlines()[-1]}")
    assert not refused


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_setting_is_one_that_can_be_set(page: Path) -> None:
    for setting in _SETTING.findall(page.read_text(encoding="utf-8")):
        detectors = [default_params(detector=name) for name in ("network", "otsu")]
        values = [setting.rstrip(".,;:'\")")]
        if values[0].endswith("=NAME"):
            continue
        problems = []
        for params in detectors:
            try:
                with_settings(params, values)
            except Exception as error:
                problems.append(error)
        assert len(problems) < len(detectors), f"{setting}: {problems}"


def test_every_script_that_a_page_names_is_there() -> None:
    named = {
        name for page in PAGES for name in re.findall(r"python3? ((?:build_scripts|benchmarks)/\w+\.py)", page.read_text(encoding="utf-8"))
    }
    assert named
    assert not [name for name in sorted(named) if not (ROOT / name).is_file()]


def test_the_page_of_numbers_is_that_of_the_code() -> None:
    numbers = script("make_numbers")
    assert numbers.page() == numbers.PAGE.read_text(encoding="utf-8"), "run python build_scripts/make_numbers.py"


def test_the_page_of_numbers_explains_every_number() -> None:
    numbers = script("make_numbers")
    assert numbers.explained() == numbers.measured()
    assert numbers.SAMPLES.keys() == {definition.quantity for definition in numbers.SAMPLE}


def test_pictures_are_small_and_all_of_them_are_shown_somewhere() -> None:
    shown = {Path(target).name for page in PAGES for target in _LINK.findall(page.read_text(encoding="utf-8"))}
    for picture in (ROOT / "docs" / "images").iterdir():
        assert picture.stat().st_size < LARGEST_PICTURE_BYTES, f"{picture.name} is too large"
        assert picture.name in shown, f"no page shows {picture.name}"


def test_the_citation_names_this_version_and_five_systems() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["license"] == "MIT"
    assert len(citation["references"]) == 5
    for work in citation["references"]:
        assert {"type", "title", "authors"} <= work.keys()
        assert {"doi", "url"} & work.keys(), work["title"]


def test_the_changes_of_this_version_are_written_down() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"[{__version__}]" in text or ("[Unreleased]" in text and __version__ in text)
