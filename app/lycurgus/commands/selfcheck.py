"""``lycurgus selfcheck``: is this installation whole?"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from lycurgus import __version__
from lycurgus.commands.common import print_json
from lycurgus.services.selfcheck import Check, selfcheck


def run(options: argparse.Namespace) -> int:
    """Print one line a check; status 1 where one failed."""
    checks: list[Check] = []
    for check in selfcheck():
        checks.append(check)
        if not options.json:
            print(f"{check.status:<8}{check.name}: {check.detail}")
    if options.json:
        print_json({"version": __version__, "checks": [asdict(check) for check in checks]})
    return 1 if any(check.status == "failed" for check in checks) else 0
