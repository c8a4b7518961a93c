"""Elements of a page; text is escaped, elements are not."""

from __future__ import annotations

import html


class Markup(str):
    """HTML that is safe to put into a page."""

    __slots__ = ()


def element(
    tag: str, /, *children: str, **attributes: str | float | bool | None
) -> Markup:
    """Return an element; text among its children is escaped.

    Parameters
    ----------
    tag : str
    *children : str or Markup
    **attributes
        `class_` is written as class, `data_v` as data-v; True has no value, None and
        False are left out.

    >>> element("p", "a < b ", element("b", "c"), class_="x", hidden=True)
    '<p class="x" hidden>a &lt; b <b>c</b></p>'
    """
    inside = "".join(
        child if isinstance(child, Markup) else html.escape(child, quote=False)
        for child in children
    )
    start = tag + "".join(_attribute(key, value) for key, value in attributes.items())
    if tag in ("input", "meta"):
        return Markup(f"<{start}>")
    return Markup(f"<{start}>{inside}</{tag}>")


def _attribute(key: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'
