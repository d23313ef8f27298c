"""What is shipped is listed with its licence, and nothing is listed without a text."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import replace
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lycurgus.core.errors import LycurgusError
from lycurgus.resources import resource
from lycurgus.services import licences
from lycurgus.services.licence_texts import joined
from lycurgus.services.licences import BUILT_IN, components, notices, read_components, write_components
from lycurgus.services.system import facts_text, system_facts

SCRIPT = Path(__file__).resolve().parents[2] / "build_scripts" / "collect_licences.py"


@pytest.fixture(scope="module")
def collecting():
    """The script that collects what is shipped."""
    specification = importlib.util.spec_from_file_location("collect_licences", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def shipped():
    return {canonicalize_name(one.name): one for one in components()}


def test_every_package_that_the_project_requires_here_is_listed(shipped):
    needed = map(Requirement, requires("lycurgus"))
    here = {canonicalize_name(one.name) for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})}
    assert here <= shipped.keys()


def test_what_packages_need_in_turn_is_listed_too(shipped):
    assert {"shiboken6", "pydantic-core", "et-xmlfile"} <= shipped.keys()


def test_tools_for_development_are_not_shipped(shipped):
    assert not {"pytest", "ruff", "mypy", "hypothesis"} & shipped.keys()


def test_python_and_the_font_are_listed_as_well(shipped):
    assert shipped["python"].licence == "PSF-2.0"
    assert "Bitstream" in shipped["dejavu sans"].text


def test_each_component_has_a_version_a_licence_and_a_text(shipped):
    for one in shipped.values():
        assert re.match(r"\d", one.version), one.name
        assert one.licence.strip(), one.name
        assert len(one.licence) < 80, one.name
        assert len(one.text) > 300, f"{one.name} has no licence text: put it into resources/licences"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pyside6-essentials", "GNU LESSER GENERAL PUBLIC LICENSE"),
        ("shiboken6", "GNU GENERAL PUBLIC LICENSE"),
        ("pycocotools", "Piotr Dollar"),
        ("flatbuffers", "Apache License"),
    ],
)
def test_packages_that_bring_no_licence_have_a_bundled_one(shipped, name, words):
    assert words in shipped[name].text


def test_qt_says_how_its_libraries_are_exchanged_and_where_their_source_is(shipped):
    text = shipped["pyside6-essentials"].text
    assert "replace the files" in text
    assert "download.qt.io" in text


def test_of_ncempy_only_the_licence_of_the_modules_that_are_used_is_given(shipped):
    text = shipped["ncempy"].text
    assert "Copyright 2019 the Ncempy developers" in text
    assert "Permission is hereby granted" in text
    assert "GNU GENERAL PUBLIC LICENSE" not in text


def test_lycurgus_itself_is_listed_under_its_licence(shipped):
    assert shipped["lycurgus"].licence == "MIT"
    assert "Permission is hereby granted" in shipped["lycurgus"].text
    assert "Bitstream" not in shipped["lycurgus"].text


def test_those_are_named_whose_images_the_network_has_learnt_from(shipped):
    text = shipped["network 'particles'"].text
    assert "Yildirim" in text
    assert "CC BY 4.0" in text


def test_a_frozen_application_reads_the_list_that_was_made_when_it_was_built(tmp_path, monkeypatch):
    listed = (components()[0], replace(components()[1], text="Ω – as it was built"))
    write_components(listed, tmp_path / "components.json")
    monkeypatch.setattr(licences, "resource", lambda name: tmp_path / "components.json" if name == BUILT_IN else resource(name))
    assert components() == listed


def test_a_damaged_list_is_a_sentence(tmp_path):
    (tmp_path / "components.json").write_text('[{"name": "half')
    with pytest.raises(LycurgusError, match="cannot be read"):
        read_components(tmp_path / "components.json")


def test_the_script_writes_every_licence_of_an_installation(collecting, tmp_path, monkeypatch, capsys):
    target = tmp_path / "licences.txt"
    monkeypatch.setattr(sys, "argv", ["collect_licences.py", "--text", str(target)])
    assert collecting.main() == 0
    assert all(one.text in target.read_text(encoding="utf-8") for one in components())
    assert "components in" in capsys.readouterr().out


def test_something_without_a_licence_text_is_not_shipped(collecting, tmp_path, monkeypatch, capsys):
    bare = licences.Component("nobody-knows", "1.0", "see the text", "", "")
    monkeypatch.setattr(collecting, "collected", lambda _: (bare,))
    monkeypatch.setattr(sys, "argv", ["collect_licences.py", "--text", str(tmp_path / "licences.txt")])
    assert collecting.main() == 1
    assert "nobody-knows" in capsys.readouterr().err
    assert not (tmp_path / "licences.txt").exists()


def test_a_stated_reason_stands_in_place_of_a_licence_text(collecting, monkeypatch):
    bare = licences.Component("nobody-knows", "1.0", "none", "", "")
    monkeypatch.setattr(collecting, "collected", lambda _: (bare,))
    monkeypatch.setitem(collecting.NO_TEXT, "nobody-knows", "It is in the public domain.")
    assert collecting.of_installation() == (replace(bare, text="It is in the public domain."),)


def test_an_application_lists_what_lies_in_it_and_nothing_else(collecting, tmp_path, monkeypatch):
    inside = tmp_path / "_internal"
    for package in ("numpy", "hypothesis", "ncempy"):
        (inside / package).mkdir(parents=True)
    bootloader = licences.Component("PyInstaller bootloader", "1", "GPL", "", "the terms")
    monkeypatch.setattr(collecting, "_bootloader", lambda: bootloader)
    listed = {one.name for one in collecting.add_to(tmp_path)}
    assert {"numpy", "hypothesis", "ncempy", "Lycurgus", "Python", "DejaVu Sans", "PyInstaller bootloader"} <= listed
    assert not {"scipy", "PySide6_Essentials", "pytest"} & listed
    assert {one.name for one in read_components(inside / "lycurgus" / "_resources" / BUILT_IN)} == listed
    assert "the terms" in (tmp_path / "THIRD-PARTY-LICENCES.txt").read_text(encoding="utf-8")


def test_a_folder_that_is_no_application_gets_no_list(collecting, tmp_path):
    with pytest.raises(collecting.MissingLicenceError, match="no frozen application"):
        collecting.add_to(tmp_path)


def test_qt_is_used_under_the_lesser_licence_and_ncempy_under_mit(shipped):
    assert shipped["pyside6-essentials"].licence == "LGPL-3.0-only"
    assert shipped["ncempy"].licence.startswith("MIT")


def test_components_come_in_the_order_of_their_names():
    names = [one.name.casefold() for one in components()]
    assert names == sorted(names)
    assert len(names) == len(set(names))


def test_a_text_that_stands_in_two_files_is_given_once(tmp_path):
    for name, text in (("LICENSE", "the terms"), ("COPY_OF_LICENSE", "the terms"), ("NOTICE", "the notice")):
        (tmp_path / name).write_text(text)
    text = joined([tmp_path / "LICENSE", tmp_path / "COPY_OF_LICENSE", tmp_path / "NOTICE", tmp_path / "missing"])
    assert text.count("the terms") == 1
    assert "NOTICE\n------\n\nthe notice" in text


def test_the_notices_hold_every_text(shipped):
    whole = notices(components())
    assert all(one.text in whole for one in shipped.values())


def test_an_installation_without_its_own_metadata_says_so(monkeypatch):
    monkeypatch.setattr(licences, "ROOT", "no-package-has-this-name")
    with pytest.raises(LycurgusError, match="incomplete"):
        components()


def test_system_facts_name_every_version_and_the_providers():
    facts = system_facts()
    assert "CPU" in facts["Providers offered"]
    assert "not installed" not in facts.values()
    assert facts_text(facts.items()).count("\n") == len(facts) - 1
