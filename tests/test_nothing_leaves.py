"""Nothing leaves the machine, and nothing is kept that would: ONNX Runtime reports to its makers unless it is told not to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODES = {
    "the package": "import lycurgus, onnxruntime; onnxruntime.get_available_providers()",
    "networks": "from lycurgus.inference.providers import available_providers; available_providers()",
    "a network": (
        "from lycurgus.inference.catalog import find_model; from lycurgus.inference.session import open_network; open_network(find_model())"
    ),
}


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_onnx_runtime_keeps_no_account_of_what_is_done(code: str, tmp_path: Path) -> None:
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_", "LYCURGUS_"))}
    subprocess.run([sys.executable, "-c", code], env={**variables, "HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}, check=True)
    assert not [path for path in tmp_path.rglob("*") if "microsoft" in str(path).casefold() or "onnx" in path.name.casefold()]
