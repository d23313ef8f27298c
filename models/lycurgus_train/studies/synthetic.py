"""Real images against real and synthetic ones, at equal steps."""

from __future__ import annotations

from lycurgus_train.studies.learning import CHOSEN_SO, REPORTED, Images, Learner, synthetic_pool, thresholds_of
from lycurgus_train.studies.plan import Plan, drawn
from lycurgus_train.studies.report import Cell, Report, mean_and_range

TITLE = "Real images, and real with synthetic ones"


def run(plan: Plan) -> Report:
    """Train on real images, on synthetic ones made of them, and on both."""
    real = drawn(plan.real_images(), plan.effort.real, seed=0)
    count = min(plan.effort.synthetic, 5 * len(real))
    synthetic = list(synthetic_pool(plan, real, count=count, seed=0))
    held_out = plan.held_out()
    learner = Learner(plan, held_out=held_out)
    arms: dict[str, list[tuple[float, Images]]] = {
        "real": [(1.0, real)],
        "synthetic": [(1.0, synthetic)],
        "real + synthetic": [(0.5, real), (0.5, synthetic)],
    }
    rows: list[tuple[Cell, ...]] = []
    for name, sources in arms.items():
        runs = [learner.figures(name, sources, known=real, seed=seed)[""] for seed in plan.seeds]
        counts = (len(real) if "real" in name else 0, len(synthetic) if "synthetic" in name else 0)
        rows.append((name, *counts, *(mean_and_range([one[measure] for one in runs]) for measure in REPORTED), thresholds_of(runs)))
    return Report(
        TITLE,
        plan.command,
        ("trained on", "real images", "synthetic images", "precision", "recall", "F1, IoU 0.5", "F1, IoU 0.75", "threshold"),
        tuple(rows),
        (),
        (
            f"{plan.effort.steps:,} steps each, scored on {len(held_out)} held-out images; where both kinds are trained on, half of the "
            "crops come from each. Ranges are over seeds.",
            CHOSEN_SO,
        ),
    )
