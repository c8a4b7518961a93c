"""Data of each scenario for the page's script, as plain values."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from rakuten_bench import records
from rakuten_bench.records import Predictions, Record
from rakuten_bench.report.board import Entry, Ranking, read_counts
from rakuten_bench.report.curve import learning_curves
from rakuten_bench.report.example import Example
from rakuten_bench.report.scenario import cluster_rows, step_flags
from rakuten_bench.report.search import search_words
from rakuten_bench.wording.words import all_words, class_name, clean, number

#: Scenarios in a page, at most; 200 with 27 classes stay well below 5 MB.
LIMIT = 300
_WITH_EXAMPLES = 50  # the best scenarios only
_EXAMPLES = 8
_TEXT = 200  # characters of a row's text
_THUMBNAILS = 500  # in one page, about 2 kB each
_SIDE = 72  # pixels of a thumbnail


def board_content(board: Ranking, examples: Mapping[str, Example]) -> dict[str, object]:
    """Return the scenarios of a board and the rows that they show."""
    listed = _ExampleList(examples)
    found = [
        _scenario(entry, board.subset, listed if place < _WITH_EXAMPLES else None)
        for place, entry in enumerate(shown(board))
    ]
    return {
        "title": clean(board.title),
        "metric": board.metric,
        "scenarios": found,
        "examples": listed.shown,
    }


def shown(board: Ranking) -> tuple[Entry, ...]:
    """Return the scenarios with their own page; clusterings come last."""
    return (*board_rows(board), *board.clusterings[:LIMIT])


def board_rows(board: Ranking) -> tuple[Entry, ...]:
    """Return the scenarios of the main table, those without scores last."""
    return (*board.entries, *board.failures)[:LIMIT]


def _scenario(
    entry: Entry, subset: str, listed: _ExampleList | None
) -> dict[str, object]:
    record = records.read_record(entry.folder)
    values = {
        "code": entry.code,
        "name": clean(record.name),
        "rank": entry.rank,
        "group": entry.group,
        "status": record.status,
        "levers": [[k, clean(v)] for k, v in all_words(record).items()],
        "interval": entry.interval,
        "scores": entry.scores
        if subset
        else msgspec.to_builtins(record.scores or record.clustering),
        "classes": [
            clean(class_name(label, record.label_names)) for label in record.classes
        ],
        "times": [
            record.fit_time,
            record.predict_time,
            record.own_time,
            record.saved_time,
        ],
        "steps": [_step(step) for step in record.steps],
        "notes": [clean(note) for note in record.notes],
        "origin": _origin(record),
        "search": search_words(record.details),
        "curves": [msgspec.to_builtins(c) for c in learning_curves(record.details)],
    }
    if record.error is not None:
        values["error"] = _error(record.error)
    if record.scores is not None:
        values |= _answers(entry, subset, listed)
    if record.clustering is not None:
        values |= _clusters(entry, subset, record)
    return values


def _step(step: records.StepCost) -> list[object]:
    option = clean(step.option)
    return [step.lever, option, step.seconds, step.memory, step_flags(step)]


def _error(error: records.Failure) -> dict[str, object]:
    return {
        "type": clean(error.type),
        "message": clean(error.message),
        "traceback": [clean(line) for line in error.traceback.splitlines()],
    }


def _origin(record: Record) -> list[list[str]]:
    """Return data, split, seed, machine and versions as pairs of label and text."""
    pairs = [
        ["data", f"{record.dataset.name} {record.dataset.fingerprint}"],
        ["about the data", " ".join([record.dataset.about, *record.dataset.remarks])],
        ["split", f"{record.split.scheme} {record.split.fingerprint}"],
        ["seed", str(record.seed)],
        ["key", record.key],
    ]
    if record.provenance is not None:
        origin = record.provenance
        commit = origin.commit + (" with changes" if origin.dirty else "")
        versions = [f"{name} {version}" for name, version in origin.packages.items()]
        machine = f"{origin.platform}, {origin.cpu}, {number(origin.n_cores, 'core')}"
        pairs += [
            ["created", origin.created],
            ["commit", commit if origin.commit else ""],
            ["machine", ", ".join(part for part in (machine, origin.gpu) if part)],
            ["Python", origin.python],
            ["packages", ", ".join(versions)],
        ]
    return [[name, clean(value)] for name, value in pairs if value]


def _answers(
    entry: Entry, subset: str, listed: _ExampleList | None
) -> dict[str, object]:
    """Return the confusion matrix as (true, predicted, rows), and wrong predictions."""
    try:
        confusion = read_counts(entry.folder, subset)
        cells = [int(v) for cell in _cells(confusion) for v in cell]
        examples = [] if listed is None else listed.choose(entry, subset, confusion)
    except records.DamagedRecord as error:
        return {"confusion": [], "examples": [], "gap": clean(str(error))}
    return {"confusion": cells, "examples": examples}


def _cells(confusion: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the nonzero cells, (n_cells, 3)."""
    true, predicted = np.nonzero(confusion)
    return np.column_stack([true, predicted, confusion[true, predicted]])


