"""Clusterings: fitted without labels, scored separately, never ranked as classifiers."""

from __future__ import annotations

import csv
import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import contingency_matrix

import rakuten_bench
from command_line import enter
from rakuten_bench import gate, metrics, records, report
from rakuten_bench.errors import MissingPackage, Problems, UserError
from rakuten_bench.registry import LEVERS, MODEL
from rakuten_bench.scenario import from_words
from rakuten_bench.scenario.load import load_study

WORDS = ("shoe", "pot", "hat")
TEXT = {"tokenizer": "regex", "vectorizer": "tfidf"}
STUDY = """
dataset: {table: {path: shop.csv, title: name, label: kind, id: id}}
defaults: {tokenizer: regex, vectorizer: tfidf}
scenarios:
  topics: {model: nmf}
  groups: {model: kmeans}
  svm: {model: linear_svc}
"""


def write_shop(folder):
    """Write a small table whose words determine the class, and a study of it."""
    rows = [
        f"p{i},{WORDS[i % 3]} {WORDS[i % 3]}s colour{i % 7} {i},{WORDS[i % 3]}"
        for i in range(60)
    ]
    (folder / "shop.csv").write_text("\n".join(["id,name,kind", *rows]))
    (folder / "shop.yaml").write_text(STUDY)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Run two clusterings beside a classifier; return the folder."""
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert enter("run", "shop.yaml", "--cache", "cache", "--quiet") == 0
    return folder


@pytest.fixture
def call(call, ran, monkeypatch):
    monkeypatch.chdir(ran)
    return call


@pytest.fixture
def table():
    titles = [f"{WORDS[i % 3]} {WORDS[i % 3]}s {i}" for i in range(30)]
    return pd.DataFrame({"title": titles, "label": [WORDS[i % 3] for i in range(30)]})


def find(folder, name):
    for path in sorted(folder.glob("results/shop/*/record.json")):
        if json.loads(path.read_text())["name"] == name:
            return path.parent
    raise AssertionError(name)


def cluster(predictions, numbers, **changed):
    """Return predictions with cluster numbers in place of classes."""
    fields = {
        name: getattr(predictions, name)
        for name in ("ids", "true", "fold", "language", "classes")
    }
    given = np.asarray(numbers, dtype=np.int32)
    return records.Predictions(
        **{**fields, "predicted": given, "is_clustering": True, **changed}
    )


def add_clustering(shop, code="TC", right=0.7, model="kmeans", **fields):
    """Write a clustering that nearly equals the classes, with other numbers."""
    predictions = shop.predictions(right, own=9)
    other = (predictions.predicted + 1) % len(shop.classes)
    levers = {"stopwords": "off", "vectorizer": "tfidf", "model": model}
    return shop.add(
        code, predictions=cluster(predictions, other), levers=levers, **fields
    )


# ---- scores


def test_the_index_is_scikit_learns_for_any_table():
    rng = np.random.default_rng(0)
    for n_classes, n_clusters, n_rows in (
        (3, 5, 200),
        (7, 2, 40),
        (1, 3, 9),
        (4, 1, 9),
    ):
        y, found = (rng.integers(0, n, n_rows) for n in (n_classes, n_clusters))
        found = np.where(rng.random(n_rows) < 0.4, y % n_clusters, found)

        table = metrics.count_clusters(y, found, n_classes)

        expected = adjusted_rand_score(y, found)
        assert metrics.adjusted_rand_index(table) == pytest.approx(expected, abs=1e-12)
        kept = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
        np.testing.assert_array_equal(kept, contingency_matrix(y, found))


def test_purity_counts_the_most_frequent_class_of_each_cluster():
    y, found = np.array([0, 0, 1, 1, 1, 2]), np.array([3, 3, 3, 0, 0, 0])

    assert metrics.purity(metrics.count_clusters(y, found, 3)) == pytest.approx(4 / 6)


def test_invalid_tables_are_refused():
    y = np.array([0, 1])
    with pytest.raises(ValueError, match="negative"):
        metrics.count_clusters(y, np.array([0, -1]), 2)
    with pytest.raises(ValueError, match="shape"):
        metrics.count_clusters(y, np.array([0]), 2)


def test_no_rows_at_all_give_no_division_by_zero():
    none = metrics.count_clusters(np.empty(0, int), np.empty(0, int), 3)

    assert metrics.purity(none) == 0
    assert metrics.adjusted_rand_index(none) == 1


# ---- records


def test_a_clustering_has_no_f1_and_no_confusion_matrix(shop):
    folder = add_clustering(shop)

    record = records.read_record(folder)

    assert record.scores is None
    assert record.per_class == []
    assert record.clustering.n_clusters == 4
    assert record.clustering.ari > 0.3
    assert sorted(path.name for path in folder.iterdir()) == [
        "clusters.csv", "predictions.npz", "record.json",
    ]  # fmt: skip
    assert "f1" not in (folder / "record.json").read_text()


def test_a_clustering_comes_back_as_it_was_written(shop):
    folder = add_clustering(shop)

    record = records.read_record(folder)
    back = records.read_predictions(folder, record.predictions_digest)

    names, counts = records.read_clusters(folder)
    assert back.is_clustering
    assert names == ["0", "1", "2", "3"]
    expected = metrics.count_clusters(back.true, back.predicted, 4)
    np.testing.assert_array_equal(counts, expected)


def test_renumbered_clusters_have_the_same_scores(shop):
    predictions = shop.predictions(0.7)
    one = cluster(predictions, predictions.predicted)
    two = cluster(predictions, (3 - predictions.predicted) * 2)

    assert records.cluster_scores(one) == records.cluster_scores(two)


def test_clusters_of_different_folds_are_not_taken_for_the_same(shop):
    predictions = shop.predictions(1.0)
    fold = (np.arange(shop.n_rows) >= 100).astype(np.int16)
    numbers = np.where(fold == 0, predictions.true, 3 - predictions.true)

    folder = shop.add("TF", predictions=cluster(predictions, numbers, fold=fold))

    found = records.read_record(folder).clustering
    assert found.ari == found.purity == 1.0
    assert len(found.folds) == 2
    names, counts = records.read_clusters(folder)
    assert names[0] == "0.0"
    assert names[-1] == "1.3"
    assert counts.sum() == shop.n_rows


def test_scores_of_folds_count_by_their_rows(shop):
    predictions = shop.predictions(1.0)
    fold = (np.arange(shop.n_rows) >= 100).astype(np.int16)
    numbers = np.where(fold == 0, predictions.true, 0)

    found = records.cluster_scores(cluster(predictions, numbers, fold=fold))

    assert [one.ari for one in found.folds] == [1.0, 0.0]
    assert found.ari == pytest.approx(100 / 300)


def test_a_classifier_that_replaces_a_clustering_removes_its_files(shop):
    add_clustering(shop, "T1")

    folder = shop.add("T1")

    assert not (folder / "clusters.csv").exists()
    record = records.read_record(folder)
    assert record.clustering is None
    assert not records.read_predictions(folder).is_clustering


def test_a_torn_table_of_clusters_is_detected(shop):
    folder = add_clustering(shop)
    (folder / "clusters.csv").write_text("true,0,1\n10,3\n")

    with pytest.raises(records.DamagedRecord, match=r"clusters\.csv: can't be read"):
        records.read_clusters(folder)


@pytest.mark.parametrize("n_lines", [0, 1, 4])
def test_a_truncated_table_of_clusters_is_reported_by_every_command(shop, n_lines):
    folder = add_clustering(shop)
    file = folder / "clusters.csv"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:n_lines]))
    board = report.load_board(shop.results, "shop")

    with pytest.raises(records.DamagedRecord, match=r"clusters\.csv: can't be read"):
        report.render_scenario(folder)
    assert "clusters.csv beside it does not match" in report.render_page([board])


# ---- no label on the way


CLUSTERERS = [o.name for o in MODEL.options("text") if o.kind == "cluster"]


@pytest.mark.parametrize("model", CLUSTERERS)
def test_permuted_labels_change_no_cluster_of_a_whole_scenario(table, model):
    scenario = from_words(TEXT | {"model": model, "stopwords": "iso"})
    labels = table["label"].tolist()
    permuted = np.random.default_rng(0).permutation(labels)

    one, two = (
        rakuten_bench.build(scenario).fit(table, y).predict(table)
        for y in (labels, permuted)
    )

    assert (permuted != labels).any()
    np.testing.assert_array_equal(one, two)


LEARNED = [
    (modality, option)
    for modality in ("text", "image")
    for lever in LEVERS[modality]
    for option in lever.options(modality)
    if option.kind == "transform" and "labels" not in option.rules.tags
]


@pytest.fixture(scope="module")
def products(tmp_path_factory):
    """Return a table of a dozen products with texts and pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    rows = []
    for number in range(12):
        pixels = rng.integers(0, 256, (12, 12, 3)).astype(np.uint8)
        path = folder / f"{number}.png"
        Image.fromarray(pixels).resize((72, 72)).save(path)
        words = f"item{number} {'alpha beta' if number < 6 else 'gamma delta'}"
        rows.append(
            {"title": words, "description": words[::-1], "image_path": str(path)}
        )
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("modality", "option"), LEARNED, ids=lambda x: getattr(x, "name", x)
)
def test_an_option_that_learns_from_labels_is_tagged(modality, option, products):
    """Otherwise a clustering after it would learn from labels."""
    try:
        option.versions()
    except MissingPackage as error:
        pytest.skip(str(error))
    plain = TEXT if modality == "text" else {"feature": "color"}
    small = {"k": 2, "n_components": 2, "n_words": 4, "n_dims": 4, "n_samples": 20}
    params = {name: small[name] for name in small if name in option.parameters}
    scenario = from_words(
        {**plain, option.lever.name: option.name, "model": "dummy"},
        {option.lever.name: params},
        modality,
    )
    labels = np.array(["a", "b"] * 6)
    found = []
    for y in (labels, np.roll(labels, 1), np.sort(labels)):
        model = rakuten_bench.build(scenario).fit(products, y)
        features = model.features(products)
        found.append(features.toarray() if hasattr(features, "toarray") else features)

    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize(
    ("levers", "reason"),
    [
        ({"reducer": "chi2"}, "reducer 'chi2' learns"),
        ({"reducer": "nbsvm"}, "reducer 'nbsvm' learns"),
        ({"stopwords": "corpus"}, "stopwords 'corpus' learns"),
        ({"sampler": "random_over"}, "sampler 'random_over' learns"),
        ({"search": "grid"}, "search 'grid' learns"),
    ],
)
def test_options_that_learn_from_labels_are_refused_before_a_clustering(levers, reason):
    scenario = from_words(TEXT | {"model": "kmeans"} | levers)

    assert reason in scenario.conflict()
    with pytest.raises(UserError, match=reason):
        rakuten_bench.build(scenario).fit(pd.DataFrame({"title": WORDS}), WORDS)


