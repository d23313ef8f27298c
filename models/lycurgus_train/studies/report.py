"""What a study found, as a table for the terminal, as CSV, and as a section of a Markdown page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lycurgus.exporters.atomic import replacing
from lycurgus.exporters.csv import write_table
from lycurgus.exporters.text import csv_cell

PAGE = """# Studies

Each table was written by the command above it. Reruns with the same seed and version on the same machine give the same figures.
"""

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Report:
    """A study's result.

    Attributes
    ----------
    title : the heading of its section.
    command : that made it.
    header, rows : of the table; shares as 0 ... 1, None where there is nothing to say.
    published : what others have published on the same question, a row a statement: (who or what, figure).
    notes : how it was done, sentences.
    """

    title: str
    command: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    published: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    def text(self) -> str:
        """Return the table in columns, for a terminal."""
        cells = [self.header, *([shown(cell) for cell in row] for row in self.rows)]
        widths = [max(len(row[column]) for row in cells) for column in range(len(self.header))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
        return "\n".join([self.title, *lines, *(f"published: {who}: {figure}" for who, figure in self.published), *self.notes])

    def markdown(self) -> str:
        """Return the section."""
        table = [_row(self.header), _row(["---"] * len(self.header)), *(_row([shown(cell) for cell in row]) for row in self.rows)]
        parts = [f"## {self.title}", f"`{self.command}`", "\n".join(table)]
        if self.published:
            parts.append("\n".join([_row(("published", "figure")), _row(("---", "---")), *(_row(row) for row in self.published)]))
        return "\n\n".join([*parts, " ".join(self.notes)]) + "\n"

    def write_csv(self, path: Path) -> None:
        """Write the table.

        Raises
        ------
        ExportError
        """
        write_table(path, self.header, [[csv_cell(cell) for cell in row] for row in self.rows])

    def put_into(self, page: Path) -> None:
        """Write the section into a Markdown page, in the place of the one with the same title, or at the end.

        Raises
        ------
        ExportError
        """
        text = page.read_text(encoding="utf-8") if page.exists() else PAGE
        section = re.compile(rf"^## {re.escape(self.title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
        text = section.sub(lambda _: self.markdown() + "\n", text) if section.search(text) else f"{text.rstrip()}\n\n{self.markdown()}"
        with replacing(page) as temporary:
            temporary.write_text(text.rstrip() + "\n", encoding="utf-8", newline="\n")


def shown(cell: Cell) -> str:
    """Write a cell for people."""
    if cell is None:
        return "-"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def mean_and_range(values: Sequence[float | None]) -> str:
    """Write the mean of several runs, and from where to where they lie where there are more than one."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    mean = f"{sum(known) / len(known):.3f}"
    return mean if len(known) == 1 else f"{mean} ({min(known):.3f}-{max(known):.3f})"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
