"""What each scenario left: schema, store, provenance. Imports no ML library.

`write_record` derives scores, class table and digests from the predictions, so that a
record can't contradict them; `check_scores` finds one that was changed since.
"""

from rakuten_bench.records.derive import (
    cluster_scores,
    count_clusters,
    safe_cell,
    with_scores,
)
from rakuten_bench.records.merge import Merged, merge_results
from rakuten_bench.records.prediction import Predictions
from rakuten_bench.records.provenance import collect_provenance
from rakuten_bench.records.schema import (
    SCHEMA_VERSION,
    STATUSES,
    ClassScores,
    ClusterScores,
    DatasetInfo,
    Failure,
    Provenance,
    Record,
    Row,
    Scores,
    SplitInfo,
    StepCost,
)
from rakuten_bench.records.store import (
    Damaged,
    DamagedRecord,
    board_name,
    check_scores,
    contradiction,
    has_record,
    iter_boards,
    iter_records,
    iter_rows,
    read_clusters,
    read_confusion,
    read_predicted,
    read_predictions,
    read_record,
    say_contradiction,
    write_record,
    write_scored,
)

__all__ = [
    "SCHEMA_VERSION",
    "STATUSES",
    "ClassScores",
    "ClusterScores",
    "Damaged",
    "DamagedRecord",
    "DatasetInfo",
    "Failure",
    "Merged",
    "Predictions",
    "Provenance",
    "Record",
    "Row",
    "Scores",
    "SplitInfo",
    "StepCost",
    "board_name",
    "check_scores",
    "cluster_scores",
    "collect_provenance",
    "contradiction",
    "count_clusters",
    "has_record",
    "iter_boards",
    "iter_records",
    "iter_rows",
    "merge_results",
    "read_clusters",
    "read_confusion",
    "read_predicted",
    "read_predictions",
    "read_record",
    "safe_cell",
    "say_contradiction",
    "with_scores",
    "write_record",
    "write_scored",
]
