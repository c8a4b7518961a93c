"""Boards in a real MLflow store."""

import pytest
from click.testing import CliRunner

from rakuten_bench import records, report
from rakuten_bench.cli import rakuten_bench
from rakuten_bench.errors import MissingPackage, UserError

mlflow = pytest.importorskip(
    "mlflow", reason='needs MLflow: pip install "rakuten-bench[mlflow]"'
)
pytest.importorskip("sqlalchemy", reason="a local store needs sqlalchemy")
pytestmark = [
    # MLflow's own use of its libraries
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    """Return the address of a store that is made once for all tests."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


@pytest.fixture(autouse=True)
def beside_the_artifacts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a local store keeps artifacts in the working folder


@pytest.fixture
def client(uri):
    return mlflow.MlflowClient(tracking_uri=uri)


def runs_of(client, board):
    experiment = client.get_experiment_by_name(f"rakuten-bench {board}")
    return client.search_runs([experiment.experiment_id])


def test_each_scenario_is_a_run_with_its_parameters_and_scores(shop, uri, client):
    levers = {"vectorizer": "tfidf", "model": "svc"}
    folder = shop.add("T1", levers=levers, params={"model": {"C": 0.2}}, fit_time=2.0)
    shop.fail("T2")

    logged = report.log_boards([report.load_board(shop.results, "shop")], uri)

    assert logged == report.Logged(new=2, known=0)
    runs = {run.info.run_name: run for run in runs_of(client, "shop")}
    good, bad = runs["T1"], runs["T2"]
    scores = records.read_record(folder).scores
    assert good.data.metrics["f1_macro"] == pytest.approx(scores.f1_macro)
    assert good.data.metrics["fit_time"] == 2.0
    assert good.data.params["model"] == "svc(C=0.2)"
    assert good.data.params["model.C"] == "0.2"
    artifacts = {file.path for file in client.list_artifacts(good.info.run_id)}
    assert artifacts == {"confusion.csv", "record.json"}
    assert (good.info.status, bad.info.status) == ("FINISHED", "FAILED")
    assert bad.data.tags["error"].startswith("ValueError: no words are left")


def test_logging_again_adds_nothing_and_a_new_outcome_is_a_new_run(shop, uri, client):
    shop.name = "again"
    shop.add("T1")
    board = report.load_board(shop.results, "again")
    report.log_boards([board], uri)

    again = report.log_boards([board], uri)
    shop.add("T1", right=0.5)
    changed = report.log_boards([report.load_board(shop.results, "again")], uri)

    assert again == report.Logged(new=0, known=1)
    assert changed == report.Logged(new=1, known=0)
    assert len(runs_of(client, "again")) == 2


def test_a_run_that_was_cut_off_is_logged_again(shop, uri, client):
    shop.name = "cut"
    shop.add("T1")
    board = report.load_board(shop.results, "cut")
    report.log_boards([board], uri)
    (run,) = runs_of(client, "cut")
    client.update_run(run.info.run_id, status="RUNNING")

    logged = report.log_boards([board], uri)

    assert logged == report.Logged(new=1, known=0)
    assert [run.info.status for run in runs_of(client, "cut")] == ["FINISHED"]


def test_the_command_reports_the_logged_runs(shop, uri):
    shop.name = "told"
    shop.add("T1")

    result = CliRunner().invoke(
        rakuten_bench,
        ["report", "--results", str(shop.results), "--mlflow", uri],
        catch_exceptions=False,
    )

    assert "1 run logged, 0 already logged" in result.stderr


def test_without_the_package_the_message_explains_how_to_install_it(shop, monkeypatch):
    shop.add("T1")
    board = report.load_board(shop.results, "shop")
    monkeypatch.setitem(__import__("sys").modules, "mlflow", None)

    with pytest.raises(MissingPackage, match=r"rakuten-bench\[mlflow\]"):
        report.log_boards([board], "sqlite:///x.db")


def test_a_store_that_is_none_is_one_message(shop):
    shop.add("T1")
    board = report.load_board(shop.results, "shop")

    with pytest.raises(UserError, match="nonsense://x: MLflow can't log there"):
        report.log_boards([board], "nonsense://x")
