"""Studies that anyone can rerun: what data, heads and noise do to the result, beside figures that were published."""

from __future__ import annotations

STUDIES: dict[str, str] = {
    "synthetic": "lycurgus_train.studies.synthetic",
    "one-image": "lycurgus_train.studies.one_image",
    "few-images": "lycurgus_train.studies.few_images",
    "noise": "lycurgus_train.studies.noise",
    "ablation": "lycurgus_train.studies.ablation",
}
"""Study -> its module, which offers ``TITLE`` and ``run(plan) -> Report``."""
