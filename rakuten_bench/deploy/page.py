"""An explanation as text for the terminal and as one offline HTML file."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.deploy.explain import Explanation
from rakuten_bench.report.page.content import draw_thumbnail
from rakuten_bench.wording.words import clean

_BAR = 24
_SIDE = 336  # pixels of an image under its map
_METHODS = {
    "linear": "exact contributions to the decision value",
    "lime": "LIME: weights of a local linear model around this text",
    "occlusion": "how much the score falls when that field of the image is covered",
}


def render_explanation(found: Explanation, head: str) -> str:
    """Return an explanation as lines with bars; to the right speaks for the class."""
    largest = max((abs(value) for _, value in found.parts), default=1.0) or 1.0
    parts = [(_called(name), value) for name, value in found.parts]
    width = max(len(name) for name in (*dict(parts), "(all else)"))
    what = f"class '{found.label}', {_METHODS[found.method]}"
    lines = [clean(head), clean(what), ""]
    if found.grid is not None:
        lines += [*_map_lines(found.grid), "", "The map is in hundredths. Largest:"]
    for name, value in parts:
        bar = ("+" if value > 0 else "-") * max(1, round(_BAR * abs(value) / largest))
        lines.append(f"  {name:<{width}}  {value:+.4f}  {bar}")
    if found.method != "occlusion":  # the falls of its fields do not add up
        lines.append(f"  {'(all else)':<{width}}  {found.rest:+.4f}")
    lines.append(f"  {'score':<{width}}  {found.score:+.4f}")
    return "\n".join(lines)


def _called(name: str) -> str:
    """Return a feature's name; spaces at its ends, as of runs of characters, are seen.

    >>> _called("text: ab "), _called("text: robe rouge")
    ('text: ab␣', 'text: robe rouge')
    """
    block, colon, term = name.partition(": ")
    seen = term if term == term.strip(" ") else term.replace(" ", "␣")
    return clean(f"{block}{colon}{seen}")


def _map_lines(grid: NDArray[np.float64]) -> list[str]:
    """Return a map in hundredths of the score, as the image lies.

    >>> _map_lines(np.array([[0.12, -0.04], [0.0, 0.3]]))
    ['   +12   -4', '     0  +30']
    """
    words = [[f"{round(100 * fall):+d}".replace("+0", "0") for fall in r] for r in grid]
    return ["".join(f"{word:>6}" for word in row).removeprefix(" ") for row in words]


def _map_page(found: Explanation) -> str:
    """Return the image with its fields over it, green where it speaks for the class."""
    if found.grid is None:
        return ""
    largest = float(np.abs(found.grid).max()) or 1.0
    cells = "".join(
        f'<i style="--v:{abs(fall) / largest:.3f}" class="{"for" if fall > 0 else "against"}" '
        f'title="{fall:+.4f}"></i>'
        for fall in found.grid.ravel().tolist()
    )
    picture = draw_thumbnail(found.image_path, _SIDE)
    style = f"--n:{len(found.grid)}; background-image:url({picture})"
    return f'<div class="map" role="img" aria-label="map" style="{style}">{cells}</div>'


def _rest_row(found: Explanation) -> str:
    if found.method == "occlusion":
        return ""
    return f"<tr><td>(all else)</td><td>{found.rest:+.4f}</td><td></td></tr>"


def render_explanation_page(found: Explanation, head: str) -> str:
    """Return an explanation as an HTML page without scripts or outside references."""
    largest = max((abs(value) for _, value in found.parts), default=1.0) or 1.0
    rows = "\n".join(
        f"<tr><td>{escape(_called(name))}</td><td>{value:+.4f}</td>"
        f'<td><div class="{"for" if value > 0 else "against"}" '
        f'style="width:{100 * abs(value) / largest:.1f}%"></div></td></tr>'
        for name, value in found.parts
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
<p>Class <b>{escape(found.label)}</b>: {escape(_METHODS[found.method])}.
Green speaks for it, red against.</p>
{_map_page(found)}
<table>
{rows}
{_rest_row(found)}
<tr><td><b>score</b></td><td><b>{found.score:+.4f}</b></td><td></td></tr>
</table>
</body></html>
"""
