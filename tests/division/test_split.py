"""How rows are divided: by class, by group, the same every time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold, train_test_split

from rakuten_bench.data import (
    SplitSpec,
    build_split,
    inner_folds,
    parse_split,
    split_name,
)
from rakuten_bench.data.build import assemble
from rakuten_bench.data.grouping import image_content
from rakuten_bench.data.split import CachedFolds, is_division
from rakuten_bench.division import divide
from rakuten_bench.division.chance import random_bits, shuffled_rank, uniform
from rakuten_bench.errors import UserError
from rakuten_bench.types import Dataset, Fold, Rows, Split, Target

SCHEMES = ("holdout", "train_val_test", "kfold")


def shop(n_rows: int = 200, n_classes: int = 4, **columns: Any) -> Dataset:
    known = {
        "title": [f"thing {row}" for row in range(n_rows)],
        "label": [f"class {row % n_classes}" for row in range(n_rows)],
    }
    return assemble("shop", {**known, **columns}, subject="shop.csv")


def sides(split: Split) -> list[list[set[int]]]:
    """Return the groups on each side of each fold."""
    return [
        [
            set(split.groups[rows].tolist())
            for rows in (fold.train, fold.test, fold.validation)
        ]
        for fold in split.folds
    ]


def test_the_default_is_80_to_20_with_the_seed_of_the_reference_studies():
    dataset = shop()

    [fold] = build_split(dataset, SplitSpec()).folds

    train, test = train_test_split(
        np.arange(200), test_size=0.2, stratify=dataset.y, random_state=123
    )
    assert fold.train.tolist() == sorted(train)
    assert fold.test.tolist() == sorted(test)
    assert len(fold.validation) == 0


def test_without_groups_kfold_is_scikit_learns():
    dataset = shop()

    split = build_split(dataset, parse_split({"kfold": {"random_state": 7}}))

    theirs = StratifiedKFold(5, shuffle=True, random_state=7).split(
        dataset.y, dataset.y
    )
    assert [fold.test.tolist() for fold in split.folds] == [
        test.tolist() for _, test in theirs
    ]


def test_train_val_test_has_70_20_and_10_percent():
    [fold] = build_split(shop(), SplitSpec("train_val_test")).folds

    assert (len(fold.train), len(fold.validation), len(fold.test)) == (140, 40, 20)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_equal_texts_stay_together(scheme: str):
    titles = [f"thing {row % 150}" for row in range(200)]
    labels = [f"class {row % 150 % 5}" for row in range(200)]

    split = build_split(shop(title=titles, label=labels), SplitSpec(scheme))

    for train, test, validation in sides(split):
        assert not train & test | train & validation | test & validation
    assert len(np.unique(split.groups)) == 150


def test_a_test_part_that_small_classes_enlarge_is_reported():
    tiny = [f"class {row // 2}" for row in range(60)]

    [remark] = build_split(shop(60, label=tiny), SplitSpec()).remarks

    assert "'holdout': 30 of 60 rows are test rows (50 %, requested 20 %)" in remark


@pytest.mark.parametrize("n_rows", [8, 50, 200])
def test_a_test_part_of_the_requested_size_causes_no_warning(n_rows: int):
    assert build_split(shop(n_rows, 2), SplitSpec()).remarks == ()


def test_rows_without_any_text_do_not_stick_together():
    split = build_split(shop(title=[""] * 200), SplitSpec())

    assert len(np.unique(split.groups)) == 200


def test_equal_titles_with_other_descriptions_are_not_the_same_text():
    descriptions = [f"about {row}" for row in range(200)]

    split = build_split(
        shop(title=["thing"] * 200, description=descriptions), SplitSpec()
    )

    assert len(np.unique(split.groups)) == 200


def test_equal_pictures_with_other_names_stay_together(tmp_path: Path):
    for row in range(20):
        (tmp_path / f"{row}.jpg").write_bytes(
            b"same" if row in (3, 12) else b"%4d" % row
        )
    names = [str(tmp_path / f"{row % 20}.jpg") if row < 20 else "" for row in range(40)]

    split = build_split(shop(40, image_path=names), SplitSpec(), cache=tmp_path)

    assert split.groups[3] == split.groups[12]
    assert len(np.unique(split.groups)) == 39


def test_a_picture_that_changed_is_read_again(tmp_path: Path):
    one, other = tmp_path / "a.jpg", tmp_path / "b.jpg"
    names = [str(one), str(other)] + [""] * 38
    one.write_bytes(b"same")
    other.write_bytes(b"same")
    before = build_split(shop(40, image_path=names), SplitSpec(), cache=tmp_path)
    one.write_bytes(b"another")
    other.write_bytes(b"anothes")

    after = build_split(shop(40, image_path=names), SplitSpec(), cache=tmp_path)

    assert before.groups[0] == before.groups[1]
    assert after.groups[0] != after.groups[1]


def test_a_damaged_store_of_hashes_is_built_anew(tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(b"same")
    (tmp_path / "b.jpg").write_bytes(b"same")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "image_hashes").write_bytes(b"\x81\xa3cut")
    names = [str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg")] + [""] * 38

    split = build_split(shop(40, image_path=names), SplitSpec(), cache=tmp_path)

    assert split.groups[0] == split.groups[1]


def test_a_pipe_or_device_has_no_content_and_is_never_opened(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.jpg")  # to open it is to wait for ever
    names = [str(tmp_path / "pipe.jpg"), str(tmp_path)] + [""] * 38

    assert set(image_content(shop(40, image_path=names).frame)) == {""}


def test_groups_join_through_each_other():
    titles = [f"thing {row}" for row in range(40)]
    titles[9] = titles[5]
    groups = [""] * 40
    groups[5] = groups[1] = "series"

    split = build_split(shop(40, title=titles, group=groups), SplitSpec())

    assert len({int(split.groups[row]) for row in (1, 5, 9)}) == 1


def test_a_group_of_several_classes_stays_together():
    titles = ["same"] * 10 + [f"thing {row}" for row in range(190)]

    split = build_split(shop(title=titles), SplitSpec("kfold"))

    assert len(np.unique(split.groups[:10])) == 1
    for train, test, _ in sides(split):
        assert not train & test


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_rows_are_the_same_every_time_and_read_back(tmp_path: Path, scheme: str):
    dataset = shop(title=[f"thing {row // 2}" for row in range(200)])

    fresh = build_split(dataset, SplitSpec(scheme))
    first = build_split(dataset, SplitSpec(scheme), cache=tmp_path)
    again = build_split(dataset, SplitSpec(scheme), cache=tmp_path)

    assert len(list((tmp_path / "splits").iterdir())) == 1
    assert fresh.fingerprint == first.fingerprint == again.fingerprint
    assert (again.scheme, again.name) == (first.scheme, first.name)
    assert again.groups.tolist() == first.groups.tolist()
    for one, other in zip(first.folds, again.folds, strict=True):
        assert one.name == other.name
        for side in ("train", "test", "validation"):
            assert getattr(one, side).tolist() == getattr(other, side).tolist()
            assert getattr(other, side).dtype == np.int64


def test_the_rows_are_those_of_the_first_version():
    """Scores are compared over years: a change here makes every baseline void."""
    titles = [f"thing {row // 3}" for row in range(300)]
    dataset = shop(300, title=titles, label=["ab"[row // 3 % 2] for row in range(300)])

    assert build_split(dataset, SplitSpec()).fingerprint == HOLDOUT
    assert build_split(dataset, SplitSpec("kfold")).fingerprint == KFOLD


HOLDOUT = "59e3789062dc78be82f48f51ee35d530"
KFOLD = "f323489e785aa7cce3fbcbbbf26ac5ed"


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY\x01\x00v\x00{'x", b"text"])
def test_a_damaged_file_is_built_anew(tmp_path: Path, content: bytes):
    first = build_split(shop(), SplitSpec(), cache=tmp_path)
    [file] = (tmp_path / "splits").iterdir()
    kept = file.read_bytes()
    file.write_bytes(content or kept[:100])

    again = build_split(shop(), SplitSpec(), cache=tmp_path)

    assert again.fingerprint == first.fingerprint
    assert file.read_bytes() == kept


def forge(file: Path, dataset: Dataset, spec: SplitSpec, groups: Rows, *folds: Fold):
    """Write folds with a digest that matches them."""
    CachedFolds(file, dataset, spec, groups).write(folds)


def rows(*positions: int) -> Rows:
    return np.array(positions, dtype=np.int64)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_folds_are_read_back_from_the_cache(tmp_path: Path, scheme: str):
    spec, dataset = SplitSpec(scheme), shop()
    split = build_split(dataset, spec, cache=tmp_path)
    [file] = (tmp_path / "splits").iterdir()

    folds = CachedFolds(file, dataset, spec, split.groups).read()

    assert folds is not None
    assert [fold.test.tolist() for fold in folds] == [
        fold.test.tolist() for fold in split.folds
    ]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (range(20), range(12, 20)),  # the test rows are learned from
        (range(10), range(12, 20)),  # rows are missing
        (range(9, -1, -1), range(10, 20)),  # in another order
        (range(1, 21), range(1)),  # a row that is not there
        (range(20), ()),  # nothing to score
        ((*range(0, 20, 2), 1), range(3, 20, 2)),  # a group on both sides
        ((0, 1), range(2, 20)),  # a class that was never learned
    ],
)
def test_forged_folds_are_not_believed(
    tmp_path: Path, train: Sequence[int], test: Sequence[int]
):
    titles = [f"thing {row // 2}" for row in range(20)]
    dataset = shop(20, title=titles, label=list("aabb" * 5))
    before = build_split(dataset, SplitSpec(), cache=tmp_path)
    [file] = (tmp_path / "splits").iterdir()
    forge(
        file,
        dataset,
        SplitSpec(),
        before.groups,
        Fold("0", rows(*train), rows(*test)),
    )

    after = build_split(dataset, SplitSpec(), cache=tmp_path)

    assert after.fingerprint == before.fingerprint
    assert not is_division(
        [Fold("0", rows(*train), rows(*test))], dataset.y, before.groups
    )


def test_folds_that_score_a_row_twice_are_not_believed():
    one = Fold("0", rows(0, 1), rows(2, 3))
    other = Fold("1", rows(0, 1), rows(2, 3))
    y = np.array([0, 1, 0, 1], dtype=np.int32)

    assert is_division([one, Fold("1", one.test, one.train)], y, np.arange(4))
    assert not is_division([one, other], y, np.arange(4))


def test_a_file_whose_rows_were_changed_is_not_believed(tmp_path: Path):
    before = build_split(shop(), SplitSpec(), cache=tmp_path)
    [file] = (tmp_path / "splits").iterdir()
    arrays = dict(np.load(file))
    arrays["0_test"], arrays["0_train"] = arrays["0_train"], arrays["0_test"]
    np.savez(file, **arrays)

    after = build_split(shop(), SplitSpec(), cache=tmp_path)

    assert after.fingerprint == before.fingerprint


def test_folds_of_other_groups_of_the_same_rows_are_not_believed(tmp_path: Path):
    dataset, spec = shop(40), SplitSpec()
    forged = build_split(dataset, parse_split({"holdout": {"random_state": 1}}))
    groups = np.append(forged.groups[:-1], 0)
    build_split(dataset, spec, cache=tmp_path)
    [file] = (tmp_path / "splits").iterdir()
    forge(file, dataset, spec, groups, *forged.folds)

    after = build_split(dataset, spec, cache=tmp_path)

    assert after.fingerprint == build_split(dataset, spec).fingerprint


def test_other_data_and_other_splits_have_their_own_files(tmp_path: Path):
    build_split(shop(), SplitSpec(), cache=tmp_path)
    build_split(shop(), SplitSpec("kfold"), cache=tmp_path)
    build_split(shop(100), SplitSpec(), cache=tmp_path)

    assert len(list((tmp_path / "splits").iterdir())) == 3


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("holdout", ""),
        ({"holdout": {"random_state": 7}}, "holdout-20-s7"),
        ({"holdout": {"test_size": 0.125}}, "holdout-12.5"),
        ("kfold", "kfold-5"),
        ({"kfold": {"n_splits": 3, "random_state": 1}}, "kfold-3-s1"),
        ("train_val_test", "train_val_test-20-10"),
    ],
)
def test_the_name_contains_scheme_and_sizes(value: object, name: str):
    spec = parse_split(value)

    assert split_name(spec) == name
    assert build_split(shop(), spec).name == name


def test_another_seed_gives_other_rows():
    titles = [f"thing {row // 2}" for row in range(200)]
    dataset = shop(title=titles)

    one = build_split(dataset, SplitSpec())
    other = build_split(dataset, parse_split({"holdout": {"random_state": 1}}))

    assert one.fingerprint != other.fingerprint


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_class_with_one_row_is_refused_by_name(scheme: str):
    dataset = shop(label=["lonely"] + ["a", "b"] * 99 + ["a"])

    with pytest.raises(UserError, match=r"too few rows .* class 'lonely' \(1 row\)"):
        build_split(dataset, SplitSpec(scheme))


def test_of_many_classes_with_one_row_some_are_named():
    dataset = shop(label=[f"lonely {row}" for row in range(100)] + ["a", "b"] * 50)

    with pytest.raises(
        UserError,
        match=r"class 'lonely 0' \(1 row\), 'lonely 1' .* and 97 more: a class",
    ):
        build_split(dataset, SplitSpec())


def test_a_class_whose_rows_are_all_the_same_is_refused():
    dataset = shop(
        title=["same"] * 5 + [f"thing {row}" for row in range(195)],
        label=["copies"] * 5 + ["a", "b", "c"] * 65,
    )

    with pytest.raises(UserError, match=r"'copies' \(5 rows\)"):
        build_split(dataset, SplitSpec())


def test_a_class_of_two_rows_is_learned_and_scored():
    dataset = shop(label=["pair"] * 2 + ["a"] * 198)

    [fold] = build_split(dataset, SplitSpec()).folds

    assert dataset.y[fold.train].tolist().count(1) == 1
    assert dataset.y[fold.test].tolist().count(1) == 1


def test_a_class_of_two_groups_is_learned_and_scored():
    titles = ["one"] * 4 + ["other"] * 3 + [f"thing {row}" for row in range(193)]
    dataset = shop(title=titles, label=["pair"] * 7 + ["a"] * 193)

    [fold] = build_split(dataset, SplitSpec()).folds

    assert sorted(dataset.y[fold.test].tolist()).count(1) in (3, 4)


def test_more_folds_than_groups_are_refused():
    with pytest.raises(UserError, match="300 folds of 200 rows"):
        build_split(shop(), parse_split({"kfold": {"n_splits": 300}}))


def test_sizes_that_leave_no_training_rows_are_refused():
    spec = parse_split({"train_val_test": {"validation_size": 0.5, "test_size": 0.5}})

    with pytest.raises(UserError, match="leave no training rows"):
        build_split(shop(), spec)


def test_groups_that_cannot_be_parted_are_refused():
    """Of three groups two fall on one side, and with them all rows of one class."""
    dataset = shop(6, label=list("abacbc"), group=["1", "1", "2", "2", "3", "3"])

    with pytest.raises(UserError, match=r"all training rows of class '[abc]' belong"):
        build_split(dataset, parse_split({"kfold": {"n_splits": 2}}))


def test_inner_folds_stay_inside_the_training_rows():
    dataset = shop(title=[f"thing {row // 2}" for row in range(200)])
    split = build_split(dataset, SplitSpec())
    target = Target(dataset.y, dataset.classes, split.folds[0], split.groups)

    folds = inner_folds(target, n_splits=3, random_state=0)

    assert [fold.name for fold in folds] == ["0.0", "0.1", "0.2"]
    tested = np.concatenate([fold.test for fold in folds])
    assert sorted(tested) == split.folds[0].train.tolist()
    for fold in folds:
        assert not set(fold.train) & set(fold.test)
        assert not set(split.groups[fold.train]) & set(split.groups[fold.test])
        assert set(fold.train) | set(fold.test) == set(split.folds[0].train)


def test_inner_folds_allow_a_class_of_one_row():
    y = np.array([0] * 9 + [1], dtype=np.int32)
    rows = np.arange(10)
    target = Target(y, ("a", "b"), Fold("0", rows, rows[:0]), rows)

    folds = inner_folds(target, n_splits=3, random_state=0)

    assert sorted(np.concatenate([fold.test for fold in folds])) == rows.tolist()


ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 30)), min_size=12, max_size=150
)


@settings(deadline=None, max_examples=60)
@given(rows=ROWS, n_parts=st.integers(2, 5), seed=st.integers(0, 2**32 - 1))
def test_every_row_has_one_part_and_every_group_one_side(
    rows: list[tuple[int, int]], n_parts: int, seed: int
):
    y = np.array([label for label, _ in rows], dtype=np.int32)
    groups = np.array([group for _, group in rows])
    assume(len(np.unique(groups)) >= n_parts)

    part = divide(y, groups, [1 / n_parts] * n_parts, seed)

    assert set(part.tolist()) <= set(range(n_parts))
    for group in np.unique(groups):
        assert len(np.unique(part[groups == group])) == 1


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 4), min_size=30, max_size=120),
    share=st.sampled_from([0.1, 0.2, 0.5]),
    seed=st.integers(0, 1000),
)
def test_classes_are_spread_as_asked_to_within_a_group(
    sizes: list[int], share: float, seed: int
):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    y = (groups % 3).astype(np.int32)

    part = divide(y, groups, [1 - share, share], seed)

    for label in range(3):
        wanted = share * (y == label).sum()
        assert abs((part[y == label] == 1).sum() - wanted) <= 4


def test_many_rows_with_some_groups_come_out_almost_exactly():
    n_rows = 20_000
    label = (uniform(n_rows, 1) ** 3 * 27).astype(np.int32)
    groups = np.where(uniform(n_rows, 2) < 0.9, np.arange(n_rows), n_rows)
    loose = groups == n_rows
    groups[loose] = n_rows + label[loose] * 40 + np.arange(loose.sum()) % 40

    part = divide(label, groups, [0.8, 0.2], 123)

    assert abs((part == 1).mean() - 0.2) < 0.001
    in_test = np.bincount(label[part == 1], minlength=27) / np.bincount(label)
    assert np.abs(in_test - 0.2).max() < 0.02


def test_random_numbers_are_those_of_the_first_version():
    assert random_bits(2, 123).tolist() == BITS
    assert shuffled_rank(6, 123).tolist() == RANKS


BITS = [14730657538941560248, 13185542301155426226]
RANKS = [4, 2, 5, 3, 1, 0]


def test_seeds_and_streams_give_unlike_numbers():
    drawn = np.stack(
        [uniform(5000, seed, stream) for seed in (0, 1) for stream in (0, 1)]
    )

    assert np.abs(drawn.mean(axis=1) - 0.5).max() < 0.02
    assert np.abs(np.corrcoef(drawn) - np.eye(4)).max() < 0.05


def test_a_cache_that_can_not_be_written_is_one_message(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(UserError, match=r"can't be written: .*another folder with --c"):
        build_split(shop(), SplitSpec(), cache=tmp_path / "file" / "cache")
