"""Make docs/numbers.md, what each number means, from the definitions in the code, so that the two cannot drift apart.

python build_scripts/make_numbers.py            # writes the page; a test holds the one in the repository to it

When a number can be trusted is written here; the code knows only what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lycurgus.core.measurement import DESCRIPTORS
from lycurgus.exporters.base import Report
from lycurgus.exporters.columns import ParticleColumn, particle_columns
from lycurgus.exporters.image_columns import GROUP_COLUMN, IMAGE_COLUMNS
from lycurgus.exporters.xlsx.definitions import FLAGS, NOTES, SAMPLE

PAGE = Path(__file__).resolve().parent.parent / "docs" / "numbers.md"

SIZES = {
    "Area": "Unbiased; in percent it scatters twice as much as the diameter. Holes are left out.",
    "Equivalent circular diameter": (
        "The size to quote, as good as the outline: unbiased; one disc scatters by 2.5 % at 5 px, 0.9 % at 10 px, 0.3 % at 20 px."
    ),
    "Fitted-circle diameter": "For round particles, of which it also bridges dents. Far from the equivalent diameter: not round.",
    "Feret diameter, maximum": "An extreme, so a little large: +1.6 % for a disc of 20 px, +4 % at 5 px.",
    "Feret diameter, minimum": "An extreme, so a little small: −1.7 % for a disc of 20 px; of slanted straight sides 0.4 px too large.",
    "Feret diameter at 90° to the maximum": (
        "Discs of 20 px: ± 0.8 %. Squares and rectangles of 20 px come out 2 to 5 % short, "
        "for their maximum is a diagonal whose direction the pixels decide."
    ),
    "Perimeter": "Within 1 % from 20 px up. Of rough outlines it grows with the magnification: compare equal pixel sizes only.",
    "Convex perimeter": "As the perimeter, and steadier, because roughness does not enter.",
    "Convex area": "Counts pixels, like the area; equal to it for convex shapes.",
    "Major axis": "From all pixels, hence steady: within 1 % from 20 px up, +5 % for a disc of 5 px.",
    "Minor axis": "As the major axis.",
}
SHAPES = {
    "Eccentricity": "Rises steeply from the circle: 0.31 at an axis ratio of 0.95. The ellipse ratio says the same more evenly.",
    "Ellipse ratio": "The steadiest measure of elongation; 1 for a circle or a square.",
    "Circularity": (
        "From 10 px up, with corners from 20 px up. A disc has 1, a square 0.79; dents, roughness and elongation lower it. "
        "May come out just above 1."
    ),
    "Circularity (ISO 9276-6)": "The square root of the one above, and what the standard calls by this name: say which one you quote.",
    "Roundness": "Lowered by elongation, hardly by roughness. A disc of 20 px has 0.97, because the maximum Feret diameter is an extreme.",
    "Compactness": "The square root of the roundness.",
    "Aspect ratio": (
        "Never above 1 (other programs give the inverse). A disc of 20 px has 0.97: for nearly round particles take the ellipse ratio."
    ),
    "Solidity": "Exactly 1 for a convex shape of any size, so anything below is a dent, a hole or a second particle.",
    "Convexity": (
        "What tells one particle from two. Above 0.98 for single convex shapes; "
        "two small discs that touch show less of a dent than they have."
    ),
    "Extent": "A disc has 0.79, a square 0.71, because its Fmax is the diagonal.",
}
OTHERS = {
    "Centroid y": "To a small part of a pixel. ImageJ's are larger by 0.5.",
    "Centroid x": "To a small part of a pixel. ImageJ's are larger by 0.5.",
    "Angle of the maximum Feret diameter": "Means nothing for particles that are nearly round.",
    "Orientation": "Means nothing where the ellipse ratio is near 1.",
    "Mean intensity": "Stored values without a unit: compare images of one detector at the same settings only.",
    "SD of intensity": "Holds the noise as well as the particle's own structure.",
    "Minimum intensity": "One pixel, so mostly noise.",
    "Maximum intensity": "One pixel, so mostly noise; at the top of the scale the image is saturated.",
    "Border weight": "Little above 1 for small particles. A warning says when a few heavy ones speak for the whole sample.",
}
RECORD = {
    "Image": "",
    "Particle": "Stays the same through every export and correction.",
    "Score": "Orders finds of one network; no probability, and not comparable between networks.",
    "Flags": "See below.",
    "Excluded": "",
    "Polarity": "With Otsu the choice that the threshold rests on, and a warning says when it was close; with a network only observed.",
    "Box, top": "",
    "Box, left": "",
    "Box, bottom": "",
    "Box, right": "",
}
SAMPLES = {
    "Statistical weight": "Stays 1 with `statistics.border_weights=false`, and where particles at the border are counted or removed.",
    "Effective number": "Far below n: few particles carry the sample.",
    "Mean": "With its interval. A few large particles, or two taken as one, move it: look at the median beside it.",
    "Standard deviation": "The width of the population, not the error of the mean. Known to 13 % from 30 particles, to 7 % from 100.",
    "Geometric mean": "The better middle of a skewed (log-normal) population.",
    "Geometric standard deviation": "About 1.1 for a narrow synthesis, 1.5 for a wide one. Its logarithm is as well known as the SD.",
    "Percentiles by number": "D50 scatters a quarter more than the mean, D10 and D90 nearly twice as much as the mean.",
    "Percentiles by volume": (
        "Ruled by the largest: with a GSD of 1.5 particles count for a quarter of their number, with 2 for a hundredth. "
        "Takes them for spheres."
    ),
    "Span": "As good as the percentiles in it.",
    "Sauter mean": "For surface per volume. Ruled by large particles; takes them for spheres.",
    "De Brouckere mean": "What laser diffraction reports. Ruled by the largest particles even more.",
    "Skewness": "Known to ± 0.24 from 100 particles of a normal population.",
    "Excess kurtosis": "Known to ± 0.5 from 100 particles of a normal population, to ± 0.24 from 400.",
    "Confidence intervals": (
        "Holds the spread between images, which is hardly known from fewer than five. "
        "Knows nothing of a wrong pixel size or of wrong outlines."
    ),
    "Fits": "Look at the curve on the histogram. None of them need be right.",
    "Akaike's criterion": "Only differences between fits of the same particles mean anything; below 2 they mean little.",
    "Kolmogorov-Smirnov distance": "The share of particles by which curve and data differ at most. Says little of the tails.",
    "p of the fit": "Below 0.05: not of that family. With thousands of particles every family fails in the end.",
    "Particles needed": "For the mean alone, and for a log-normal population whose images are alike. Percentiles need more.",
}
INTRODUCTION = """\
# What each number means

