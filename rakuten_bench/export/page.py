"""An explanation as text for the terminal and as one offline HTML file."""

from __future__ import annotations

from html import escape

from rakuten_bench.export.explain import Explanation

_BAR = 24
_METHODS = {
    "linear": "exact contributions to the decision value",
    "lime": "LIME: weights of a local linear model around this text",
    "occlusion": "how much the score falls when that field of the image is covered",
}


def render_explanation(found: Explanation, head: str) -> str:
    """Return an explanation as lines with bars; to the right speaks for the class."""
    largest = max((abs(value) for _, value in found.parts), default=1.0) or 1.0
    width = max((len(name) for name, _ in found.parts), default=0)
    lines = [head, f"class '{found.label}', {_METHODS[found.method]}", ""]
    for name, value in found.parts:
        bar = ("+" if value > 0 else "-") * max(1, round(_BAR * abs(value) / largest))
        lines.append(f"  {name:<{width}}  {value:+.4f}  {bar}")
    lines.append(f"  {'(all else)':<{width}}  {found.rest:+.4f}")
    lines.append(f"  {'score':<{width}}  {found.score:+.4f}")
    return "\n".join(lines)


def render_explanation_page(found: Explanation, head: str) -> str:
    """Return an explanation as an HTML page without scripts or outside references."""
    largest = max((abs(value) for _, value in found.parts), default=1.0) or 1.0
    rows = "\n".join(
        f"<tr><td>{escape(name)}</td><td>{value:+.4f}</td>"
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
</style></head><body>
<h1>{escape(head)}</h1>
<p>Class <b>{escape(found.label)}</b>: {escape(_METHODS[found.method])}.
Green speaks for it, red against.</p>
<table>
{rows}
<tr><td>(all else)</td><td>{found.rest:+.4f}</td><td></td></tr>
<tr><td><b>score</b></td><td><b>{found.score:+.4f}</b></td><td></td></tr>
</table>
</body></html>
"""
