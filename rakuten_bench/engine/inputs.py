"""The inputs of a plan: the table, and the labels and rows of each fold."""

from __future__ import annotations

from rakuten_bench.engine.prepare import Prepared
from rakuten_bench.pipeline.table import input_table
from rakuten_bench.pipeline.target import Targets
from rakuten_bench.store.entry import Facts
from rakuten_bench.types import Dataset


def save_inputs(prepared: Prepared) -> None:
    """Store the inputs of a plan that are missing, for the workers.

    The table is stored without labels: steps get them only as targets.

    The table is rewritten if its images have moved, which its key does not include.
    """
    plan, store, dataset = prepared.plan, prepared.store, prepared.dataset
    where = f"frame of {dataset.name}, {_image_folder(dataset)}"
    where = where.encode(errors="backslashreplace").decode()  # an undecodable name
    facts = store.facts(plan.frame)
    if facts is None or facts.step != where:
        table = input_table(dataset.frame)
        store.save(plan.frame, table, Facts(seconds=0, memory=0, step=where))
    targets = _targets(prepared)
    for key, fold in plan.targets.items():
        if key not in store:
            facts = Facts(seconds=0, memory=0, step=f"rows of fold {fold}")
            store.save(key, targets.find(fold), facts)


def _targets(prepared: Prepared) -> Targets:
    dataset, split = prepared.dataset, prepared.split
    return Targets(
        dataset.y, dataset.classes, split.groups, split.folds, prepared.study.seed
    )


def _image_folder(dataset: Dataset) -> str:
    paths = dataset.frame["image_path"]
    first: str = paths.iat[(paths != "").to_numpy().argmax()]
    return first.rpartition("/")[0]