Made by `python build_scripts/make_numbers.py` from the definitions that the reports use; the sheet *Definitions* of every workbook
holds them too, with their references. What is said of trust rests on [measured errors](measurement-accuracy.md). They are those of a
right outline: look at the overlay first, and at the pixel size second. A wrong pixel size changes every length by one factor, and no ratio.

Four things decide more than any formula:

- **The outline.** In [simulated pictures](measurement-accuracy.md#from-the-picture-to-the-diameter) the bundled network draws flat
  discs 5 to 15 % too wide from 10 px up, and spheres, which grow thin towards their edge, 1 to 5 % from 14 px up. Otsu's threshold is
  right for flat discs from 10 px up, and makes spheres 7 to 10 % too small.
- **Width in pixels.** Below 10 px every shape is nearly a disc. From 20 px up the mean error of the sizes of round particles is within 2 %.
- **The number of particles**, and of images: the report says how many are needed for the wanted precision.
- **What is left out.** Particles at the border are excluded and the others weighted for it; what was dropped is counted in *Removed*.
"""


def page() -> str:
    """Return the whole page."""
    columns = particle_columns(Report(entries=(), failures=(), summary=None))
    parts = [
        INTRODUCTION,
        "## One particle\n\nA row of the table *Particles* and of `particles.csv`. Lengths stand in px and, where the pixel size is known, "
        "in nm.\n",
        _particles("Size", columns, SIZES),
        _particles("Shape", columns, SHAPES),
        _particles("Place, intensity, weight", columns, OTHERS),
        _particles("What else is in the row", columns, RECORD),
        "### Flags\n",
        _table(("Flag", "Meaning"), [(f"`{flag.quantity}`", flag.definition) for flag in FLAGS]),
        "## One image\n\nA row of the sheet *Images* and of `images.csv`. In groups, the column `group` names "
        f"{GROUP_COLUMN.definition}.\n",
        _table(
            ("Quantity", "Name in CSV", "Definition"),
            [(_with_unit(one.label, one.unit), f"`{one.name}`", one.definition) for one in IMAGE_COLUMNS],
        ),
        "## The sample\n\n*Summary* in the workbook, `summary.json`, and the panels *Distribution* and *Sample*. x is the size that is "
        "summarised, the equivalent circular diameter unless `statistics.descriptor` names another; w is the weight.\n",
        _table(
            ("Quantity", "Symbol", "Definition", "When to trust it"),
            [(_with_unit(one.quantity, one.unit), one.symbol, one.definition, SAMPLES[one.quantity]) for one in SAMPLE],
        ),
        "## Notes\n",
        *(f"- {note}" for note in NOTES),
    ]
    return "\n".join(parts) + "\n"


def _particles(title: str, columns: Sequence[ParticleColumn], trust: dict[str, str]) -> str:
    rows = []
    for label, sentence in trust.items():
        found = [column for column in columns if column.label == label]
        units = " or ".join(sorted({column.unit for column in found if column.unit}))
        names = ", ".join(f"`{column.name}`" for column in found)
        rows.append((_with_unit(label, units), names, found[0].definition, sentence))
    return f"### {title}\n\n" + _table(("Quantity", "Name in CSV", "Definition", "When to trust it"), rows)


def _with_unit(label: str, unit: str) -> str:
    return f"**{label}** ({unit})" if unit else f"**{label}**"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def explained() -> set[str]:
    """Return the labels of all numbers of a particle that the page explains."""
    return {*SIZES, *SHAPES, *OTHERS, *RECORD}


def measured() -> set[str]:
    """Return the labels of all numbers of a particle that the code has."""
    columns = particle_columns(Report(entries=(), failures=(), summary=None))
    return {descriptor.label for descriptor in DESCRIPTORS} | {column.label for column in columns}


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.name}: {len(measured())} numbers of a particle, {len(IMAGE_COLUMNS)} of an image, {len(SAMPLE)} of a sample")
