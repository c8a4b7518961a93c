"""The device of steps that can use a GPU: queried from workers, stored in records."""

import json
import os
import shutil
import subprocess

import pytest

import command_line
from rakuten_bench.errors import Problems
from rakuten_bench.executor.device import Devices, find_devices, find_obstacles
from rakuten_bench.executor.fault import Stopped
from rakuten_bench.executor.pooled import close_kept
from rakuten_bench.plan import Step
from rakuten_bench.plan.fold import FoldName
from rakuten_bench.registry import MODEL
from rakuten_bench.scenario import Choice

STUDY = """
dataset: {table: {path: shop.csv, title: name, label: kind, language: language}}
defaults: {tokenizer: regex}
scenarios:
  one: {model: {placed: {log: LOG, name: one}}}
  two: {model: {placed: {log: LOG, name: two}}}
  plain: {model: dummy}
"""
NO_GPU = "no GPU that CUDA can use"

#: Stands for the driver: a library that shows one GPU to whoever asks.
DRIVER = """
#include <string.h>
int cuInit(unsigned flags) { return 0; }
int cuDeviceGet(int *device, int number) { *device = number; return 0; }
int cuDeviceGetName(char *name, int length, int device) {
    strncpy(name, "Paper GPU", length);
    return 0;
}
"""


@pytest.fixture
def shop(odd):
    (odd / "grid.yaml").write_text(STUDY.replace("LOG", f"{odd}/log"))
    close_kept()  # workers of earlier tests have the environment of these
    yield odd
    close_kept()


