"""What the application is built from."""

from __future__ import annotations

from typing import Any

import pytest
from freezing.environment import CONSTRAINTS, Flavour, project, requirements, version
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lycurgus

DEPENDENCIES: Any = project()["dependencies"]


def pins() -> dict[str, str]:
    lines = [line for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(name): number for name, number in (line.split("==") for line in lines)}


def test_the_installers_carry_the_version_of_the_package() -> None:
    assert version() == lycurgus.__version__


@pytest.mark.parametrize(("flavour", "runtime"), [("cpu", "onnxruntime"), ("cuda", "onnxruntime-gpu")])
def test_each_flavour_has_its_own_onnx_runtime_and_everything_else(flavour: Flavour, runtime: str) -> None:
    wanted = [Requirement(text) for text in requirements(flavour, DEPENDENCIES, platform="linux")]
    assert [one.name for one in wanted if one.name.startswith("onnxruntime")] == [runtime]
    needed = {Requirement(text).name for text in DEPENDENCIES if not text.startswith("onnxruntime")}
    assert needed < {one.name for one in wanted}


def test_cuda_comes_with_its_libraries() -> None:
    (runtime,) = (Requirement(text) for text in requirements("cuda", DEPENDENCIES) if text.startswith("onnxruntime"))
    assert runtime.extras == {"cuda", "cudnn"}


@pytest.mark.parametrize("flavour", ["cpu", "cuda"])
def test_every_requirement_is_pinned_to_a_version_that_fulfils_it(flavour: Flavour) -> None:
    for text in requirements(flavour, DEPENDENCIES, platform="linux"):
        wanted = Requirement(text)
        assert wanted.specifier.contains(pins()[canonicalize_name(wanted.name)]), text
