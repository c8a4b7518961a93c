"""Steps claimed by another run: when they are polled, and the possible outcomes."""

import time

import pytest

from rakuten_bench.engine.waiting import WaitingSteps
from rakuten_bench.plan import Step
from rakuten_bench.scenario import Choice
from rakuten_bench.store.result import Facts, Store

STEP = Step("k1", "estimate", "text", (Choice("model", "x", "1", ()),), (), (), "", 0)


def wait_until_due(waiting):
    while not (due := waiting.poll()):
        time.sleep(0.01)
    return due


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def test_a_refused_step_is_held_back_and_then_due(store):
    waiting = WaitingSteps(store)

    waiting.add(STEP)

    assert list(waiting) == [STEP]
    assert waiting.poll() == []
    assert wait_until_due(waiting) == [STEP]


def test_a_step_that_was_just_polled_is_not_due(store):
    waiting = WaitingSteps(store)
    waiting.add(STEP)
    wait_until_due(waiting)

    assert waiting.poll() == []


def test_a_removed_step_is_not_polled(store):
    waiting = WaitingSteps(store)
    waiting.add(STEP)

    waiting.remove(STEP)

    assert not waiting
    assert waiting.poll() == []


def test_a_step_is_claimed_until_the_claim_is_released_and_stored_with_its_result(
    store,
):
    waiting = WaitingSteps(store)

    with store.claims.hold(STEP.key):
        assert waiting.is_claimed(STEP)
        assert not waiting.is_stored(STEP)
        store.save(STEP.key, 1, Facts(seconds=0, memory=0, step="x"))

    assert not waiting.is_claimed(STEP)
    assert waiting.is_stored(STEP)