@pytest.fixture
def without_gpu(shop, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    return shop


@pytest.fixture
def with_gpu(shop, monkeypatch):
    """Give the workers a driver that shows a GPU."""
    compiler = shutil.which("cc")
    if not compiler:
        pytest.skip("no compiler to make a driver with")
    source, library = shop / "driver.c", shop / "driver" / "libcuda.so.1"
    library.parent.mkdir()
    source.write_text(DRIVER)
    words = [compiler, "-shared", "-fPIC", "-o", library, source]
    subprocess.run(words, check=True)
    places = [str(library.parent), os.environ.get("LD_LIBRARY_PATH", "")]
    monkeypatch.setenv("LD_LIBRARY_PATH", ":".join(filter(None, places)))
    return shop


def call(capsys, *words):
    return command_line.call(capsys, "run", "grid.yaml", *words)


def records(folder, results="results"):
    found = [
        json.loads(p.read_text()) for p in folder.glob(f"{results}/shop/*/record.json")
    ]
    return {record["name"]: record for record in found}


def log(folder):
    return (folder / "log").read_text().splitlines()


def test_an_available_gpu_is_used_by_steps_that_support_it(with_gpu, capsys):
    code, _, _ = call(capsys)

    found = records(with_gpu)
    assert code == 0
    assert sum(" on cuda " in line for line in log(with_gpu)) == 2
    assert {name: one["device"] for name, one in found.items()} == {
        "one": "cuda", "two": "cuda", "plain": "cpu",
    }  # fmt: skip
    assert found["one"]["provenance"]["gpu"] == "Paper GPU"
    assert "gpu" not in found["plain"]["provenance"]


def test_the_gpu_runs_one_step_at_a_time(with_gpu, capsys):
    call(capsys, "--jobs", "2")

    words = [
        line.split() for line in log(with_gpu) if " on " in line or "until" in line
    ]
    moments = sorted((float(word[-1]), word[1]) for word in words)
    assert [what for _, what in moments] == ["on", "until", "on", "until"]


def test_without_a_gpu_auto_is_the_cpu(without_gpu, capsys):
    code, _, _ = call(capsys, "--device", "auto")

    assert code == 0
    assert sum(" on cpu " in line for line in log(without_gpu)) == 2
    assert {record["device"] for record in records(without_gpu).values()} == {"cpu"}


def test_asking_for_a_gpu_that_is_not_there_is_one_message(without_gpu, capsys):
    code, _, error = call(capsys, "--device", "cuda", "--quiet")

    assert code == 2
    assert error.startswith(f"Error: --device cuda: {NO_GPU}. Use --device auto")
    assert error.count("\n") == 1
    assert not (without_gpu / "log").exists()
    assert records(without_gpu) == {}


def test_the_workers_of_a_dask_cluster_are_asked(without_gpu, capsys):
    pytest.importorskip("distributed")

    code, _, error = call(capsys, "--executor", "dask", "--device", "cuda", "--quiet")

    assert code == 2
    assert f"--device cuda: {NO_GPU}." in error
    assert records(without_gpu) == {}
    assert call(capsys, "--executor", "dask", "--quiet")[0] == 0


def test_the_cpu_is_used_where_it_is_asked_for(with_gpu, capsys):
    call(capsys, "--device", "cpu")

    assert sum(" on cpu " in line for line in log(with_gpu)) == 2


def test_a_result_of_the_gpu_is_found_again_from_the_cpu_and_reported(with_gpu, capsys):
    """The key does not tell the device: records move between machines."""
    call(capsys, "--results", "first")
    (with_gpu / "log").unlink()

    call(capsys, "--device", "cpu", "--results", "second")

    assert not (with_gpu / "log").exists()
    assert records(with_gpu, "second")["one"]["device"] == "cuda"
    assert records(with_gpu, "second")["one"]["provenance"]["gpu"] == "Paper GPU"


def step(name, *choices):
    return Step(
        name, "estimate", "text", choices, (), ("prediction",), FoldName("0"), 0
    )


def choose(name):
    return Choice.made(MODEL.find("text", name), {})


NETWORK, TREES, LINEAR = (
    step(name, choose(name)) for name in ("cnn", "xgboost", "svc")
)


def answers(*machines):
    """Return what stands for workers; each tells obstacles by package."""

    def ask(function, needs):
        assert function is find_obstacles
        return [
            [next((machine[n] for n in need if n in machine), "") for need in needs]
            for machine in machines
        ]

    return ask


def nobody(*_):
    pytest.fail("nobody needs to be asked")


def test_only_steps_that_can_use_a_gpu_get_one():
    devices = find_devices("auto", [NETWORK, TREES, LINEAR], answers({}))

    assert [devices.of(one) for one in (NETWORK, TREES, LINEAR)] == [
        "cuda", "cuda", "cpu",
    ]  # fmt: skip


def test_a_package_that_can_not_use_the_gpu_stays_on_the_cpu():
    ask = answers({"xgboost-cpu|xgboost": "built for CPUs"})

    devices = find_devices("auto", [NETWORK, TREES], ask)

    assert (devices.of(NETWORK), devices.of(TREES)) == ("cuda", "cpu")


def test_all_machines_have_to_have_one():
    devices = find_devices("auto", [NETWORK], answers({}, {"torch": NO_GPU}))

    assert devices.of(NETWORK) == "cpu"


def test_options_that_can_not_use_the_requested_gpu_are_named():
    ask = answers({"xgboost-cpu|xgboost": "built for CPUs"})

    with pytest.raises(
        Problems, match="cuda: model 'xgboost': built for CPUs"
    ) as error:
        find_devices("cuda", [NETWORK, TREES], ask)

    assert len(error.value.problems) == 1


def test_workers_are_not_queried_if_no_step_can_or_may_use_a_gpu():
    assert find_devices("auto", [LINEAR], nobody) == Devices()
    assert find_devices("cpu", [NETWORK], nobody) == Devices()


def test_a_missing_answer_means_no_gpu():
    assert find_devices("auto", [NETWORK], answers()) == Devices()
    with pytest.raises(Problems, match="--device cuda: no worker answered"):
        find_devices("cuda", [NETWORK], answers())


def test_a_driver_that_kills_the_query_means_no_gpu():
    def ask(*_):
        raise Stopped("failed", "SIGSEGV", "process killed by SIGSEGV")

    assert find_devices("auto", [NETWORK], ask) == Devices()
    with pytest.raises(Problems, match="the check for a GPU failed: process killed"):
        find_devices("cuda", [NETWORK], ask)


def test_a_package_for_cpus_is_an_obstacle_where_there_is_a_gpu(monkeypatch):
    xgboost = pytest.importorskip("xgboost")
    monkeypatch.setattr("rakuten_bench.executor.device.find_gpu", lambda: "Paper GPU")
    monkeypatch.setattr(xgboost, "build_info", lambda: {"USE_CUDA": False})

    assert find_obstacles([("xgboost-cpu|xgboost",), ("scikit-learn",)]) == [
        "xgboost is a CPU-only build; install 'xgboost' instead of 'xgboost-cpu'",
        "",
    ]
