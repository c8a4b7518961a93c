"""Lever effects as tables, CSV or JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import msgspec

from rakuten_bench.report.board import Ranking
from rakuten_bench.report.effect import Effect, Effects, Interaction
from rakuten_bench.wording.format import Answer, Lines
from rakuten_bench.wording.table import Column, Table
from rakuten_bench.wording.words import percent, signed

_EFFECTS = (
    Column("lever", fixed=True),
    Column("option"),
    Column("effect", right=True, fixed=True),
    Column("95 %", right=True, fixed=True),
    Column("pairs", right=True, fixed=True),
    Column("best in", right=True, fixed=True),
    Column("in the best", right=True, fixed=True),
)
_INTERACTIONS = (
    Column("choice"),
    Column("brings more with"),
    Column("by", right=True, fixed=True),
    Column("95 %", right=True, fixed=True),
    Column("fours", right=True, fixed=True),
)


def render_effects(
    estimated: Sequence[tuple[Ranking, Effects]], format_: str, width: int = 100
) -> str:
    """Return the lever effects of boards in a format.

    Parameters
    ----------
    estimated : sequence of (Ranking, Effects)
        Boards, and what `lever_effects` estimated on each.

    Raises
    ------
    UserError
        For a format that effects are not written in.
    """
    answer = Answer.of_tables(
        lambda _: [
            table for board, effects in estimated for table in _tables(board, effects)
        ],
        lambda: [effects_json(board, effects) for board, effects in estimated],
        rows=lambda: _csv_rows(estimated),
    )
    return answer.render(format_, width)


def effects_json(board: Ranking, effects: Effects) -> dict[str, object]:
    """Return the effects of one board as plain values."""
    return {
        "board": board.name,
        "dataset": board.dataset.name,
        "subset": board.subset or None,
        "metric": board.metric,
        "effects": msgspec.to_builtins(effects.effects),
        "interactions": msgspec.to_builtins(effects.interactions),
    }


def _csv_rows(found: Sequence[tuple[Ranking, Effects]]) -> Lines:
    names = [field.name for field in dataclasses.fields(Effect)]
    rows = [
        [board.name, board.metric, *(getattr(effect, name) for name in names)]
        for board, effects in found
        for effect in effects.effects
    ]
    return [["board", "metric", *names], *rows]


def _tables(board: Ranking, effects: Effects) -> list[Table]:
    if not effects.effects:
        remark = (
            "No two scenarios differ in one lever only: effects can't be estimated."
        )
        return [Table(board.title, (), (), (remark,))]
    first = Table(
        f"Lever effects on {board.title}",
        _EFFECTS,
        tuple(_effect_cells(effect) for effect in effects.effects),
        (legend(board.metric),),
    )
    cells = tuple(interaction_words(one) for one in effects.interactions)
    remark = "Interactions whose interval excludes 0, most certain first; not corrected for multiple tests."
    return [first, Table("", _INTERACTIONS, cells, (remark,) if cells else ())]


def legend(metric: str) -> str:
    """Explain the columns of the lever effects."""
    return (
        f"Effect: mean difference of {metric} from the other options of the lever, "
        "everything else equal; options with less than half the comparisons of the most "
        "frequent one do not count among the others. Best in: share of comparisons won "
        "or tied. In the best: change of the best scenario that also ran with other "
        "options."
    )


def _effect_cells(effect: Effect) -> tuple[str, ...]:
    return (
        effect.lever,
        effect.option or "(absent)",
        signed(effect.estimate),
        f"{signed(effect.low)} to {signed(effect.high)}",
        f"{effect.n_pairs:,}",
        percent(effect.wins),
        "" if effect.in_best is None else signed(effect.in_best),
    )


def interaction_words(one: Interaction) -> tuple[str, ...]:
    """Describe an interaction so that its sign is positive."""
    low, high = one.low, one.high
    (lever, option, other), (second, under, instead) = one.first, one.second
    if one.estimate < 0:
        option, other = other, option
        low, high = -high, -low
    return (
        f"{lever} {option} rather than {other}",
        f"{second} {under} than with {instead}",
        signed(abs(one.estimate)),
        f"{signed(low)} to {signed(high)}",
        f"{one.n_quads:,}",
    )
