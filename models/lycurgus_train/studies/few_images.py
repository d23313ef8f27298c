"""How many annotated images it takes, with and without synthetic ones made of them."""

from __future__ import annotations

from lycurgus_train.studies.learning import CHOSEN_SO, REPORTED, Images, Learner, synthetic_pool, thresholds_of
from lycurgus_train.studies.plan import Plan, drawn
from lycurgus_train.studies.report import Cell, Report, mean_and_range

TITLE = "A few annotated images"
COUNTS = (5, 10, 20, 30)
COUNTS_SMALL = (5, 20)
SYNTHETIC_EACH = 5


def run(plan: Plan) -> Report:
    """Train on 5, 10, 20 and 30 images, with and without five synthetic images for each of them."""
    every = plan.real_images()
    learner = Learner(plan, held_out=plan.held_out())
    rows: list[tuple[Cell, ...]] = []
    for count in COUNTS if plan.full else COUNTS_SMALL:
        real = drawn(every, count, seed=0)
        synthetic = list(synthetic_pool(plan, real, count=SYNTHETIC_EACH * len(real), seed=0))
        arms: dict[str, list[tuple[float, Images]]] = {"without": [(1.0, real)], "with": [(0.5, real), (0.5, synthetic)]}
        for name, sources in arms.items():
            runs = [learner.figures(f"{count} images {name} synthetic", sources, known=real, seed=seed)[""] for seed in plan.seeds]
            made = len(synthetic) if name == "with" else 0
            rows.append((len(real), made, *(mean_and_range([one[measure] for one in runs]) for measure in REPORTED), thresholds_of(runs)))
    return Report(
        TITLE,
        plan.command,
        ("real images", "synthetic images", "precision", "recall", "F1, IoU 0.5", "F1, IoU 0.75", "threshold"),
        tuple(rows),
        (("5 to 30 real images", "F1 0.36-0.88"), ("5 to 30 real images and 5 synthetic each", "F1 0.74-0.92")),
        (
            f"{plan.effort.steps:,} steps each, scored on the held-out images; the images are drawn at random, the fewer among the more. "
            "The published figures are of images of one material.",
            CHOSEN_SO,
        ),
    )
