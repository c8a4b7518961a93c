"""Two scenarios side by side, as tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten_bench import report
from rakuten_bench.interface.example import find_examples
from rakuten_bench.interface.printing import printable
from rakuten_bench.wording.format import FORMATS

if TYPE_CHECKING:
    import pandas as pd


class ScenarioComparison:
    """How scenario B differs from A on the same test rows.

    Attributes
    ----------
    a, b : str
        Codes.
    mcnemar : float
        Exact p-value of McNemar's test: whether one is right more often than the other.
    """

    def __init__(self, found: report.Comparison) -> None:
        self._found = found
        self.a, self.b = found.a.code, found.b.code
        self.mcnemar = found.mcnemar

    def to_frame(self) -> pd.DataFrame:
        """Return the difference of each score, B minus A, with its 95 % interval.

        Returns
        -------
        DataFrame of shape (n_scores, 4)
            Indexed by score; `estimate`, `low`, `high`, `p_value`.
        """
        import pandas as pd

        rows = {
            name: dataclasses.asdict(one)
            for name, one in self._found.differences.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("score")

    @property
    def levers(self) -> pd.DataFrame:
        """The levers that differ: their options in A and B."""
        import pandas as pd

        return pd.DataFrame(self._found.levers, columns=["lever", "a", "b"]).set_index(
            "lever"
        )

    @property
    def classes(self) -> pd.DataFrame:
        """F1 of each class in A and B, and its number of test rows."""
        import pandas as pd

        rows = map(dataclasses.asdict, self._found.classes)
        columns = ["label", "a", "b", "support"]
        return pd.DataFrame(rows, columns=columns).set_index("label")

    @property
    def changes(self) -> pd.DataFrame:
        """Rows with different predictions: true label, predictions of A and B.

        `kind` is "better" if only B is right, "worse" if only A is, else "other".
        """
        import pandas as pd

        rows = map(dataclasses.asdict, self._found.changes)
        columns = ["id", "kind", "true", "a", "b"]
        return pd.DataFrame(rows, columns=columns).set_index("id")

    def render(
        self,
        format_: str = "table",
        rows: int = 10,
        width: int = 100,
        *,
        data_dir: str | Path | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> str:
        """Return the comparison as text.

        Parameters
        ----------
        format_ : {"table", "markdown", "json"}
        rows : int
            Number of changed rows of each kind; JSON lists all.
        width : int
            Columns of a table.
        data_dir : str or Path, optional
            Folder of the user's data.
        warn : callable, optional
            Receives the reason if the texts of changed rows, which tables show, are not
            available; without it, no texts are shown.
        """
        found = self._found
        wanted = rows > 0 and not FORMATS[format_].is_data and found.changes
        folder = Path(data_dir) if data_dir else None
        shown = find_examples(found.a.dataset, folder, warn) if wanted and warn else {}
        return report.render_comparison(found, format_, rows, shown, width)

    def __repr__(self) -> str:
        return printable(report.render_comparison(self._found).rstrip())

    def _repr_html_(self) -> str:
        from html import escape

        tables = self.levers, self.to_frame()
        number = "{:+.4f}".format
        head = f"<p>A = {escape(self.a)}, B = {escape(self.b)}</p>"
        return head + "".join(
            one.to_html(float_format=number, notebook=True) for one in tables
        )


def compare(
    a: str,
    b: str,
    *,
    results: str | Path = "results",
    dataset: str | None = None,
) -> ScenarioComparison:
    """Compare scenario `b` with `a` on the same test rows.

    Parameters
    ----------
    a, b : str
        Codes, names, or folders of records.
    results : str or Path
        Folder of the records.
    dataset : str, optional
        Name of the board or data set, if several have a scenario.

    Raises
    ------
    UserError
        If one is unknown, has no scores, or ran on other rows.
    """
    folders = [report.find_scenario(Path(results), one, dataset) for one in (a, b)]
    return ScenarioComparison(report.compare(*folders))
