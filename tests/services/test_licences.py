"""What is shipped is listed with its licence, and nothing is listed without a text."""

from __future__ import annotations

import re
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lycurgus.core.errors import LycurgusError
from lycurgus.services import licences
from lycurgus.services.licences import components, notices
from lycurgus.services.system import facts_text, system_facts


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
    joined = licences._joined([tmp_path / "LICENSE", tmp_path / "COPY_OF_LICENSE", tmp_path / "NOTICE", tmp_path / "missing"])
    assert joined.count("the terms") == 1
    assert "NOTICE\n------\n\nthe notice" in joined


def test_the_notices_hold_every_text(shipped):
    whole = notices()
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
