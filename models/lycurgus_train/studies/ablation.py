"""Which head and which data: every combination trained for equally many steps from the same start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lycurgus_train.studies.learning import CHOSEN_SO, Images, Learner, simulated_pool, synthetic_pool, thresholds_of
from lycurgus_train.studies.plan import Plan, drawn
from lycurgus_train.studies.report import Cell, Report, mean_and_range

TITLE = "Heads and data"

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
    new = list(simulated_pool(plan, each=plan.effort.simulated_scored, seed=1))
    learner = Learner(plan, held_out=held_out, also={"simulated": new})
    rows: list[tuple[Cell, ...]] = []
    for head, readings in READINGS.items():
        for name, sources in data.items():
            runs = [
                learner.figures(f"{head} on {name}", sources, known=real, seed=seed, head=head, readings=readings) for seed in plan.seeds
            ]
            for reading in readings:
                found = [one[reading] for one in runs]
                scores = [mean_and_range([one[measure] for one in found]) for measure in ("f1_50", "f1_75")]
                on_simulated = mean_and_range([one["also"]["simulated"]["f1_50"] for one in found])
                rows.append((reading, name, *scores, on_simulated, thresholds_of(found)))
    start = "random weights" if plan.start is None else f"the weights of {plan.start.name}"
    return Report(
        TITLE,
        plan.command,
        ("outlines", "trained on", "F1, IoU 0.5", "F1, IoU 0.75", "simulated, F1, IoU 0.5", "threshold"),
        tuple(rows),
        (("UniEM-3M (2025), the largest benchmark of EM particles", "a flow-based network was best"),),
        (
            f"{plan.effort.steps:,} steps each from {start}; {len(real)} real, {len(synthetic)} synthetic and {len(simulated)} simulated "
            f"images; scored on {len(held_out)} held-out real images, and on {len(new)} new pictures of the same simulators.",
            "'star-convex' and 'completed' are two readings of one network.",
            CHOSEN_SO,
        ),
    )
