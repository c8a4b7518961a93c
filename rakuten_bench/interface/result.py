"""What one scenario left: scores, confusion matrix, predictions, wrong rows."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rakuten_bench import records, report
from rakuten_bench.errors import UserError
from rakuten_bench.interface.example import find_examples
from rakuten_bench.records import Predictions, Record
from rakuten_bench.wording.words import all_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from rakuten_bench.deploy import Card
    from rakuten_bench.deploy.explain import Explanation
    from rakuten_bench.pipeline.estimator import ScenarioClassifier
    from rakuten_bench.scenario.load import StudySpec


class ScenarioResult:
    """One scenario of a board.

    Attributes
    ----------
    code, name : str
    status : {"ok", "failed", "timeout", "oom", ...}
    rank, group : int or None
        None without scores. Scenarios in a group do not differ significantly from its
        best.
    scores : dict of str to float
        Empty without scores.
    interval : (float, float) or None
        95 % confidence interval of the score that the board is ranked by.
    error : str
        Why there are no scores; "" if there are.
    folder : Path
        Of the record.
    """

    def __init__(
        self,
        entry: report.Entry,
        subset: str,
        cache: Path | None,
        data_dir: Path | None,
    ) -> None:
        self._entry = entry
        self._subset = subset
        self._cache = cache
        self._data_dir = data_dir
        self.code, self.name = entry.code, entry.row.name
        self.status = entry.row.status
        self.rank, self.group = entry.rank, entry.group
        self.scores = dict(entry.scores)
        self.interval = entry.interval
        self.error = entry.error
        self.folder = entry.folder

    @property
    def levers(self) -> dict[str, str]:
        """Option of each lever, with its parameters."""
        return dict(all_words(self._entry.row))

    @cached_property
    def record(self) -> Record:
        """The whole record.

        Raises
        ------
        UserError
            If it is damaged or contradicts its predictions.
        """
        record = records.read_record(self.folder)
        records.check_record(self.folder, record)
        return record

    @property
    def confusion(self) -> pd.DataFrame:
        """Confusion matrix, of shape (n_classes, n_classes): true by predicted label.

        Raises
        ------
        UserError
            If the scenario has no scores.
        """
        import pandas as pd

        self._refuse_unscored()
        counts = report.read_counts(self.folder, self._subset)
        labels = pd.Index(self.record.classes)
        return pd.DataFrame(counts, labels.rename("true"), labels.rename("predicted"))

    @property
    def predictions(self) -> pd.DataFrame:
        """What was predicted for each test row.

        Returns
        -------
        DataFrame of shape (n_rows, 5)
            Indexed by row id: `true` and `predicted` label, `fold`, `language`, and the
            `probability` of the predicted label (NaN if the model gives none).

        Raises
        ------
        UserError
            If the scenario has no scores.
        """
        import numpy as np
        import pandas as pd

        found = self._predicted()
        classes = np.asarray(found.classes, dtype=object)
        rows = np.arange(len(found))
        chances = found.probability
        return pd.DataFrame(
            {
                "true": classes[found.true],
                "predicted": classes[found.predicted],
                "fold": found.fold,
                "language": found.language.astype(object),
                "probability": np.nan
                if chances is None
                else chances[rows, found.predicted],
            },
            index=pd.Index(found.ids.astype(object), name="id"),
        )

    @property
    def probabilities(self) -> pd.DataFrame | None:
        """Probability of each class, of shape (n_rows, n_classes); None without any.

        Raises
        ------
        UserError
            If the scenario has no scores.
        """
        import pandas as pd

        found = self._predicted()
        if found.probability is None:
            return None
        index = pd.Index(found.ids.astype(object), name="id")
        return pd.DataFrame(found.probability, index, list(found.classes))

    def errors(self) -> pd.DataFrame:
        """Return the wrongly predicted test rows, the most confident first.

        Returns
        -------
        DataFrame
            The columns of `predictions`, and `text` and `image_path` of the row if the
            data set is available (else a warning says why not).

        Raises
        ------
        UserError
            If the scenario has no scores.
        """
        rows = self.predictions
        wrong = rows[rows["true"] != rows["predicted"]]
        wrong = wrong.sort_values("probability", ascending=False, kind="stable")
        examples = find_examples(self.record.dataset, self._data_dir)
        if not examples:
            return wrong
        found = [examples.get(row) for row in wrong.index]
        return wrong.assign(
            text=[one.text if one else "" for one in found],
            image_path=[one.image_path if one else "" for one in found],
        )

    @property
    def classes(self) -> pd.DataFrame:
        """Precision, recall, F1 and number of test rows of each class.

        On all test rows, also on the board of a subset.

        Raises
        ------
        UserError
            If the scenario has no scores.
        """
        import msgspec
        import pandas as pd

        self._refuse_unscored()
        rows = msgspec.to_builtins(self.record.per_class)
        return pd.DataFrame(rows).set_index("label")

    def plot(self) -> Figure:
        """Draw the confusion matrix.

        Raises
        ------
        UserError
            If the scenario has no scores.
        """
        self._refuse_unscored()
        figures = dict(report.scenario_figures(self.folder, self._subset))
        return figures["confusion"]

    @property
    def spec(self) -> StudySpec:
        """A study of this scenario only, with its seed and folder.

        Raises
        ------
        UserError
            If an option of it no longer exists.
        """
        from rakuten_bench.engine.origin import study_of
        from rakuten_bench.store.layout import default_cache

        return study_of(self.record, self._cache or default_cache())

    def build(self, **settings: Any) -> ScenarioClassifier | Any:
        """Return the scenario as an unfitted scikit-learn estimator, with its seed.

        Parameters
        ----------
        **settings
            As in `rakuten_bench.build`.

        Raises
        ------
        UserError
            If an option of it no longer exists.
        """
        from rakuten_bench.interface.building import build

        return build(self, **settings)

    def export(
        self, path: str | Path, *, rows: Literal["train", "all"] = "train"
    ) -> Card:
        """Fit the scenario and write it as a model file with a card; see `export`.

        Raises
        ------
        UserError
            If it has no scores, its data have changed, or the file can't be written.
        """
        from rakuten_bench.interface.model import fit_and_write, open_source

        source = open_source(self.record, self._data_dir, self._cache)
        return fit_and_write(self.record, source, Path(path), rows)

    def explain(
        self,
        text: str | None = None,
        *,
        row: str | None = None,
        label: str | None = None,
        n_shown: int = 15,
    ) -> Explanation:
        """Fit the scenario on its training rows, and explain one prediction.

        Parameters and errors are those of `rakuten_bench.explain`.
        """
        from rakuten_bench.interface.explaining import explain_record

        return explain_record(
            self.record,
            text,
            row,
            label=label,
            n_shown=n_shown,
            data_dir=self._data_dir,
            cache=self._cache,
        )

    def render(self, width: int = 100) -> str:
        """Return levers, scores, classes, confusions, costs and origin as text.

        It is what `rakuten-bench show` prints.
        """
        return report.render_scenario(self.folder, width)

    def _predicted(self) -> Predictions:
        """Return the predictions on the board's rows."""
        self._refuse_unscored()
        found = records.read_predictions(self.folder, self.record.predictions_digest)
        return found.take(found.language == self._subset) if self._subset else found

    def _refuse_unscored(self) -> None:
        if self._entry.rank is None:
            reason = self.error or "is a clustering"
            message = f"{self.code}: has no scores: {reason}"
            raise UserError(message)

    def __repr__(self) -> str:
        scores: Any = ", ".join(f"{k}={v:.4f}" for k, v in self.scores.items())
        return f"ScenarioResult({self.code!r}, {scores or repr(self.error)})"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(self.render())}</pre>"
