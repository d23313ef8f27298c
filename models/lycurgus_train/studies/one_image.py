"""How far a single annotated image leads."""

from __future__ import annotations

from lycurgus_train.studies.learning import CHOSEN_SO, REPORTED, Images, Learner, richest, synthetic_pool, thresholds_of
from lycurgus_train.studies.plan import Plan
from lycurgus_train.studies.report import Cell, Report, mean_and_range

TITLE = "One annotated image"
IMAGES_SMALL, IMAGES_FULL = 1, 4


def run(plan: Plan) -> Report:
    """Train on one image alone, and on synthetic images made of it; repeated for several images."""
    chosen = richest(plan.real_images(), IMAGES_FULL if plan.full else IMAGES_SMALL)
    learner = Learner(plan, held_out=plan.held_out())
    rows: list[tuple[Cell, ...]] = []
    for image in chosen:
        synthetic = list(synthetic_pool(plan, [image], count=plan.effort.synthetic, seed=0))
        arms: dict[str, list[tuple[float, Images]]] = {
            "alone": [(1.0, [image])],
            "with synthetic images of it": [(0.2, [image]), (0.8, synthetic)],
        }
        for name, sources in arms.items():
            runs = [learner.figures(f"one image {name}", sources, known=[image], seed=seed)[""] for seed in plan.seeds]
            particles = len(image.instances)
            made = len(synthetic) if name != "alone" else 0
            scores = (mean_and_range([one[measure] for one in runs]) for measure in REPORTED)
            rows.append((image.name, particles, name, made, *scores, thresholds_of(runs)))
    return Report(
        TITLE,
        plan.command,
        ("image", "particles", "trained on it", "synthetic images", "precision", "recall", "F1, IoU 0.5", "F1, IoU 0.75", "threshold"),
        tuple(rows),
        (("synthetic images of one annotated image, images of the same material", "F1 0.73-0.92"),),
        (
            f"The images of the training part with most whole particles; {plan.effort.steps:,} steps each, scored on the held-out images. "
            "The published figures are of images of one material; held-out images of other materials are harder.",
            CHOSEN_SO,
        ),
    )
