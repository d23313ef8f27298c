"""Which head and which data: every combination trained for equally many steps from the same start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lycurgus_train.studies.learning import CHOSEN_SO, Images, Learner, simulated_pool, synthetic_pool
from lycurgus_train.studies.plan import Plan, drawn
from lycurgus_train.studies.report import Cell, Report, mean_and_range

TITLE = "Heads and data"

OTHERS = "simulated"
SCORED_EACH = 4
"""Simulated pictures of each simulator to score with: real ones are of other kinds than those that simulation is to teach."""

READINGS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "semantic": {"semantic + UECS": ("separator.name=uecs",)},
    "distance": {"distance": ()},
    "star-convex": {
        "star-convex": ("detector.outlines=star-convex",),
        "completed": ("detector.outlines=completed",),
    },
}
"""Head -> how its answers are turned into particles: name -> settings of the analysis."""


def run(plan: Plan) -> Report:
    """Train each head on each choice of data and score it with each way of reading it."""
    real = drawn(plan.real_images(), plan.effort.real, seed=0)
    synthetic = list(synthetic_pool(plan, real, count=min(plan.effort.synthetic, 5 * len(real)), seed=0))
    simulated = list(simulated_pool(plan, each=plan.effort.simulated, seed=0))
    data: dict[str, Sequence[tuple[float, Images]]] = {
        "real": [(1.0, real)],
        "real + synthetic": [(0.7, real), (0.3, synthetic)],
        "real + physical simulation": [(0.7, real), (0.3, simulated)],
        "real + synthetic + physical simulation": [(0.6, real), (0.15, synthetic), (0.25, simulated)],
    }
    held_out = plan.held_out()
    others = list(simulated_pool(plan, each=SCORED_EACH, seed=1))
    learner = Learner(plan, held_out=held_out, others={OTHERS: others})
    rows: list[tuple[Cell, ...]] = []
    for head, readings in READINGS.items():
        for name, sources in data.items():
            runs = [learner.figures(f"{head} on {name}", sources, seed=seed, head=head, readings=readings) for seed in plan.seeds]
            for reading in readings:
                scores = [mean_and_range([one[reading][measure] for one in runs]) for measure in ("f1_50", "f1_75", f"f1_50, {OTHERS}")]
                rows.append((reading, name, *scores))
    start = "random weights" if plan.start is None else f"the weights of {plan.start.name}"
    return Report(
        TITLE,
        plan.command,
        ("outlines", "trained on", "F1, IoU 0.5", "F1, IoU 0.75", "simulated, F1, IoU 0.5"),
        tuple(rows),
        (("UniEM-3M (2025), the largest benchmark of EM particles", "a flow-based network was best"),),
        (
            f"{plan.effort.steps:,} steps each from {start}; {len(real)} real, {len(synthetic)} synthetic and {len(simulated)} simulated "
            f"images; scored on {len(held_out)} held-out real images, and on {len(others)} simulated ones that are not trained on.",
            "'star-convex' and 'completed' are two readings of one network.",
            CHOSEN_SO,
        ),
    )
