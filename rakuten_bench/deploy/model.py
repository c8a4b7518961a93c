"""Fit a scenario as a standalone model, save it with a card, and load it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from rakuten_bench.activity import announce
from rakuten_bench.atomic import remove_leftovers, write_atomically
from rakuten_bench.deploy.card import (
    SKOPS_SUFFIX,
    Card,
    Format,
    other_versions,
    read_card,
    write_card,
)
from rakuten_bench.deploy.overwriting import refuse_other_kind
from rakuten_bench.deploy.skops_file import (
    dump_skops,
    is_skops,
    read_skops,
    refuse_scenario,
)
from rakuten_bench.deploy.source import Source
from rakuten_bench.errors import UserError, writing
from rakuten_bench.estimator.added import BY_VALUE, refuse_script
from rakuten_bench.identify import explain_wrong_file
from rakuten_bench.plan.source import source_digests
from rakuten_bench.records import Record
from rakuten_bench.registry import find_owner, own
from rakuten_bench.report.search import search_words
from rakuten_bench.scenario import Scenario, iter_options
from rakuten_bench.scenario.plugin import find_files
from rakuten_bench.types import Dataset, Fold, Layout

if TYPE_CHECKING:
    import pandas as pd

    from rakuten_bench.pipeline.estimator import ScenarioClassifier, ScenarioClusterer

#: Packages whose classes are inside a pickled pipeline, beside those of the options.
_ALWAYS = ("numpy", "scipy", "scikit-learn", "pandas", "rakuten-bench")


def fit_source(
    source: Source, rows: Literal["train", "all"], seed: int, n_jobs: int = 1
) -> ScenarioClassifier | ScenarioClusterer:
    """Fit the scenario of a record on its training rows, or on all rows.

    Raises
    ------
    UserError
        If training rows are requested and there are several folds.
    """
    from rakuten_bench.pipeline.estimator import build

    frame = drop_unknown(source.dataset.frame)
    if rows == "train" and len(source.split.folds) > 1:
        message = (
            f"{source.scenario.code}: its split has {len(source.split.folds)} "
            f"folds, each with its own training rows. Use --rows all."
        )
        raise UserError(message)
    announce("fitting %s", source.scenario.code)
    model = build(
        source.scenario,
        random_state=seed,
        n_jobs=n_jobs,
        base=source.base,
        plugins=source.plugins,
    )
    if rows == "all":
        return model.fit(frame, frame["label"])
    return _fit_fold(model, frame, source.split.folds[0])


def _fit_fold(
    model: ScenarioClassifier | ScenarioClusterer, frame: pd.DataFrame, fold: Fold
) -> ScenarioClassifier | ScenarioClusterer:
    """Fit on the training rows of a fold; choose by its validation rows, if any."""
    import numpy as np

    rows = fold.train
    if not fold.validation.size or model.scenario.is_clustering:
        return model.fit(frame.iloc[rows], frame["label"].iloc[rows])
    rows = np.sort(np.concatenate([fold.train, fold.validation]))
    is_validation = np.isin(rows, fold.validation)
    part = frame.iloc[rows]
    return model.fit(part, part["label"], validation=is_validation)  # type: ignore[call-arg]  # not a clusterer


def drop_unknown(frame: pd.DataFrame) -> pd.DataFrame:
    """Drop columns that are empty in every row.

    A model must not read a column in prediction that was empty in training.
    """
    return frame[[name for name in frame if (frame[name] != "").any()]]


def export_model(
    record: Record, source: Source, path: Path, rows: Literal["train", "all"] = "train"
) -> Card:
    """Fit the scenario of a record and write `path` with a card beside it.

    Parameters
    ----------
    record : Record
        With scores.
    source : Source
    path : Path
        "model.skops" is a file without pickle; any other name is a pickle (joblib),
        which may execute code when it is loaded.
    rows : {"train", "all"}

    Raises
    ------
    UserError
        If the record has no scores, or the file cannot be written, or its format can't
        store a part of the model.
    """
    if record.scores is None and record.clustering is None:
        message = f"{record.code}: has no scores ({record.status}); nothing to export."
        raise UserError(message)
    refuse_other_kind(path)
    format_: Format = "skops" if path.suffix.lower() == SKOPS_SUFFIX else "joblib"
    if format_ == "skops":
        refuse_scenario(source.scenario, path)
    for name in find_files([source.scenario]):
        refuse_script(own.get(name, BY_VALUE) or [], record.code)
    model = fit_source(source, rows, record.seed, record.n_threads)
    n_rows = (
        len(source.dataset.frame) if rows == "all" else source.split.folds[0].train.size
    )
    search = search_words(getattr(model.model_, "details_", {}))
    card = _card(record, source, rows, n_rows, search, model.columns_)
    content = dump_skops(model, path) if format_ == "skops" else _pickle(model)
    card = msgspec.structs.replace(
        card,
        format=format_,
        loading_executes_code=format_ == "joblib",
        sha256=hashlib.sha256(content).hexdigest(),
    )
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent)
        write_atomically(path, content)
        write_card(path, card)
    return card


def _pickle(model: object) -> bytes:
    import joblib

    content = io.BytesIO()
    joblib.dump(model, content, compress=3)
    return content.getvalue()


def _card(
    record: Record,
    source: Source,
    rows: Literal["train", "all"],
    n_rows: int,
    search: list[str],
    read: tuple[str, ...],
) -> Card:
    from importlib.metadata import version
    from platform import python_version

    packages = record.provenance.packages if record.provenance else {}
    foreign = _foreign_sources(source.scenario)
    return Card(
        code=record.code,
        name=record.name,
        levers=record.levers,
        params=record.params,
        dataset=record.dataset.name,
        dataset_fingerprint=record.dataset.fingerprint,
        split_fingerprint=record.split.fingerprint,
        rows=rows,
        n_rows=int(n_rows),
        classes=list(source.dataset.classes),
        label_names=dict(source.dataset.label_names),
        **_layout(source.dataset, read),
        missing=list(source.dataset.missing),
        scores=_scores(record),
        search=search,
        packages={
            name: version(name)
            for name in sorted(
                {*packages, *_ALWAYS, *filter(None, map(find_owner, foreign))}
            )
        },
        python=python_version(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        files={name: str(file) for name, file in find_files([source.scenario]).items()},
        sources=foreign,
    )


def _foreign_sources(scenario: Scenario) -> dict[str, str]:
    """Return the digest of each module of other packages that a scenario runs."""
    digests: dict[str, str] = {}
    for option, _ in iter_options([scenario]):
        if not option.unit and not option.module.startswith("rakuten_bench."):
            digests |= source_digests(option.module)
    return {
        name: digest
        for name, digest in digests.items()
        if not name.startswith("rakuten_bench")
    }


def _scores(record: Record) -> dict[str, float]:
    """Return the scores of a classifier or clustering, without those of its folds."""
    scores: dict[str, Any] = msgspec.to_builtins(record.scores or record.clustering)
    return {name: score for name, score in scores.items() if isinstance(score, float)}


def _layout(dataset: Dataset, read: tuple[str, ...]) -> dict[str, Any]:
    """Return the names of the columns that a model reads, and the location of images."""
    layout = dataset.layout or Layout({})
    constants = {
        field: value for field, value in layout.constants.items() if field in read
    }
    images = "image_path" in read
    image_name = layout.image_name if images else ""
    folder = dataset.image_folder if images else None
    return {
        "columns": {
            field: layout.columns.get(field, field)
            for field in read
            if field not in constants and not (field == "image_path" and image_name)
        },
        "id_column": layout.columns.get("id", ""),
        "image_name": image_name,
        "image_folder": str(folder.resolve()) if folder else "",
        "constants": constants,
    }


def load_model(
    path: Path, *, any_version: bool = False, warn: Callable[[str], None] | None = None
) -> tuple[ScenarioClassifier | ScenarioClusterer, Card]:
    """Load an exported model after checking its card.

    Parameters
    ----------
    path : Path
    any_version : bool
        Load the model even if it was exported with other versions; `warn` is called with them.
    warn : callable, optional

    Raises
    ------
    UserError
        If the file is missing, not an exported model, or exported with other versions.
    MissingPackage
        If its format, or its scenario, needs a package that is not installed.
    """
    if not path.is_file():
        message = f"{path}: model not found. Create one: rakuten-bench export CODE"
        raise UserError(explain_wrong_file(path, "model") or message)
    if message := explain_wrong_file(path, "model"):
        raise UserError(message)
    announce("loading %s", path.name)
    card = read_card(path)
    _refuse_changed(path, card)
    differences = other_versions(card)
    if differences and not any_version:
        message = (
            f"{path}: was exported with {', '.join(differences)}. Predictions could "
            f"differ silently. Install those versions, export it again, or use "
            f"--any-version."
        )
        raise UserError(message)
    if differences and warn:
        warn(f"{path}: was exported with {', '.join(differences)}.")
    if not is_skops(path):  # which has no code of the user
        _load_files(path, card, any_version=any_version)
    model = read_skops(path) if is_skops(path) else _unpickle(path, card)
    _refuse_other(path, model, card)
    for option, _ in iter_options([model.scenario_]):
        option.versions()  # raises if packages are missing
    return model, card


def _unpickle(path: Path, card: Card) -> Any:
    """Return the content of a pickle, unless the file is said to be none.

    Raises
    ------
    UserError
    """
    import joblib

    if path.suffix.lower() == SKOPS_SUFFIX or card.format == "skops":
        message = (
            f"{path}: is not a skops file, although its name or its card says so. It "
            f"was not loaded: a pickle could execute code."
        )
        raise UserError(message)
    try:
        return joblib.load(path)
    except Exception as error:  # a pickle that is damaged can raise anything
        message = f"{path}: cannot be loaded: {type(error).__name__}: {error}"
        raise UserError(message) from error


def _refuse_changed(path: Path, card: Card) -> None:
    """Refuse a file that is not the one that was written with the card."""
    if not card.sha256:
        return
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != card.sha256:
        message = (
            f"{path}: does not match its card ({card.code}): it was changed or damaged "
            f"since its card was written. Copy both again, or export them: "
            f"rakuten-bench export {card.code} -o {path.name}"
        )
        raise UserError(message)


def _load_files(path: Path, card: Card, *, any_version: bool) -> None:
    """Import the user's files that a model runs.

    They are searched where they were, then beside the model.

    Raises
    ------
    UserError
        If one is missing, or was edited since.
    """
    for name, known in card.files.items():
        places = (Path(known), path.parent / Path(known).name)
        file = next((place for place in places if place.exists()), None)
        if file is None:
            message = (
                f"{path}: runs {known}, which is missing. Put the file back, or beside "
                f"the model."
            )
            raise UserError(message)
        if not own.provide(name, file) and not any_version:
            message = (
                f"{path}: runs {file}, which was edited since the export: predictions "
                f"could differ silently. Export it again, or use --any-version."
            )
            raise UserError(message)
    for name in card.files:
        own.import_unit(name, str(path))


def _refuse_other(path: Path, model: object, card: Card) -> None:
    """Refuse a model that does not match its card."""
    scenario = getattr(model, "scenario_", None)
    if getattr(scenario, "code", "") != card.code:
        message = (
            f"{path}: does not match its card ({card.code}). Export both again: "
            f"rakuten-bench export {card.code} -o {path.name}"
        )
        raise UserError(message)
