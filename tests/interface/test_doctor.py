"""The doctor: what is installed, missing and available; it never fails itself."""

import json
import os
from importlib import metadata
from pathlib import Path

import pytest

import rakuten_bench as rb
from rakuten_bench.registry.package import list_extras


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAKUTEN_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path


def state_of(diagnosis, name):
    return next(one.state for one in diagnosis.findings if one.name == name)


def test_a_complete_installation_passes_and_nothing_is_written(call, folder):
    code, printed, _ = call("doctor")

    assert code == 0
    assert printed.endswith("No problem found.\n")
    assert [*folder.iterdir()] == []


def test_json_has_the_same_findings_as_python(call):
    code, printed, _ = call("doctor", "--json")
    told = json.loads(printed)

    assert (code, told["passed"]) == (0, True)
    assert {one["area"] for one in told["findings"]} == set(rb.doctor().to_frame().area)


def test_every_extra_is_installed_or_named_with_its_command():
    extras = {one.name: one for one in rb.doctor().findings if one.area == "extras"}

    assert {*extras} | {"all"} == {*list_extras()} | {"all"}
    for name, finding in extras.items():
        assert finding.state == "ok" or f"rakuten-bench[{name}]" in finding.detail


def test_a_file_in_place_of_the_results_is_a_problem_with_exit_code_1(call):
    Path("taken").write_text("")

    code, printed, _ = call("doctor", "--results", "taken/results")

    assert code == 1
    assert "taken is not a folder" in printed
    assert printed.endswith("1 problem(s).\n")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write")
def test_a_folder_without_write_access_is_a_problem(folder):
    folder.chmod(0o500)

    assert state_of(rb.doctor(results=folder / "results"), "results") == "problem"


def test_a_wrong_cache_size_is_reported_as_a_problem(monkeypatch):
    monkeypatch.setenv("RAKUTEN_BENCH_CACHE_SIZE", "a lot")

    found = rb.doctor()

    assert state_of(found, "cache") == "problem"
    assert "a lot" in str(found)


def test_a_missing_core_package_is_a_problem(monkeypatch):
    requires = metadata.requires
    monkeypatch.setattr(
        metadata, "requires", lambda name: [*requires(name), "not-there-at-all>=1"]
    )

    found = rb.doctor()

    assert state_of(found, "not-there-at-all") == "problem"
    assert not found.passed


def test_a_check_that_fails_is_a_problem_not_a_traceback(monkeypatch):
    def broken(name):
        raise OSError("damaged metadata")

    monkeypatch.setattr(metadata, "requires", broken)

    found = rb.doctor()

    assert "OSError: damaged metadata" in str(found)
    assert not found.passed
