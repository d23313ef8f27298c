"""The building of the application stands outside the package: its modules are found beside ``build.py``."""

from __future__ import annotations

import sys
from pathlib import Path

BUILD_SCRIPTS = Path(__file__).resolve().parents[2] / "build_scripts"

if str(BUILD_SCRIPTS) not in sys.path:
    sys.path.append(str(BUILD_SCRIPTS))