@pytest.mark.parametrize("lever", ["sampler", "search"])
def test_every_sampler_and_search_is_refused_before_a_clustering(lever):
    (found,) = (one for one in LEVERS["text"] if one.name == lever)
    for option in found.options("text"):
        scenario = from_words(TEXT | {"model": "nmf", lever: option.name})

        assert bool(scenario.conflict()) == (not option.is_off)


@pytest.mark.parametrize("model", ["lda", "nmf"])
def test_topics_refuse_negative_features(model):
    scenario = from_words(TEXT | {"model": model, "reducer": "svd"})

    assert "signed" in scenario.conflict()
    assert from_words(TEXT | {"model": "kmeans", "reducer": "svd"}).conflict() is None


def test_a_matrix_drops_what_a_clustering_refuses_and_counts_it(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("matrix: {vectorizer: tfidf, model: [logreg, kmeans], "
                    "sampler: [off, cap]}")  # fmt: skip

    study = load_study(file)

    assert len(study.scenarios) == 3
    assert sum(study.dropped.values()) == 1


def test_a_fusion_refuses_a_clustering_before_anything_runs(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(
        "scenarios:\n"
        "  groups: {vectorizer: tfidf, model: kmeans}\n"
        "  words: {vectorizer: tfidf, model: logreg}\n"
        "  both: {fusion: mean, members: [words, groups]}\n"
    )

    with pytest.raises(Problems, match="member 'groups' clusters"):
        load_study(file)


# ---- as a scikit-learn clusterer


@pytest.mark.parametrize("model", CLUSTERERS)
def test_a_built_clustering_predicts_numbers(table, model):
    scenario = from_words(TEXT | {"model": model})

    clusterer = clone(rakuten_bench.build(scenario)).fit(table, table["label"])

    numbers = clusterer.predict(table)
    assert numbers.dtype == np.int32
    assert set(numbers) <= {0, 1, 2}
    assert not hasattr(clusterer, "predict_proba")


def test_a_built_clustering_needs_no_labels_where_the_number_is_given(table):
    scenario = from_words(TEXT | {"model": "kmeans"}, {"model": {"n_clusters": 3}})

    without = rakuten_bench.build(scenario).fit_predict(table)
    beside = rakuten_bench.build(scenario).fit(table, table["label"]).predict(table)

    np.testing.assert_array_equal(without, beside)


def test_a_built_clustering_asks_for_the_number_of_clusters(table):
    clusterer = rakuten_bench.build(from_words(TEXT | {"model": "kmeans"}))

    with pytest.raises(UserError, match="Set the model's parameter 'n_clusters'"):
        clusterer.fit(table)


def test_the_clusterer_gives_the_predictions_of_the_record(ran, call, tmp_path):
    code, printed, error = call(
        "export", "groups", "-o", tmp_path / "m.joblib", "--cache", "cache"
    )
    assert code == 0, error
    assert "ari " in printed

    words = ("predict", tmp_path / "m.joblib", "shop.csv", "--ids-only")
    code, printed, error = call(*words)

    assert code == 0, error
    found = pd.read_csv(io.StringIO(printed)).set_index("id")
    assert found.columns.tolist() == ["cluster"]
    record = records.read_predictions(find(ran, "groups"))
    assert found["cluster"][record.ids].tolist() == record.predicted.tolist()


# ---- the board


@pytest.fixture
def mixed(shop):
    """Return a results folder with three classifiers, two clusterings, a failure."""
    for number, right in enumerate((0.9, 0.8, 0.5)):
        levers = {"stopwords": "off", "model": ("svc", "nb", "knn")[number]}
        shop.add(f"T{number}", right=right, own=number, levers=levers)
    add_clustering(shop, "TC", right=0.99)
    add_clustering(shop, "TD", right=0.4, model="nmf", name="topics")
    shop.fail("TX")
    return shop


def test_a_clustering_with_another_index_than_its_rows_give_leaves_the_board(mixed):
    path = mixed.results / "shop" / "TD" / "record.json"
    record = json.loads(path.read_text())
    record["clustering"]["ari"] = 0.999
    path.write_text(json.dumps(record))

    board = report.with_standing(report.load_board(mixed.results, "shop"))

    assert [entry.code for entry in board.clusterings] == ["TC"]
    (sentence,) = board.left_out
    assert "do not match predictions.npz" in sentence


def test_a_clustering_is_never_ranked_grouped_or_an_effect(mixed):
    with_them = report.with_standing(report.load_board(mixed.results, "shop"))
    effects = report.lever_effects(with_them)
    for code in ("TC", "TD"):
        shutil.rmtree(mixed.results / "shop" / code)

    without = report.with_standing(report.load_board(mixed.results, "shop"))

    assert with_them.entries == without.entries
    assert effects == report.lever_effects(without)
    assert [entry.code for entry in with_them.clusterings] == ["TC", "TD"]
    assert all(entry.rank is None for entry in with_them.clusterings)
    assert [entry.code for entry in with_them.failures] == ["TX"]


@pytest.mark.parametrize("metric", ["f1_weighted", "f1_macro", "accuracy"])
def test_every_order_of_the_board_takes_clusterings(mixed, metric):
    board = report.load_board(mixed.results, "shop", metric)

    assert [entry.code for entry in board.entries] == ["T0", "T1", "T2"]
    assert [entry.code for entry in board.clusterings] == ["TC", "TD"]


def test_a_subset_counts_for_clusterings_too(mixed):
    board = report.load_board(mixed.results, "shop", subset="en")

    predictions = records.read_predictions(mixed.results / "shop" / "TC")
    english = predictions.language == "en"
    expected = adjusted_rand_score(
        predictions.true[english], predictions.predicted[english]
    )
    assert board.clusterings[0].scores["ari"] == pytest.approx(expected)


def test_a_subset_of_a_board_of_clusterings_alone_counts_its_rows(shop):
    add_clustering(shop)

    board = report.load_board(shop.results, "shop", subset="en")

    assert board.n_chosen == np.count_nonzero(shop.language == "en")


def test_the_page_of_a_subset_shows_its_rows_of_a_cluster_only(mixed):
    board = report.load_board(mixed.results, "shop", subset="en")

    page = report.render_page([board])

    cells = page.partition('"clusters":')[2].partition("]]")[0] + "]]"
    n_rows = sum(int(size) for _, size, _, _ in json.loads(cells))
    assert n_rows == board.n_chosen


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_the_board_shows_clusterings_in_a_section_of_their_own(mixed, form):
    board = report.with_standing(report.load_board(mixed.results, "shop"))

    text = report.render_boards([board], form)

    ranked, title, rest = text.partition("Clusterings (not ranked)")
    assert title
    assert "TC" not in ranked
    assert "topics" in rest
    assert "adjusted Rand index" in rest


def test_csv_and_json_give_a_clustering_its_own_scores_and_no_rank(mixed):
    board = report.with_standing(report.load_board(mixed.results, "shop"))

    found = json.loads(report.render_boards([board], "json"))
    lines = list(csv.DictReader(io.StringIO(report.render_boards([board], "csv"))))

    row = next(one for one in found if one["code"] == "TC")
    assert row["rank"] is row["group"] is row["f1_weighted"] is row["accuracy"] is None
    assert row["metric"] == "ari"
    assert row["ari"] > 0.5
    assert next(one for one in found if one["code"] == "T0")["ari"] is None
    line = next(one for one in lines if one["code"] == "TC")
    assert line["rank"] == line["f1_weighted"] == ""
    assert float(line["purity"]) == row["purity"]


def test_a_board_of_clusterings_alone_is_a_board(shop):
    add_clustering(shop)
    board = report.with_standing(report.load_board(shop.results, "shop"))

    assert "Clusterings (not ranked)" in report.render_boards([board], "table")
    assert "TC" in report.render_page([board])
    assert "No two scenarios" in report.render_effects(
        [(board, report.lever_effects(board))], "table"
    )
    assert list(report.board_plots(board)) == []


def test_the_page_shows_clusterings_apart(mixed):
    board = report.with_standing(report.load_board(mixed.results, "shop"))

    page = report.render_page([board])

    main_table, title, rest = page.partition("Clusterings (not ranked)")
    assert title
    assert "#s0/TC" not in main_table
    assert "#s0/TC" in rest
    assert '"clusters":[["0"' in rest


def test_top_shortens_the_clusterings_with_a_note(mixed):
    board = report.load_board(mixed.results, "shop")

    text = report.render_boards([board], "table", top=1)

    assert "1 more clustering (--top)." in text
    assert "TD" not in text


# ---- commands


def test_show_lists_the_classes_of_each_cluster(call):
    code, printed, _ = call("show", "groups")

    assert code == 0
    assert "adjusted Rand index 1.0000" in printed
    assert "most frequent class" in printed
    assert "f1_weighted" not in printed


def test_the_summary_of_a_run_has_the_clusterings(call):
    code, printed, told = call("run", "shop.yaml", "--cache", "cache", "--rerun", "all")

    assert code == 0
    assert "groups: adjusted Rand index 1.0000" in told
    assert "Clusterings (not ranked)" in printed


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("compare", "svm", "groups"), "is a clustering; its clusters are not classes"),
        (("explain", "groups", "--row", "p1"), "predicts no class"),
    ],
)
def test_commands_that_need_classes_refuse_a_clustering_in_one_sentence(
    call, words, reason
):
    code, _, error = call(*words)

    assert code == 2
    assert reason in error
    assert "Traceback" not in error
    assert len(error.splitlines()) == 1


