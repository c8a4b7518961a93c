"""Render an explanation as text for the terminal, and as one offline HTML file."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.deploy.explain import Explanation
from rakuten_bench.report.page.content import draw_thumbnail
from rakuten_bench.wording.words import clean

_BAR = 24  # characters of the longest bar
_SIDE = 336  # side of the image below its map, in pixels
_METHODS = {
    "linear": "exact contributions to the decision value",
    "lime": "LIME: weights of a local linear model around this text",
    "occlusion": "decrease of the score when a field of the image is covered",
}


def render_explanation(explanation: Explanation, head: str) -> str:
    """Render an explanation as lines with a bar for each contribution."""
    largest = max((abs(value) for _, value in explanation.parts), default=1.0) or 1.0
    parts = [(_feature_label(name), value) for name, value in explanation.parts]
    width = max(len(name) for name in (*dict(parts), "(other)"))
    summary = f"class '{explanation.label}', {_METHODS[explanation.method]}"
    lines = [clean(head), clean(summary), ""]
    if explanation.grid is not None:
        lines += [
            *_map_lines(explanation.grid),
            "",
            "The map is in hundredths of the score. Largest values:",
        ]
    for name, value in parts:
        bar = ("+" if value > 0 else "-") * max(1, round(_BAR * abs(value) / largest))
        lines.append(f"  {name:<{width}}  {value:+.4f}  {bar}")
    if explanation.method != "occlusion":  # effects of its fields are not additive
        lines.append(f"  {'(other)':<{width}}  {explanation.rest:+.4f}")
    lines.append(f"  {'score':<{width}}  {explanation.score:+.4f}")
    return "\n".join(lines)


def _feature_label(name: str) -> str:
    """Return a feature's name, with visible spaces if it begins or ends with one.

    >>> _feature_label("text: ab "), _feature_label("text: robe rouge")
    ('text: ab␣', 'text: robe rouge')
    """
    block, colon, term = name.partition(": ")
    visible = term if term == term.strip(" ") else term.replace(" ", "␣")
    return clean(f"{block}{colon}{visible}")


def _map_lines(grid: NDArray[np.float64]) -> list[str]:
    """Render a map in hundredths of the score, one line for each row of fields.

    >>> _map_lines(np.array([[0.12, -0.04], [0.0, 0.3]]))
    ['   +12   -4', '     0  +30']
    """
    cells = [
        [f"{round(100 * value):+d}".replace("+0", "0") for value in row] for row in grid
    ]
    return ["".join(f"{cell:>6}" for cell in row).removeprefix(" ") for row in cells]


def _map_page(explanation: Explanation) -> str:
    """Render the image with the map over it; green fields support the class."""
    if explanation.grid is None:
        return ""
    largest = float(np.abs(explanation.grid).max()) or 1.0
    cells = "".join(
        f'<i style="--v:{abs(value) / largest:.3f}" class="{"for" if value > 0 else "against"}" '
        f'title="{value:+.4f}"></i>'
        for value in explanation.grid.ravel().tolist()
    )
    picture = draw_thumbnail(explanation.image_path, _SIDE)
    style = f"--n:{len(explanation.grid)}; background-image:url({picture})"
    return f'<div class="map" role="img" aria-label="map" style="{style}">{cells}</div>'


def _rest_row(explanation: Explanation) -> str:
    if explanation.method == "occlusion":
        return ""
    return f"<tr><td>(other)</td><td>{explanation.rest:+.4f}</td><td></td></tr>"


def render_explanation_page(explanation: Explanation, head: str) -> str:
    """Render an explanation as an HTML page without scripts or external references."""
    largest = max((abs(value) for _, value in explanation.parts), default=1.0) or 1.0
    rows = "\n".join(
        f"<tr><td>{escape(_feature_label(name))}</td><td>{value:+.4f}</td>"
        f'<td><div class="{"for" if value > 0 else "against"}" '
        f'style="width:{100 * abs(value) / largest:.1f}%"></div></td></tr>'
        for name, value in explanation.parts
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(head)}</title>
<style>
:root {{ color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }}
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
td {{ padding: .15rem .6rem .15rem 0; }}
td:nth-child(2) {{ text-align: right; font-variant-numeric: tabular-nums; }}
td:last-child {{ width: 50%; }}
td div {{ height: .9rem; border-radius: 2px; }}
.for {{ background: #2a7f62; }} .against {{ background: #b5443c; }}
.map {{ display: grid; grid-template-columns: repeat(var(--n), 1fr); aspect-ratio: 1;
  width: min(21rem, 100%); background: #fff center / 100% 100%; }}
.map i {{ opacity: calc(var(--v) * .75); }}
</style></head><body>
<h1>{escape(head)}</h1>
<p>Class <b>{escape(explanation.label)}</b>: {escape(_METHODS[explanation.method])}.
Green contributions support it, red ones oppose it.</p>
{_map_page(explanation)}
<table>
{rows}
{_rest_row(explanation)}
<tr><td><b>score</b></td><td><b>{explanation.score:+.4f}</b></td><td></td></tr>
</table>
</body></html>
"""
