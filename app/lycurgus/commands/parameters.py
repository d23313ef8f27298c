"""``lycurgus parameters``: what can be set, and to what."""

from __future__ import annotations

import argparse
import textwrap

from lycurgus.commands.common import params_of, print_json
from lycurgus.parameters import describe


def run(options: argparse.Namespace) -> int:
    """Print the parameters as a table, or as JSON that --preset reads."""
    params = params_of(options)
    if options.json:
        print_json(params.document())
        return 0
    stage = None
    for row in describe(params):
        if row["stage"] != stage:
            stage = row["stage"]
            print(f"\n{stage}" if stage != "input" else stage)
        value = f"{row['value']} {row['unit']}".strip()
        print(f"  {stage}.{row['field']} = {value}   [{row['allowed']}]")
        text = f"{row['title']}. {row['description']}".rstrip(". ") + "."
        print(textwrap.fill(text, 110, initial_indent="      ", subsequent_indent="      "))
    return 0
