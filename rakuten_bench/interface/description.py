"""Facts about a data set: classes, gaps, lengths, languages, duplicates, split, images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rakuten_bench.data import DatasetSpec, SplitSpec, load_dataset, parse_dataset
from rakuten_bench.interface import frame as frames
from rakuten_bench.interface.printing import printable
from rakuten_bench.interface.study import Study
from rakuten_bench.wording.words import clean, number

if TYPE_CHECKING:
    import pandas as pd


class DataDescription:
    """Facts about a data set. Made by `describe`.

    Attributes
    ----------
    facts : dict
        All of them, as `rakuten-bench data describe --json` prints them.
    """

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts

    def to_frame(self) -> pd.DataFrame:
        """Return the classes, of shape (n_classes, 3), indexed by label.

        Their `name`, number of `rows` and `share` of all rows.
        """
        import pandas as pd

        return pd.DataFrame(self.facts["classes"]).set_index("label")

    def __repr__(self) -> str:
        return printable("\n\n".join(_sections(self.facts)))

    def _repr_html_(self) -> str:
        from html import escape

        head, _, *others = _sections(self.facts)
        page: str = self.to_frame().to_html(max_rows=_SHOWN, notebook=True)
        rest = escape("\n\n".join(others))
        return f"<p>{escape(head)}</p>{page}<pre>{rest}</pre>"


_SHOWN = 30  # classes in a notebook


def describe(
    data: Study | pd.DataFrame | str | Mapping[str, Any],
    *,
    data_dir: str | Path | None = None,
    cache: str | Path | None = None,
    images: bool = True,
    name: str = "data",
    **table: Any,
) -> DataDescription:
    """Count classes, missing values, lengths, languages, duplicates and images.

    Parameters
    ----------
    data : Study, DataFrame, str or mapping
        A study, for its data set and split; a table; or the name of a data set, or its
        name with parameters.
    data_dir, cache : str or Path, optional
        Folder of the user's data, and cache.
    images : bool
        Whether every image is opened to check it.
    name : str
        Of the data set of a DataFrame.
    **table
        For a DataFrame: names of its columns, as of `Study`.

    Raises
    ------
    UserError
        If the data are unknown, absent or invalid.

    Examples
    --------
    >>> describe("openmoji").to_frame()  # doctest: +SKIP
    """
    from rakuten_bench.store.layout import default_cache

    folder = Path(cache) if cache else default_cache()
    base: Path | None = None
    if isinstance(data, Study):
        study = data.resolve(folder)
        spec, split, base = study.dataset, study.row_split, study.path.parent
    elif isinstance(data, str | Mapping):
        spec, split = parse_dataset(data), SplitSpec()
    else:
        params = frames.choose_columns(data, {"name": name, **table})
        spec, split = frames.keep_frame(data, params, folder), SplitSpec()
    return describe_data(
        spec,
        split,
        base=base,
        data_dir=Path(data_dir) if data_dir else None,
        cache=folder,
        images=images,
    )


def describe_data(
    spec: DatasetSpec,
    split: SplitSpec,
    *,
    base: Path | None = None,
    data_dir: Path | None = None,
    cache: Path | None = None,
    images: bool = True,
) -> DataDescription:
    """Return the facts about a data set and its split; see `describe`.

    Parameters
    ----------
    base : Path or None
        Folder of the scenario file.
    """
    from rakuten_bench.data.audit import audit
    from rakuten_bench.data.spec import DataPaths

    place = DataPaths(data_dir=data_dir, base_dir=base, cache=cache)
    loaded = load_dataset(spec, data_dir=data_dir, base_dir=base, cache=place.store)
    return DataDescription(audit(loaded, split, cache=place.store, images=images))


def _sections(found: dict[str, Any]) -> Iterator[str]:
    """Yield the tables of an audit as text."""
    yield _headline(found)
    yield draw_table(
        [
            (c["label"], c["name"], c["rows"], _percent(c["share"]))
            for c in found["classes"]
        ],
        ("class", "name", "rows", "share"),
    )
    yield draw_table(
        [
            (name, gap["rows"], _percent(gap["share"]))
            for name, gap in found["missing"].items()
        ],
        ("missing", "rows", "share"),
    )
    yield draw_table(list(_length_rows(found["lengths"])), _LENGTH_HEADER)
    yield draw_table(
        list(_language_rows(found)),
        (f"language ({found['languages']['source']})", "rows", "share"),
    )
    yield draw_table(
        [
            (name, d["rows"], _percent(d["share"]), d["largest"], d["across_classes"])
            for name, d in found["duplicates"].items()
        ],
        ("duplicates", "rows", "share", "most of one", "in several classes"),
    )
    yield _split_text(found["split"])
    yield _image_text(found["images"])


def _headline(found: dict[str, Any]) -> str:
    kind = {
        "real": "",
        "emoji": " (emoji, not products)",
        "synthetic": " (not real products)",
    }
    lines = (
        f"{found['name']}{kind[found['kind']]}: {number(found['rows'], 'row')}, "
        f"{number(len(found['classes']), 'class', 'classes')}, fingerprint {found['fingerprint']}",
        found["about"],
        *map(clean, found["remarks"]),
    )
    return "\n".join(lines)


_LENGTH_HEADER = ("length", "min", "median", "mean", "95 % below", "max")


def _length_rows(lengths: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for name, measured in lengths.items():
        for unit in ("characters", "words"):
            if measured[unit]:
                yield (
                    f"{name}, {unit}",
                    *(round(n, 1) for n in measured[unit].values()),
                )
        yield (f"{name}, rows with HTML", measured["html"])


def _language_rows(found: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    counts = dict(found["languages"]["rows"])
    if found["languages"]["unknown"]:
        counts["unknown"] = found["languages"]["unknown"]
    for code, rows in counts.items():
        yield code, rows, _percent(rows / found["rows"])


def _split_text(split: dict[str, Any]) -> str:
    if "error" in split:
        return f"No split: {split['error']}"
    rows = [
        (
            fold["name"],
            fold["train"],
            fold["validation"],
            fold["test"],
            *fold["test_rows_seen_in_training"].values(),
        )
        for fold in split["folds"]
    ]
    seen = [f"{name} seen" for name in split["folds"][0]["test_rows_seen_in_training"]]
    header = (f"fold of {split['scheme']}", "train", "validation", "test", *seen)
    return (
        f"{draw_table(rows, header)}\n{split['rows_in_groups']:,} rows are in groups that "
        f"stay on one side; the largest has {split['largest_group']:,}. 'seen': test "
        f"rows whose value also occurs in a training row."
        + "".join(f"\n{clean(remark)}" for remark in split["remarks"])
    )


def _image_text(images: dict[str, Any]) -> str:
    rows = [
        (what, images[what]["files"], ", ".join(images[what]["first"]))
        for what in ("absent", "unreadable")
        if images[what]
    ]
    return f"{images['rows']:,} rows name an image.\n" + draw_table(
        rows, ("images", "files", "such as")
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def draw_table(rows: Sequence[Sequence[Any]], header: Sequence[str]) -> str:
    """Return rows as a table for a terminal."""
    from tabulate import tabulate

    return str(tabulate(rows, header, intfmt=",", disable_numparse=False))
