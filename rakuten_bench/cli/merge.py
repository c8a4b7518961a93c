"""`rakuten-bench merge`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from rakuten_bench.cli._option import results_option
from rakuten_bench.interface.printing import echo
from rakuten_bench.wording.words import one_line


@click.command("merge")
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    metavar="DIR...",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
)
@results_option("Folder to merge into.")
@click.pass_context
def command(ctx: click.Context, folders: tuple[Path, ...], results: Path) -> None:
    """Merge the results folders of several machines.

    Missing records are copied; nothing is overwritten. Records that differ from an
    existing one are reported. Exit code: 0 if all were merged, 1 if some differ or are
    damaged.

    \b
    Example:
      rakuten-bench merge machine1/results machine2/results
    """
    from rakuten_bench.records import merge_results

    counts: Counter[str] = Counter()
    for merged in merge_results(folders, results):
        counts[merged.outcome] += 1
        if merged.reason:
            source = one_line(str(merged.source))
            named = merged.reason.startswith(source)  # a file of it
            place = "" if named else f"{source}: "
            echo(f"{merged.outcome}: {place}{merged.reason}")
    parts = [f"{count:,} {outcome}" for outcome, count in sorted(counts.items())]
    echo(f"{results}: {', '.join(parts)}")
    ctx.exit(1 if counts["conflict"] + counts["damaged"] else 0)
