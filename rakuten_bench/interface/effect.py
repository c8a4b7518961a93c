"""LeverEffects of levers, as tables and as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rakuten_bench import report
from rakuten_bench.interface.printing import printable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class LeverEffects:
    """What each option gains or costs against the others of its lever."""

    def __init__(self, effects: report.Effects, board: report.Ranking) -> None:
        self._effects = effects
        self._board = board

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each option.

        Returns
        -------
        DataFrame of shape (n_options, 6)
            Indexed by lever and option; `estimate`, `low` and `high`: mean difference of
            the board's metric and its 95 % interval; `n_pairs`, `wins`, `in_best`: see
            `report.Effect`.
        """
        import pandas as pd

        rows = report.effects_json(self._board, self._effects)["effects"]
        columns = [*report.Effect.__dataclass_fields__]
        return pd.DataFrame(rows, columns=columns).set_index(["lever", "option"])

    def interactions(self) -> pd.DataFrame:
        """Return the pairs of choices whose effects depend on each other.

        Returns
        -------
        DataFrame of shape (n_interactions, 6)
            `first` gains `estimate` more with `second` than without, with a 95 %
            interval from `low` to `high`; from `n_quads` sets of four scenarios.
        """
        import pandas as pd

        rows = report.effects_json(self._board, self._effects)["interactions"]
        return pd.DataFrame(rows, columns=[*report.Interaction.__dataclass_fields__])

    def plot(self) -> Figure:
        """Draw each option's effect with its interval."""
        from rakuten_bench.report.plot import draw_effects

        return draw_effects(self._effects, self._board)

    def __repr__(self) -> str:
        text = report.render_effects([(self._board, self._effects)], "table")
        return printable(text.rstrip())

    def _repr_html_(self) -> str:
        page: str = self.to_frame().to_html(float_format="{:+.4f}".format)
        return page