def test_merge_copies_clusterings_and_knows_them_again(mixed, tmp_path):
    first = [m.outcome for m in records.merge_results([mixed.results], tmp_path)]
    second = [m.outcome for m in records.merge_results([mixed.results], tmp_path)]

    assert set(first) == {"copied"}
    assert set(second) == {"same"}
    assert records.read_clusters(tmp_path / "shop" / "TC")[1].sum() == mixed.n_rows


# ---- the gate


def judge(shop, baseline):
    return {v.code: v for v in gate.judge(shop.results, baseline).verdicts}


@pytest.mark.parametrize("rows", [True, False])
def test_the_gate_compares_a_clustering_by_its_index(shop, rows):
    shop.add("T0")
    add_clustering(shop, right=0.8)
    baseline = gate.update_baseline(shop.results, gate.Baseline(), rows=rows).baseline
    same = judge(shop, baseline)

    add_clustering(shop, right=0.5)
    worse = judge(shop, baseline)

    assert {verdict.status for verdict in same.values()} == {"ok"}
    assert worse["T0"].status == "ok"
    assert worse["TC"].status == "regressed"
    assert worse["TC"].difference is None
    assert worse["TC"].reason.startswith("ARI, tolerance 0.01")
    assert baseline.boards["shop"]["TC"].predicted == []


def test_the_gate_never_compares_a_clustering_with_a_classifier(shop):
    shop.add("T0", name="a")
    add_clustering(shop, "T1", name="b")
    baseline = gate.update_baseline(shop.results, gate.Baseline(), rows=True).baseline
    add_clustering(shop, "T0", name="a")
    shop.add("T1", name="b")

    verdicts = judge(shop, baseline)

    assert {v.status for v in verdicts.values()} == {"not comparable"}
    assert verdicts["T0"].reason == "is a clustering, was a classifier"
    assert verdicts["T1"].reason == "is a classifier, was a clustering"