def _clusters(entry: Entry, subset: str, record: Record) -> dict[str, object]:
    """Return number, size, most frequent class and its share of each cluster."""
    try:
        return {"clusters": cluster_rows(record, entry.folder, subset)}
    except records.DamagedRecord as error:
        return {"clusters": [], "gap": clean(str(error))}


class _ExampleList:
    """The rows shown in the page, each once."""

    def __init__(self, examples: Mapping[str, Example]) -> None:
        self._by_row = examples
        self.shown: list[list[str]] = []
        self._place: dict[str, int] = {}
        self._n_thumbnails = 0

    def choose(
        self, entry: Entry, subset: str, confusion: NDArray[np.int64]
    ) -> list[list[object]]:
        """Return wrong predictions, one for each of the most frequent confusions.

        Returns
        -------
        list of [place on the list, true, predicted, probability or None]
        """
        if not self._by_row:
            return []
        digest = entry.row.predictions_digest
        predictions = records.read_predictions(entry.folder, digest)
        if subset:
            predictions = predictions.take(predictions.language == subset)
        wrong = confusion.copy()
        np.fill_diagonal(wrong, 0)
        cells = sorted(_cells(wrong).tolist(), key=lambda cell: (-cell[2], cell))
        return [
            self._example(predictions, true, predicted)
            for true, predicted, _ in cells[:_EXAMPLES]
        ]

    def _example(
        self, predictions: Predictions, true: int, predicted: int
    ) -> list[object]:
        """Choose the most confident of the predictions that confuse two classes."""
        chosen = (predictions.true == true) & (predictions.predicted == predicted)
        rows = np.flatnonzero(chosen)
        sure = None
        if predictions.probability is not None:
            rows = rows[np.argsort(-predictions.probability[rows, predicted])]
            sure = round(float(predictions.probability[rows[0], predicted]), 3)
        return [self._put(str(predictions.ids[rows[0]])), true, predicted, sure]

    def _put(self, row: str) -> int:
        """Add a row to the list and return its index."""
        if row not in self._place:
            self._place[row] = len(self.shown)
            example = self._by_row.get(row, Example(""))
            thumbnail = ""
            if example.image_path and self._n_thumbnails < _THUMBNAILS:
                thumbnail = draw_thumbnail(example.image_path)
                self._n_thumbnails += bool(thumbnail)
            self.shown.append([clean(row), clean(example.text, _TEXT), thumbnail])
        return self._place[row]


def draw_thumbnail(path: str, side: int = _SIDE) -> str:
    """Return an image as a small data URI; "" if it can't be read.

    Parameters
    ----------
    path : str
    side : int
        Pixels of its longer side, at most.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            image.draft("RGB", (side, side))
            flat = Image.new("RGB", image.size, "white")
            visible = image.convert("RGBA")
            flat.paste(visible, mask=visible.getchannel("A"))
            flat.thumbnail((side, side))
            buffer = io.BytesIO()
            flat.save(buffer, "JPEG", quality=70, optimize=True)
    except (OSError, ValueError, Image.DecompressionBombError):
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
