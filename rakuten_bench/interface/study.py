"""A study: the scenarios to run on one data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from rakuten_bench.data import parse_dataset
from rakuten_bench.errors import UserError
from rakuten_bench.interface import frame as frames
from rakuten_bench.interface.adding import build_scenario, build_unit, write_unit
from rakuten_bench.interface.page import find_varying
from rakuten_bench.scenario import load
from rakuten_bench.store.layout import default_cache
from rakuten_bench.types import Modality
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    import pandas as pd

    from rakuten_bench.interface.planning import StudyPlan
    from rakuten_bench.registry.own import Unit
    from rakuten_bench.scenario import Scenario

_NAME = "study"


class Study:
    """Scenarios to run on one data set, with its split, metric and seed.

    Parameters
    ----------
    dataset : DataFrame, str or mapping
        A table; or the name of a data set, or its name with parameters, as in a
        scenario file: `{"table": {"path": "shop.csv", "title": "name", "label": "kind"}}`.
    matrix, scenarios, defaults, split, metric, seed, limits, plugins :
        The keys of a scenario file, as Python values. `matrix` or `scenarios` is needed.
    name : str
        Of the board of a DataFrame, and of the study.
    **table
        For a DataFrame: parameters of the data set `table`. `label`, `title`,
        `description`, `image`, `language`, `group`, `id` and `side` name its columns;
        columns of these names need not be named. Without `id`, an index that is more
        than row numbers gives the ids of the rows.

    Raises
    ------
    UserError
        For an unknown lever, option, parameter or column; `Problems` for several.

    Examples
    --------
    >>> study = Study(
    ...     "openmoji", matrix={"vectorizer": ["count", "tfidf"], "model": "logreg"}
    ... )
    >>> study
    Study(dataset='openmoji', n_scenarios=2)
    """

    def __init__(  # noqa: PLR0913  (the keys of a scenario file)
        self,
        dataset: pd.DataFrame | str | Mapping[str, Any] = "openmoji",
        *,
        matrix: object = None,
        scenarios: object = None,
        defaults: object = None,
        split: object = None,
        metric: str | None = None,
        seed: int | None = None,
        limits: object = None,
        plugins: object = None,
        name: str = _NAME,
        **table: Any,
    ) -> None:
        keys = {
            "matrix": matrix,
            "scenarios": scenarios,
            "defaults": defaults,
            "split": split,
            "metric": metric,
            "seed": seed,
            "limits": limits,
            "plugins": plugins,
        }
        given = {key: value for key, value in keys.items() if value is not None}
        self._added: dict[str, Unit] = {}
        self._frame: pd.DataFrame | None = None
        if not isinstance(dataset, str | Mapping):
            self._frame = _check_frame(dataset)
            params = frames.choose_columns(self._frame, {"name": name, **table})
            spec: object = {"table": {"path": f"{name} (DataFrame)", **params}}
            parse_dataset(spec)  # errors are those of parameters, not of a file's keys
        elif table:
            message = (
                f"{name}: {', '.join(table)}: name columns only for a DataFrame; the "
                f"parameters of another data set go with its name: {{NAME: {{...}}}}."
            )
            raise UserError(message)
        else:
            spec = dataset
        self._spec = load.read_study(Path.cwd() / name, {**given, "dataset": spec})

    @classmethod
    def _of(cls, spec: load.StudySpec) -> Self:
        study = cls.__new__(cls)
        study._frame, study._spec, study._added = None, spec, {}
        return study

    @property
    def spec(self) -> load.StudySpec:
        """The scenarios with their seed, split and limits, as the engine reads them."""
        return self._write_added(default_cache()) if self._added else self._spec

    @property
    def name(self) -> str:
        """Name of the scenario file, or as given."""
        return self._spec.path.name

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios, each code once."""
        return self._spec.scenarios

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences about things that are not errors but may surprise."""
        skipped = (
            f"{number(count, 'combination')} skipped: {reason}."
            for reason, count in self._spec.dropped.items()
        )
        return (*self._spec.remarks, *skipped)

    def resolve(self, cache: Path) -> load.StudySpec:
        """Return the study as the engine runs it.

        A DataFrame, and estimators that were added, are kept in the cache.
        """
        spec = self._write_added(cache)
        if self._frame is None:
            return spec
        dataset = frames.keep_frame(self._frame, self._spec.dataset.params, cache)
        return replace(spec, dataset=dataset)

    def _write_added(self, cache: Path) -> load.StudySpec:
        """Return the study with files of the estimators that were added."""
        plugins = self._spec.plugins
        for unit in self._added.values():
            plugins = plugins.add(write_unit(unit, cache))
        return replace(self._spec, plugins=plugins)

    def add(
        self,
        name: str,
        estimator: Any,
        *,
        modality: Modality = "text",
        input: Literal["text", "rows", "features"] | None = None,
        labels: Literal["names", "codes"] = "names",
        probability: bool = True,
        **levers: Any,
    ) -> str:
        """Add a scenario with a scikit-learn estimator, or a pipeline, of your own.

        Parameters
        ----------
        name : str
            Of the scenario; one that was added under this name is replaced.
        estimator : estimator, class or function
            Unfitted, or a class or function that returns it. It is copied: what is
            changed later does not count.
        modality : {"text", "image"}
        input : {"text", "rows", "features"}, optional
            What it gets: a Series of texts (the default), a DataFrame with the columns
            title, description and language, and for images image_path (their default);
            or the features of the levers before the model.
        labels : {"names", "codes"}
            Whether it is fitted on the labels as texts, or on numbers from 0.
        probability : bool
            Whether its `predict_proba`, if it has one, decides; else its `predict`.
        **levers
            Options of the levers before the model, as in a scenario file.

        Returns
        -------
        str
            The scenario's code.

        Raises
        ------
        UserError
            If it is no estimator, can't be sent to workers, or a lever is invalid.
        """
        unit = build_unit(name, estimator)
        given = {"input": input, "labels": labels, "probability": probability}
        params = {key: value for key, value in given.items() if value is not None}
        scenario = build_scenario(name, unit, params, {"modality": modality, **levers})
        self._spec = load.add_scenario(self._spec, scenario)
        self._added[name] = unit
        return scenario.code

    def plan(self, **settings: Any) -> StudyPlan:
        """Return what a run would do, and a forecast of its cost; nothing is run.

        Parameters
        ----------
        **settings
            As of `run`: `results`, `cache`, `data_dir`, `jobs`, ...

        Raises
        ------
        UserError
            If a setting or the data are invalid.
        """
        from rakuten_bench.engine import prepare
        from rakuten_bench.engine.forecast import forecast
        from rakuten_bench.interface.planning import StudyPlan
        from rakuten_bench.interface.setting import build_settings

        chosen = build_settings(**settings)
        prepared = prepare(self.resolve(chosen.cache), chosen)
        return StudyPlan(prepared, forecast(prepared, chosen.n_workers))

    def to_frame(self) -> pd.DataFrame:
        """Return the scenarios as a table: one row each, one column for each lever.

        Returns
        -------
        DataFrame of shape (n_scenarios, n_levers + 2)
            Indexed by code; a lever that a scenario's modality lacks is "".
        """
        import pandas as pd

        rows = [
            {
                "name": one.name,
                "modality": one.modality,
                **{choice.lever: str(choice) for choice in one.choices},
            }
            for one in self.scenarios
        ]
        codes = pd.Index([one.code for one in self.scenarios], name="code")
        return pd.DataFrame(rows, index=codes).fillna("")

    def __len__(self) -> int:
        return len(self.scenarios)

    def __repr__(self) -> str:
        dataset = self._spec.dataset.params.get("name") or self._spec.dataset.name
        return f"Study(dataset={dataset!r}, n_scenarios={len(self)})"

    def _repr_html_(self) -> str:
        from html import escape

        table = self.to_frame()
        shown = table[find_varying(table, table.columns)]
        page = shown.to_html(max_rows=_SHOWN, notebook=True)
        return f"<p>{escape(repr(self))}</p>{page}"


_SHOWN = 20  # scenarios in a notebook


def load_study(
    path: str | Path, *, dataset: str | None = None, seed: int | None = None
) -> Study:
    """Read and check a scenario file and the files that it includes.

    Parameters
    ----------
    path : str or Path
    dataset : str, optional
        Name of a data set to use instead of the file's.
    seed : int, optional
        Seed to use instead of the file's.

    Raises
    ------
    Problems
        All mistakes of the file, one line each.
    """
    return Study._of(load.load_study(Path(path), dataset=dataset, seed=seed))


def _check_frame(dataset: object) -> pd.DataFrame:
    import pandas as pd

    if isinstance(dataset, pd.DataFrame):
        return dataset
    message = (
        f"dataset: values of type '{type(dataset).__name__}' are not supported. Give a "
        f"DataFrame, the name of a data set, or a name with its parameters: {{NAME: {{...}}}}."
    )
    raise UserError(message)
