"""What every column and statistic means: symbol, formula, unit, reference."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from openpyxl import Workbook

from lycurgus.exporters.base import Report
from lycurgus.exporters.image_columns import IMAGE_COLUMNS
from lycurgus.exporters.xlsx import styles
from lycurgus.exporters.xlsx.cells import page, put, put_across, put_row, set_widths
from lycurgus.exporters.xlsx.particles_sheet import workbook_columns


class Definition(NamedTuple):
    """One row of the sheet."""

    quantity: str
    symbol: str
    unit: str
    definition: str
    reference: str
    csv_name: str = ""


HEADINGS = ("Quantity", "Symbol", "Unit", "Definition", "Reference", "Name in CSV files")
WIDTHS = (36, 15, 14, 78, 30, 32)

SAMPLE: tuple[Definition, ...] = (
    Definition(
        "Statistical weight",
        "w",
        "",
        "1/P of a particle (border weight) where particles at the border are excluded and weights are asked for, else 1",
        "Miles 1974; Lantuéjoul 1980",
    ),
    Definition("Effective number", "n_eff", "", "(Σw)²/Σw²", "Kish 1965"),
    Definition("Mean", "x̄", "as x", "Σwx/Σw", ""),
    Definition("Standard deviation", "s", "as x", "√(Σw(x − x̄)²/Σw · n_eff/(n_eff − 1))", ""),
    Definition("Geometric mean", "x_g", "as x", "exp(Σw ln x/Σw)", ""),
    Definition("Geometric standard deviation", "GSD", "", "exp(s of ln x)", ""),
    Definition(
        "Percentiles by number",
        "D10, D50, D90",
        "as x",
        "size below which 10, 50, 90 % of the weight lie, averaged over a step that is met exactly",
        "ISO 9276-2; Hyndman and Fan 1996, definition 2",
    ),
    Definition("Percentiles by volume", "D10 … D90", "as x", "the same with weights w·x³: volumes of spheres of diameter x", "ISO 9276-2"),
    Definition("Span", "", "", "(D90 − D10)/D50", "ISO 9276-2"),
    Definition("Sauter mean", "D[3,2]", "as x", "Σwx³/Σwx²", "ISO 9276-2"),
    Definition("De Brouckere mean", "D[4,3]", "as x", "Σwx⁴/Σwx³", "ISO 9276-2"),
    Definition("Skewness", "", "", "m₃/m₂^1.5 of the weighted central moments", ""),
    Definition("Excess kurtosis", "", "", "m₄/m₂² − 3: 0 for a normal population", ""),
    Definition(
        "Confidence intervals",
        "",
        "as the statistic",
        "percentile bootstrap: as many images are drawn as there are, J; each has its particles redrawn with probability 1/J, and is "
        "taken as it is otherwise",
        "Efron and Tibshirani 1993",
    ),
    Definition("Fits", "", "", "weighted maximum likelihood; the best has the smallest AIC", ""),
    Definition("Akaike's criterion", "AIC", "", "2k − 2 Σw ln f, the weights scaled to add up to n_eff; smaller is better", "Akaike 1974"),
    Definition("Kolmogorov-Smirnov distance", "KS", "", "largest difference between measured and fitted share", ""),
    Definition(
        "p of the fit",
        "p",
        "",
        "chance of a larger distance if the population were of that family, simulated with estimated parameters",
        "Lilliefors 1967",
    ),
    Definition(
        "Particles needed",
        "",
        "",
        "number to measure for the wanted precision of the mean of a log-normal population",
        "ISO 13322-1; Masuda and Iinoya 1971",
    ),
)

FLAGS: tuple[Definition, ...] = (
    Definition("touches_border", "", "", "reaches the edge of the picture or of its data bar, so that part of it may lie beyond", ""),
    Definition("cut_by_annotation", "", "", "a masked label, scale bar or area of missing pixels touches it and may hide part of it", ""),
    Definition("separated", "", "", "one of several particles that were found as one connected region", ""),
    Definition("non_convex", "", "", "stayed less convex than the separator's threshold asks for", ""),
    Definition("overlapping", "", "", "shares pixels with another particle", ""),
    Definition("drawn", "", "", "drawn by hand", ""),
    Definition("edited", "", "", "split, merged or classified by hand", ""),
)

NOTES = (
    "Perimeter: that of the convex hull, corrected for the bias of pixels, divided by the convexity; convexity is taken from the smoothed "
    "outline through the midpoints of the pixel sides between inside and outside.",
    "Positions: y is the row and x the column, 0 is the centre of the top left pixel. Angles are counter-clockwise from +x.",
    "Lengths in px where an image has no pixel size; a length in px is never labelled nm. Both stand in particles.csv.",
    "A value above 1 of a circularity or a similar ratio is the estimator's own and is not clipped.",
    "Instances may overlap: a pixel can belong to two particles, and both count it as theirs; the covered area counts it once.",
    "In CSV files a name that a spreadsheet could take for a formula has ./ before it (still a path to the same file), and any other such "
    "text an apostrophe; images.csv identifies every file by its sha256 as well.",
)
IMAGEJ_NOTE = (
    "The particle table uses ImageJ's headings and definitions: X and Y are measured from the corner of the image, so that they are half a "
    "pixel larger than the centroid of the standard table; the perimeter is by our own estimator; Circ. is not clipped at 1. Lengths are "
    "in nm where every image has a pixel size, else in px."
)


def add_definitions(workbook: Workbook, report: Report) -> None:
    """Add "Definitions"."""
    sheet = workbook.create_sheet("Definitions")
    for column, heading in enumerate(HEADINGS, start=1):
        put(sheet, 1, column, heading, styles.HEADER)
    sheet.row_dimensions[1].height = 22
    row = 2
    blocks: tuple[tuple[str, Iterable[Definition]], ...] = (
        ("Particles", _particle_definitions(report)),
        ("Flags of particles", FLAGS),
        ("Images", [Definition(c.label, "", c.unit, c.definition, "", c.name) for c in IMAGE_COLUMNS]),
        ("Sample", SAMPLE),
    )
    for title, definitions in blocks:
        put_across(sheet, row, (1, len(HEADINGS)), title, styles.SECTION)
        row += 1
        for definition in definitions:
            put_row(sheet, row, definition, WIDTHS)
            row += 1
        row += 1
    put_across(sheet, row, (1, len(HEADINGS)), "Notes", styles.SECTION)
    for note in (*NOTES, *([IMAGEJ_NOTE] if report.columns == "imagej" else [])):
        row += 1
        put_across(sheet, row, (1, len(HEADINGS)), note, styles.BODY_WRAPPED, chars=180)
    set_widths(sheet, WIDTHS)
    sheet.freeze_panes = "A2"
    page(sheet, header_row=1)


def _particle_definitions(report: Report) -> list[Definition]:
    """One row a quantity, its units together where it stands in two."""
    found: dict[tuple[str, str], Definition] = {}
    for column in workbook_columns(report):
        symbol, formula = _symbol(column.definition)
        key = (column.label, column.definition)
        if key in found:
            known = found[key]
            found[key] = known._replace(unit=f"{known.unit}, {column.unit}", csv_name=f"{known.csv_name}, {column.name}")
        else:
            found[key] = Definition(column.label, symbol, column.unit, formula, column.reference, column.name)
    return list(found.values())


def _symbol(formula: str) -> tuple[str, str]:
    """Take "ECD = √(4A/π)" apart."""
    symbol, equals, rest = formula.partition(" = ")
    return (symbol, rest) if equals and len(symbol) <= 5 else ("", formula)
