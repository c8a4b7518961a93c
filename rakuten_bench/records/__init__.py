"""Records of scenarios: schema, store, provenance. Imports no ML library.

`write_record` derives scores, class table and digests from the predictions, so that a
record is consistent with them; `check_record` detects later changes.
"""

from rakuten_bench.records.attempt import (
    NO_DATASET,
    Attempt,
    attempting,
    iter_attempts,
)
from rakuten_bench.records.board import (
    BoardInfo,
    BoardRows,
    Identity,
    board_name,
    claim_board,
    dataset_of,
    find_board,
    find_owners,
    folder_name,
    open_board,
    plain_name,
    read_board,
    release_board,
)
from rakuten_bench.records.derive import (
    cluster_scores,
    count_clusters,
)
from rakuten_bench.records.merge import Merged, merge_results
from rakuten_bench.records.prediction import Predictions
from rakuten_bench.records.provenance import collect_provenance
from rakuten_bench.records.schema import (
    SCHEMA_VERSION,
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
    Stop,
)
from rakuten_bench.records.store import (
    Damaged,
    DamagedRecord,
    has_record,
    iter_boards,
    iter_records,
    iter_rows,
    read_clusters,
    read_confusion,
    read_predicted,
    read_predictions,
    read_record,
    read_row,
    write_record,
)
from rakuten_bench.records.study_run import (
    RunScenario,
    StudyRun,
    iter_study_runs,
    path_from,
    write_study_run,
)
from rakuten_bench.records.verified import Verified
from rakuten_bench.records.verify import (
    Verifier,
    check_record,
    find_rows,
    say_contradiction,
)

__all__ = [
    "NO_DATASET",
    "SCHEMA_VERSION",
    "Attempt",
    "BoardInfo",
    "BoardRows",
    "ClassScores",
    "ClusterScores",
    "Damaged",
    "DamagedRecord",
    "DatasetInfo",
    "Failure",
    "Identity",
    "Merged",
    "Predictions",
    "Provenance",
    "Record",
    "Row",
    "RunScenario",
    "Scores",
    "SplitInfo",
    "StepCost",
    "Stop",
    "StudyRun",
    "Verified",
    "Verifier",
    "attempting",
    "board_name",
    "check_record",
    "claim_board",
    "cluster_scores",
    "collect_provenance",
    "count_clusters",
    "dataset_of",
    "find_board",
    "find_owners",
    "find_rows",
    "folder_name",
    "has_record",
    "iter_attempts",
    "iter_boards",
    "iter_records",
    "iter_rows",
    "iter_study_runs",
    "merge_results",
    "open_board",
    "path_from",
    "plain_name",
    "read_board",
    "read_clusters",
    "read_confusion",
    "read_predicted",
    "read_predictions",
    "read_record",
    "read_row",
    "release_board",
    "say_contradiction",
    "write_record",
    "write_study_run",
]
