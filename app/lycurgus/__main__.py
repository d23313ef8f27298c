"""``python -m lycurgus`` is the command line."""

from __future__ import annotations

from lycurgus.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
