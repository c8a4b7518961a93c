"""`rakuten-bench cache`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from rakuten_bench.cli._suggest import SuggestingGroup
from rakuten_bench.interface.printing import echo
from rakuten_bench.wording.words import number

_FOLDER = click.option(
    "--cache", type=click.Path(path_type=Path), help="Cache of step results."
)


@click.group(
    "cache",
    cls=SuggestingGroup,
    short_help="Show, clear or check the results of shared steps.",
)
def command() -> None:
    """Inspect and clear the cache of step results.

    Records never depend on it: cleared results are computed again when a scenario
    needs them. Results that a running run needs are never removed.

    \b
    Example:
      rakuten-bench cache info
      rakuten-bench cache clear --older-than 30d
      rakuten-bench cache verify
    """


@command.command("info")
@_FOLDER
def info(cache: Path | None) -> None:
    """Show location and size of the cache, and what its results would cost again.

    \b
    Example:
      rakuten-bench cache info
    """
    from tabulate import tabulate

    from rakuten_bench.store.inventory import take_inventory
    from rakuten_bench.store.layout import default_cache, default_cache_size
    from rakuten_bench.units import render_duration, render_size

    folder = cache or default_cache()
    found = take_inventory(folder)
    rows = [
        (
            lever,
            usage.n_results,
            render_size(usage.size),
            render_duration(usage.seconds),
        )
        for lever, usage in sorted(found.levers.items(), key=lambda item: -item[1].size)
    ]
    echo(f"folder      {folder}")
    echo(
        f"results     {render_size(found.size)} of {render_size(default_cache_size())}"
        f" ({render_size(found.unfinished)} unfinished)"
    )
    echo(f"data        {render_size(found.elsewhere)} (images, splits, costs)")
    if rows:
        echo()
        head = ["lever", "results", "on disk", "to compute again"]
        echo(tabulate(rows, head, colalign=("left", "right", "right", "right")))


@command.command("clear")
@_FOLDER
@click.option("--older-than", help="Only results unused for this long, such as 30d.")
def clear(cache: Path | None, older_than: str | None) -> None:
    """Remove results of steps, except those that a running run needs.

    Rendered images, splits and standings are removed too, unless a run is active.
    Measured times of steps are kept.

    \b
    Example:
      rakuten-bench cache clear --older-than 30d
    """
    from rakuten_bench.store.inventory import clear as clear_cache
    from rakuten_bench.store.layout import default_cache
    from rakuten_bench.units import parse_duration, render_size

    before = time.time() - parse_duration(older_than) if older_than else None
    cleared = clear_cache(cache or default_cache(), before=before)
    echo(f"{number(cleared.n_removed, 'result')} removed, {render_size(cleared.size)}.")
    if cleared.elsewhere:
        size = render_size(cleared.elsewhere)
        echo(f"images, splits and standings removed, {size}.")
    if cleared.n_kept:
        echo(f"{cleared.n_kept:,} are needed by a run and were kept.")


@command.command("verify")
@_FOLDER
@click.pass_context
def verify(ctx: click.Context, /, cache: Path | None) -> None:
    """Verify the checksums of all results and rendered images; remove damaged ones.

    Exit code: 0 if all are intact, 1 if some were damaged.

    \b
    Example:
      rakuten-bench cache verify
    """
    from rakuten_bench.store.inventory import verify as verify_cache
    from rakuten_bench.store.layout import default_cache

    n_results, damaged = verify_cache(cache or default_cache())
    for one in damaged:
        echo(f"damaged and removed: {one}")
    echo(f"{number(n_results, 'result')}, {len(damaged):,} damaged.")
    ctx.exit(1 if damaged else 0)
