"""Boards, effects, comparisons, plots and pages, computed from records.

Reads only records; imports no machine learning library.
"""

from rakuten_bench.report.board import (
    Entry,
    Ranking,
    choose_boards,
    choose_metric,
    load_board,
    read_counts,
)
from rakuten_bench.report.compare import Comparison, compare, render_comparison
from rakuten_bench.report.effect import (
    Effect,
    Effects,
    Interaction,
    lever_effects,
)
from rakuten_bench.report.example import Example, read_examples
from rakuten_bench.report.page import render_page
from rakuten_bench.report.plot import board_plots, scenario_figures, scenario_plots
from rakuten_bench.report.render import board_remarks, flat_rows, render_boards
from rakuten_bench.report.render_effect import effects_json, render_effects
from rakuten_bench.report.scenario import find_scenario, render_scenario
from rakuten_bench.report.standing import with_standing
from rakuten_bench.report.tracking import Logged, log_boards

__all__ = [
    "Comparison",
    "Effect",
    "Effects",
    "Entry",
    "Example",
    "Interaction",
    "Logged",
    "Ranking",
    "board_plots",
    "board_remarks",
    "choose_boards",
    "choose_metric",
    "compare",
    "effects_json",
    "find_scenario",
    "flat_rows",
    "lever_effects",
    "load_board",
    "log_boards",
    "read_counts",
    "read_examples",
    "render_boards",
    "render_comparison",
    "render_effects",
    "render_page",
    "render_scenario",
    "scenario_figures",
    "scenario_plots",
    "with_standing",
]
