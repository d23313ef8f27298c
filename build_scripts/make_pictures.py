"""Make the pictures of README and docs from the bundled samples, so that they can always be remade.

python build_scripts/make_pictures.py
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from lycurgus import analyze, read
from lycurgus.exporters.drawing import draw_overlay
from lycurgus.exporters.side_by_side import side_by_side
from lycurgus.resources import sample_micrographs

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "images"
SIDE_PX = 640


def samples_picture() -> Path:
    """All samples with their particles outlined, in a row."""
    panels = []
    for path in sample_micrographs():
        micrograph = read(path)
        result = analyze(micrograph)
        canvas = draw_overlay(micrograph, result.particles, result.annotations, max_side_px=SIDE_PX)
        panels.append((f"{path.name}: {len(result.counted)} particles counted", canvas))
    target = PICTURES / "samples.jpg"
    Image.fromarray(side_by_side(panels)).save(target, quality=85, optimize=True)
    return target


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    print(samples_picture())


if __name__ == "__main__":
    main()
