"""`rakuten-bench scenarios`."""

from __future__ import annotations

from pathlib import Path

import click

from rakuten_bench.cli._stream import terminal_width
from rakuten_bench.interface.printing import echo

_OTHERS, _LEAST = 45, 30  # columns of the other cells of a row, and of its purpose


@click.command("scenarios", short_help="List the scenario files that come with it.")
@click.option("--copy", "name", metavar="NAME", help="Copy one of them.")
@click.argument("target", required=False, type=click.Path(path_type=Path))
def command(name: str | None, target: Path | None) -> None:
    """List the scenario files that come with rakuten-bench, or copy one.

    TARGET is the file or folder to copy to, by default the working folder; an existing
    file is not replaced.

    \b
    Example:
      rakuten-bench scenarios
      rakuten-bench scenarios --copy grid
      rakuten-bench scenarios --copy text/levers my-levers.yaml
    """
    import shlex

    from tabulate import tabulate

    from rakuten_bench.interface.start import copy_example, iter_examples

    if name is not None:
        copied = copy_example(name, target)
        echo(
            f"{copied}: written. Next:\n  rakuten-bench run {shlex.quote(str(copied))}"
        )
        return
    if target is not None:
        message = "TARGET needs --copy NAME."
        raise click.UsageError(message)
    rows = [
        (one.name, one.n_scenarios, one.dataset, one.purpose) for one in iter_examples()
    ]
    header = ("name", "scenarios", "data set", "purpose")
    widths = [None, None, None, max(_LEAST, terminal_width() - _OTHERS)]
    echo(tabulate(rows, header, maxcolwidths=widths))
