"""How the default network finds simulated particles of every shape and inner structure: a fault in one of them shows here first.

    python benchmarks/simulated_shapes.py [--pictures 2] [--kinds haadf sem] [--names sphere nested] [--poor FOLDER]

Particles of 24 to 64 px, of one shape or structure a picture, apart from one another and in crowds, drawn by the simulators of
``lycurgus-train simulate`` with numbers that training does not use (it needs ``pip install .[train]``). Prints F1 at an IoU of 0.5 and of
0.75, and how many particles are reported for each true one. ``--poor`` saves drawings of the pictures whose F1 is below 0.6.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from lycurgus.core.metrics import ImageScore
from lycurgus.core.params import AnalysisParams
from lycurgus_train.canvas import write_png
from lycurgus_train.finds import draw_finds
from lycurgus_train.judging import Judged, detection_params, judge, scores_document
from lycurgus_train.synth.simulators import SIMULATORS, pictures

SEED = 90_001
KINDS = ("haadf", "bright-field", "sem", "liquid-cell")
STRUCTURES = ("pure", "solid solution", "core-shell", "nested", "hollow", "lattice")
"""What particles may look like inside; only dark field shows it."""

SIZES: Mapping[str, Any] = {"diameter_px": (24.0, 64.0), "spread": (1.05, 1.3), "mixed": 0.0}
ARRANGED: Mapping[str, Mapping[str, Any]] = {
    "apart": {"arrangements": {"sparse": 1.0}, "coverage": (0.08, 0.2), "overlap": (0.0, 0.0)},
    "crowd": {"arrangements": {"crowd": 1.0}, "coverage": (0.35, 0.6), "overlap": (0.3, 0.7)},
}


def rows(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The shapes that a simulator knows, then the structures, each with what is set for it."""
    usual = SIMULATORS[kind].params_model()
    for shape in usual.population.shapes:  # type: ignore[attr-defined]
        yield shape, {"population": {"shapes": {shape: 1.0}}}
    if "structures" in type(usual).model_fields:
        for structure in STRUCTURES:
            yield structure, {"structures": {structure: 1.0}, "kinds": (1, 1)}


def simulated(
    kind: str, settings: Mapping[str, Any], arranged: Mapping[str, Any], *, count: int, size_px: int, params: AnalysisParams
) -> list[Judged]:
    """Draw pictures and look at them as ``lycurgus analyze`` does."""
    simulator = SIMULATORS[kind]
    usual = simulator.params_model().model_dump()
    population = {**usual["population"], **SIZES, **arranged, **settings.get("population", {})}
    ranges = simulator.params_model.model_validate({**usual, **settings, "population": population})
    return list(judge(pictures(simulator, range(count), size_px=size_px, seed=SEED, params=ranges), params, truth="instances"))


def figures(judged: list[Judged]) -> str:
    scores = scores_document(judged)
    reported, there = scores["n_found"], scores["n_truth"]
    return f"{scores['f1_50'] or 0:8.3f}{scores['f1_75'] or 0:7.3f}{reported / max(1, there):7.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=2, help="pictures of each row and arrangement")
    parser.add_argument("--size", type=int, default=512, metavar="PX", help="height and width of each")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--names", nargs="+", default=(), help="these shapes and structures alone")
    parser.add_argument("--poor", type=Path, metavar="FOLDER", help="where pictures below 0.6 are drawn")
    parser.add_argument("--set", action="append", default=[], metavar="STAGE.FIELD=VALUE", help="change the network's parameters")
    options = parser.parse_args()
    known = {name for kind in options.kinds for name, _ in rows(kind)}
    if unknown := sorted(set(options.names) - known):
        parser.error(f"there is no {', '.join(unknown)}; choose from {', '.join(sorted(known))}")
    params = detection_params("network", options.set)
    print(f"{date.today().isoformat()}, {platform.machine()}, {options.pictures} pictures of {options.size} x {options.size} px each")
    for kind in options.kinds:
        print(f"\n{kind:24s}" + "".join(f"{name:>8s} 0.5   0.75  found" for name in ARRANGED))
        for name, settings in rows(kind):
            if options.names and name not in options.names:
                continue
            line = f"{name:24s}"
            for arrangement, arranged in ARRANGED.items():
                judged = simulated(kind, settings, arranged, count=options.pictures, size_px=options.size, params=params)
                line += figures(judged) + "   "
                for one in judged:
                    if options.poor and isinstance(one.score, ImageScore) and one.fit < 0.6:
                        options.poor.mkdir(parents=True, exist_ok=True)
                        write_png(options.poor / f"{one.image.name}-{name}-{arrangement}.png".replace(" ", "-"), draw_finds(one))
            print(line.rstrip(), flush=True)


if __name__ == "__main__":
    main()
