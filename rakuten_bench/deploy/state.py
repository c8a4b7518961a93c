"""A fitted scenario as plain values and estimators, without the classes around them.

The scenario is described by words, as in a record; its plan is built again from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rakuten_bench.plan import Plan, Step
from rakuten_bench.plan.build import build_plan
from rakuten_bench.registry import Option
from rakuten_bench.scenario import Scenario, from_words, iter_options
from rakuten_bench.types import Params

if TYPE_CHECKING:
    from rakuten_bench.pipeline.estimator import ScenarioClassifier, ScenarioClusterer

    Model = ScenarioClassifier | ScenarioClusterer

_VERSION = 1
_OURS = "rakuten_bench.levers."
#: Learned attributes that are built again.
_REBUILT = ("fitted_", "model_", "plan_", "scenario_")
#: Parameters with free text that names neither a file, nor a package, nor code.
_HARMLESS = ("pattern",)


def describe_model(model: Model) -> dict[str, Any]:
    """Return a fitted scenario as plain values and fitted estimators.

    Raises
    ------
    ValueError
        If an option is the user's own, or reads files or a network.
    """
    refuse_unsafe(model.scenario_)
    plan = model.plan_
    return {
        "version": _VERSION,
        "scenario": _describe_scenario(model.scenario_),
        "random_state": int(model.random_state),
        "n_jobs": model.n_jobs,
        "has_validation": _has_validation(plan),
        "attributes": {
            name: value
            for name, value in vars(model).items()
            if name.endswith("_") and name not in _REBUILT
        },
        "steps": [_describe_step(step) for step in plan.steps.values()],
        "fitted": [model.fitted_.get(key) for key in plan.steps],
    }


def restore_model(state: Any) -> Model:
    """Return the model of a state.

    Raises
    ------
    ValueError
        If the state is not that of a fitted scenario of this version.
    UserError
        If an option or a parameter of the scenario is unknown.
    """
    from rakuten_bench.pipeline.estimator import build

    if not isinstance(state, dict) or state.get("version") != _VERSION:
        message = f"its content is not that of version {_VERSION}"
        raise ValueError(message)
    scenario = _read_scenario(state["scenario"])
    refuse_unsafe(scenario)
    seed = int(state["random_state"])
    n_jobs = None if state["n_jobs"] is None else int(state["n_jobs"])
    model = build(scenario, random_state=seed, n_jobs=n_jobs)
    plan = build_plan(
        [scenario],
        dataset="",
        split="",
        folds=["0"],
        seed=seed,
        has_validation=bool(state["has_validation"]),
    )
    if [*map(_describe_step, plan.steps.values())] != [*map(tuple, state["steps"])]:
        message = "its steps are those of another version of rakuten-bench"
        raise ValueError(message)
    _set_fitted(model, plan, state["attributes"], state["fitted"])
    return model


def _set_fitted(
    model: Model, plan: Plan, attributes: Mapping[str, Any], fitted: list[Any]
) -> None:
    for name, value in attributes.items():
        if not name.endswith("_") or name.startswith("_") or name in _REBUILT:
            message = f"attribute '{name}' is not one of a fitted scenario"
            raise ValueError(message)
        setattr(model, name, value)
    pairs = zip(plan.steps, fitted, strict=True)
    model.scenario_, model.plan_ = model.scenario, plan
    model.fitted_ = {
        key: estimator for key, estimator in pairs if estimator is not None
    }
    model.model_ = model.fitted_[plan.outputs[model.scenario_.code][0]]


def refuse_unsafe(scenario: Scenario) -> None:
    """Refuse a scenario that runs code or reads files which a model file would name.

    Raises
    ------
    ValueError
    """
    for option, choice in iter_options([scenario]):
        used = choice.arguments
        for one, params in [(option, used), *option.before(used)]:
            if reason := _find_danger(one, params):
                message = f"{one.lever.name} '{one.name}' {reason}"
                raise ValueError(message)


def _find_danger(option: Option, params: Params) -> str:
    if not option.module.startswith(_OURS):
        return "is an option of another package or of your own"
    named = [
        name
        for name in params
        if option.parameters[name].type is str and name not in _HARMLESS
    ]
    for name in filter(None, [option.files.parameter, *named]):
        return f"reads or runs what its parameter '{name}' names"
    return ""


def _has_validation(plan: Plan) -> bool:
    return any(fold.is_validation for fold in plan.targets.values())


def _describe_step(step: Step) -> tuple[str, ...]:
    return step.kind, step.modality, str(step)


def _describe_scenario(scenario: Scenario) -> dict[str, Any]:
    return {
        "modality": scenario.modality,
        "levers": scenario.levers,
        "params": scenario.params,
        "name": scenario.name,
        "members": [_describe_scenario(member) for member in scenario.members],
    }


def _read_scenario(words: Mapping[str, Any]) -> Scenario:
    members: Iterator[Scenario] = map(_read_scenario, words["members"])
    return from_words(
        words["levers"],
        words["params"],
        words["modality"],
        words["name"],
        tuple(members),
    )
