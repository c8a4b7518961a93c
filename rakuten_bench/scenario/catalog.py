"""The list of levers and options, read from the registry."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

from rakuten_bench.errors import MissingPackage, UserError, unknown
from rakuten_bench.registry import LEVERS, Option
from rakuten_bench.registry.package import find_extra
from rakuten_bench.wording.format import Answer

_WIDTH = 88


def list_levers(name: str | None = None) -> list[dict[str, Any]]:
    """Return every lever with its options, in the order of the codes.

    Parameters
    ----------
    name : str, optional
        Only the lever of this name.

    Raises
    ------
    UserError
        If the lever is unknown.
    """
    entries = [
        {
            "modality": modality,
            "lever": lever.name,
            "doc": lever.doc,
            "default": lever.find_default(modality).name,
            "options": [_entry(option) for option in lever.options(modality)],
        }
        for modality, levers in LEVERS.items()
        for lever in levers
    ]
    found = [entry for entry in entries if name in (None, entry["lever"])]
    if not found:
        raise UserError(
            unknown("lever", name, {str(entry["lever"]) for entry in entries})
        )
    return found


def _entry(option: Option) -> dict[str, Any]:
    return {
        "option": option.name,
        "digit": option.digit,
        "doc": option.doc,
        "parameters": {
            name: parameter.default for name, parameter in option.parameters.items()
        },
        "needs": list(option.needs),
        "extra": option.extra or _find_extra(option.needs),
        "installed": _is_installed(option),
    }


def _find_extra(needs: Iterable[str]) -> str:
    """Return the extra that installs the packages of an option; "" for the core."""
    extras = (find_extra(need.partition("|")[0]) for need in needs)
    return next(filter(None, extras), "")


def _is_installed(option: Option) -> bool:
    try:
        option.versions()
    except MissingPackage:
        return False
    return True


def render_levers(entries: list[dict[str, Any]], format_: str = "table") -> str:
    """Return the list in a format.

    Raises
    ------
    UserError
        For a format that it is not written in.
    """
    answer = Answer(
        text=lambda _: "\n\n".join(map(_plain, entries)) + "\n",
        markdown=lambda: "\n\n".join(map(_markdown, entries)) + "\n",
        plain=lambda: entries,
    )
    return answer.render(format_)


def _plain(entry: dict[str, Any]) -> str:
    lines = [
        f"{entry['modality']} / {entry['lever']}: {entry['doc']} (default: {entry['default']})"
    ]
    for option in entry["options"]:
        head = f"  {option['digit']} {option['option']:<18} "
        rest = " ".join(
            filter(None, [option["doc"], _parameters(option), _needs(option)])
        )
        lines += textwrap.wrap(
            head + rest,
            width=_WIDTH,
            subsequent_indent=" " * 24,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def _parameters(option: dict[str, Any]) -> str:
    shown = ", ".join(
        f"{name}={value!r}" for name, value in option["parameters"].items()
    )
    return f"[{shown}]" if shown else ""


def _needs(option: dict[str, Any]) -> str:
    if not option["needs"]:
        return ""
    missing = "" if option["installed"] else f"; {_advise(option['extra'])}"
    return f"(needs {', '.join(option['needs'])}{missing})"


def _advise(extra: str) -> str:
    """Return what to do about packages that are not installed."""
    return f"not installed here: extra {extra}" if extra else "not installed here"


def _markdown(entry: dict[str, Any], level: str = "####") -> str:
    lines = [
        f"{level} {entry['modality']}: `{entry['lever']}`",
        "",
        f"{entry['doc'][0].upper()}{entry['doc'][1:]}. Default: `{entry['default']}`.",
        "",
        "| digit | option | meaning | parameters | needs |",
        "| --- | --- | --- | --- | --- |",
    ]
    for option in entry["options"]:
        params = ", ".join(
            f"`{name}={value!r}`" for name, value in option["parameters"].items()
        )
        needs = ", ".join(option["needs"]).replace("|", " or ")
        extra = f" (extra `{option['extra']}`)" if option["extra"] else ""
        lines.append(
            f"| {option['digit']} | `{option['option']}` | {option['doc']} "
            f"| {params} | {needs}{extra} |".replace("  |", " |")
        )
    return "\n".join(lines)


_PAGE = """\
# Levers

Every lever of each modality, in the order of the digits of a [code](scenarios.md#codes),
and its options. Parameters are shown with their defaults. Packages that belong to an extra
are installed by `pip install "rakuten-bench[EXTRA]"`, all others with rakuten-bench itself.
`rakuten-bench levers` prints the same tables, with the options of your own packages.

<!-- Written by `make docs` from the registry: do not edit. -->
"""


def render_page() -> str:
    """Return the page of the documentation that lists all levers, as Markdown."""
    entries = list_levers()
    sections = [
        f"\n## {modality.capitalize()}\n\n"
        + "\n\n".join(
            _markdown(entry, "###")
            for entry in entries
            if entry["modality"] == modality
        )
        for modality in LEVERS
    ]
    return _PAGE + "\n".join([*sections, ""])
