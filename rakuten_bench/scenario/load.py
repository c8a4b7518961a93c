"""Read a scenario file; all mistakes in it are reported at once, with their places."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from msgspec import structs

from rakuten_bench.activity import announce
from rakuten_bench.data import DatasetSpec, SplitSpec, parse_dataset, parse_split
from rakuten_bench.data.spec import DATASETS, SPLITS, expand_home
from rakuten_bench.errors import Problems, UserError, unknown
from rakuten_bench.identify import explain_wrong_file, is_named_as_scenarios
from rakuten_bench.metric import DEFAULT_METRIC, METRICS
from rakuten_bench.registry import LEVERS, Parameter, Registered, discover
from rakuten_bench.registry.value import convert
from rakuten_bench.scenario import (
    Choice,
    Scenario,
    default_choice,
    find_option,
    from_choices,
    from_code,
    is_code,
)
from rakuten_bench.scenario.document import Value, from_python, load_document
from rakuten_bench.scenario.limit import Limit, Limits, parse_limit
from rakuten_bench.scenario.matrix import expand
from rakuten_bench.scenario.plugin import Plugins
from rakuten_bench.scenario.space import read_space, write_space
from rakuten_bench.scenario.words import (
    Findings,
    guess_modality,
    read_choices,
    read_combination,
    read_limits,
)
from rakuten_bench.types import Modality, Params

DEFAULT_SEED = 123

#: What a file may say, and what each key means.
KEYS = {
    "title": "Heading of the study.",
    "dataset": "Data set: a name, or a name with its parameters.",
    "split": "How the rows are divided: a name, or a name with its parameters.",
    "metric": "Score that the board is ranked by and that searches maximize.",
    "seed": "Seed of the run, from which all random numbers derive.",
    "limits": "Time and memory limits of steps: of all, or of those of an option.",
    "defaults": "Options of levers that a scenario does not name, also per modality.",
    "matrix": "Levers with lists of options: every combination is a scenario.",
    "scenarios": "Scenarios by name, or a list of codes.",
    "include": "Other scenario files, whose keys this file overrides.",
    "plugins": "Python files with options of your own, relative to the file that is run.",
}
#: Keys that only define values for aliases (*), as in Compose and GitLab files.
HOLDERS = (".", "x-")
_MAX_NAME = 200

#: Choices of levers that a scenario does not name.
Defaults = Mapping[Modality, Mapping[str, Choice]]


@dataclass(frozen=True)
class StudySpec:
    """The contents of a scenario file.

    Attributes
    ----------
    path : Path
    title : str
    dataset : DatasetSpec
    split : SplitSpec
    metric : {"f1_weighted", "f1_macro", "accuracy"}
        Maximized by searches; the board is sorted by it.
    seed : int
    scenarios : tuple of Scenario
        Each code once, in the file's order.
    dropped : mapping of str to int
        Reason why combinations of the matrix were skipped as impossible -> count.
    limits : Limits
        Limits of steps; scenarios may have their own.
    remarks : tuple of str
        Sentences about things that are not errors but may surprise.
    names : mapping of str to tuple of str
        Code -> names of the scenario in the file: several if it is listed repeatedly.
    overrides : mapping of str to Any
        "dataset" and "seed", if the caller overrides those of the file.
    plugins : Plugins
        The user's files with options.
    """

    path: Path
    title: str = ""
    dataset: DatasetSpec = field(default_factory=lambda: DatasetSpec("openmoji"))
    split: SplitSpec = field(default_factory=SplitSpec)
    metric: str = DEFAULT_METRIC
    seed: int = DEFAULT_SEED
    scenarios: tuple[Scenario, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    remarks: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    overrides: Params = field(default_factory=dict)
    plugins: Plugins = field(default_factory=Plugins)

    @property
    def folder(self) -> Path:
        """The scenario file's folder, which the paths in it are relative to."""
        return self.path.parent.resolve()

    @property
    def digest(self) -> str:
        """Hash of data set, split, seed, scenarios and their names."""
        scenarios = {one.code: self.names.get(one.code, ()) for one in self.scenarios}
        asked = {
            "dataset": [self.dataset.name, self.dataset.params],
            "split": [self.split.scheme, self.split.params],
            "seed": self.seed,
            "scenarios": scenarios,
        }
        text = json.dumps(asked, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    @property
    def row_split(self) -> SplitSpec:
        """The split, grouped by images if a scenario or a member reads images."""
        if self.split.by_image is not None:
            return self.split
        by_image = any(one.reads("image") for one in self.scenarios)
        return structs.replace(self.split, by_image=by_image)


def load_study(
    path: Path, *, dataset: str | None = None, seed: int | None = None
) -> StudySpec:
    """Read and check a scenario file and the files that it includes.

    Parameters
    ----------
    path : Path
    dataset : str, optional
        Name of a data set to use instead of the file's.
    seed : int, optional
        Seed to use instead of the file's.

    Raises
    ------
    Problems
        All mistakes of the file, one line each.
    """
    announce("reading %s", path.name)
    keys = _merged(path)
    given = {"dataset": dataset, "seed": seed}
    overrides = {key: value for key, value in given.items() if value is not None}
    for key, value in overrides.items():
        keys[key] = Value(value, f"--{key}")
    return replace(_check_study(path, keys), overrides=overrides)


def read_study(path: Path, keys: Mapping[str, object]) -> StudySpec:
    """Check a study given as Python values: the keys of a scenario file.

    Parameters
    ----------
    path : Path
        Names the study; paths in it are relative to its folder. No file is read.
    keys : mapping of str to (scalar, sequence or mapping)

    Raises
    ------
    Problems
        All mistakes, one line each; they name the key in place of the line of a file.
    """
    return _check_study(
        path, {k: from_python(v, f"{path.name}: {k}") for k, v in keys.items()}
    )


def _check_study(path: Path, keys: Mapping[str, Value]) -> StudySpec:
    discover()  # a plugin that can't be imported is reported once, not for every option
    findings = Findings(_load_plugins(path, keys))
    study = _read_study(path, keys, findings)
    if findings.problems:
        raise Problems(findings.problems)
    return study


def _load_plugins(path: Path, keys: Mapping[str, Value]) -> Plugins:
    """Import the user's files, before options are looked up.

    Raises
    ------
    Problems
        For every file that can't be used: its options would be unknown.
    """
    found, problems = Plugins(path.parent.resolve()), []
    for entry in keys.get("plugins", Value(None, "")).entries():
        try:
            found = found.add(*_plugin_file(entry, found.base))
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise Problems(problems)
    return found


def _plugin_file(entry: Value, base: Path) -> tuple[Path, str]:
    """Return the file of an entry of `plugins`, and how messages name it."""
    name = "" if isinstance(entry.data, dict | list) else entry.text
    if (not name.endswith(".py") and not (base / name).is_dir()) or not name:
        message = (
            f"{entry.where}: plugins: {entry!r} is not a Python file, such as "
            f"my_options.py."
        )
        raise UserError(message)
    return expand_home(name), f"{entry.where}: plugins: '{name}'"


def _merged(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Value]:
    """Return the keys of a file, which override those of the files that it includes."""
    own = _read_keys(path)
    place = Path(os.path.realpath(path))
    if place in seen:
        message = f"{path}: includes itself, through {seen[-1]}. Remove one 'include'."
        raise UserError(message)
    keys: dict[str, Value] = {}
    for entry in own.pop("include", Value([], "")).entries():
        included = _merged(path.parent / str(entry.plain(str)), (*seen, place))
        keys = _override(keys, included)
    return _override(keys, own)


def _override(keys: Mapping[str, Value], own: Mapping[str, Value]) -> dict[str, Value]:
    """Return keys overridden by those of another file; both files' plugins are needed."""
    plugins = [one["plugins"] for one in (keys, own) if "plugins" in one]
    entries = [entry for value in plugins for entry in value.entries()]
    joined = {"plugins": replace(plugins[-1], data=entries)} if plugins else {}
    return {**keys, **own, **joined}


def _read_keys(path: Path) -> dict[str, Value]:
    """Return the keys of a scenario file.

    Raises
    ------
    UserError
        If it is not a scenario file; nothing of it is quoted: it may contain secrets.
    """
    if not is_named_as_scenarios(path):
        _refuse_other_file(path)
    try:
        document = load_document(path)
        keys = {} if document.text else document.items("a scenario file")
    except UserError:
        _refuse_other_file(path)
        raise
    is_ours = any(key in KEYS or key.startswith(HOLDERS) for key in keys)
    if not is_ours and document.data not in (None, {}):
        _refuse_other_file(path)
        message = f"{path}: is not a scenario file: it has none of the keys {', '.join(KEYS)}."
        raise UserError(message)
    return dict(keys)


def _refuse_other_file(path: Path) -> None:
    """Reject a file that is recognized as something else, such as a table.

    Raises
    ------
    UserError
    """
    if message := explain_wrong_file(path, "scenario file"):
        raise UserError(message)


def _read_study(path: Path, keys: Mapping[str, Value], findings: Findings) -> StudySpec:
    for key, value in keys.items():
        if key not in KEYS and not key.startswith(HOLDERS):
            findings.add(value, unknown("key", key, KEYS))
    keys = {key: value for key, value in keys.items() if value.data is not None}
    values: dict[str, Any] = {"title": path.stem}
    for key, read in _SINGLE.items():
        if key in keys:
            with findings.at(keys[key]):
                values[key] = read(keys[key])
    if "dataset" in keys:
        with findings.at(keys["dataset"]):
            values["dataset"] = _read_dataset(keys["dataset"], findings.plugins.units)
    if "limits" in keys:
        with findings.at(keys["limits"]):
            values["limits"] = read_limits(keys["limits"], findings)
    found, dropped = _read_scenarios(path, keys, findings)
    base = path.parent.resolve()
    scored = [_with_metric(one, values.get("metric", DEFAULT_METRIC)) for one in found]
    scenarios = [_make_portable(one, base) for one in scored]
    unique, remarks = _unique(scenarios, findings, path)
    return StudySpec(
        path=path,
        scenarios=unique,
        dropped=dropped,
        remarks=remarks,
        names=_names(scenarios),
        plugins=findings.plugins,
        **values,
    )


def read_scenario(
    entry: object, base: Path | None = None, plugins: Sequence[Path] = ()
) -> Scenario:
    """Return the scenario of Python values.

    Parameters
    ----------
    entry : mapping or str
        An entry of `scenarios` in a scenario file: levers, such as
        `{"model": {"logreg": {"C": 10}}}`, or a code.
    base : Path, optional
        Folder of files that parameters name; paths inside it become relative to it, as
        in a scenario file.
    plugins : sequence of Path
        Files with options of the user's own, relative to `base`.

    Raises
    ------
    Problems
        All mistakes, one line each.
    """
    found = Plugins((base or Path()).resolve())
    for file in plugins:
        found = found.add(file)
    findings = Findings(found)
    value = from_python(entry, "scenario")
    with findings.at(value):
        scenario = _read_scenario("", value, {}, {}, findings)
        if any(part.limit for part in scenario.parts):
            findings.add(value, "has limits, which only a run observes. Remove them.")
    if findings.problems:
        raise Problems(findings.problems)
    return _make_portable(scenario, base.resolve()) if base else scenario


def add_scenario(study: StudySpec, scenario: Scenario) -> StudySpec:
    """Return a study with another scenario, which replaces one of its name.

    Raises
    ------
    UserError
        If it is impossible.
    """
    conflict = scenario.conflict()
    if conflict:
        message = f"scenario '{scenario.name}' is impossible: {conflict}."
        raise UserError(message)
    kept = [one for one in study.scenarios if one.name != scenario.name]
    names = {one.code: study.names.get(one.code, ()) for one in kept}
    scenarios = (*(one for one in kept if one.code != scenario.code), scenario)
    return replace(
        study, scenarios=scenarios, names={**names, scenario.code: (scenario.name,)}
    )


def write_scenario(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario as Python values, from which `read_scenario` builds an equal one.

    >>> values = write_scenario(read_scenario({"model": {"logreg": {"C": 10}}}))
    >>> values["model"], values["sampler"]
    ({'logreg': {'C': 10.0}}, 'off')
    """
    levers = dict(map(_write_choice, scenario.choices))
    if scenario.members:
        levers["members"] = [
            {"modality": one.modality, **dict(map(_write_choice, one.iter_changed()))}
            for one in scenario.members
        ]
    return levers


def _write_choice(choice: Choice) -> tuple[str, Any]:
    """Return a lever and its option, which contains its parameters if it has any."""
    option = choice.option
    return choice.lever, {option: choice.arguments} if choice.params else option


def _names(scenarios: Iterable[Scenario]) -> dict[str, tuple[str, ...]]:
    """Return every name of each scenario that has one, by code."""
    found: dict[str, tuple[str, ...]] = {}
    for scenario in scenarios:
        known = found.get(scenario.code, ())
        if scenario.name and scenario.name not in known:
            found[scenario.code] = (*known, scenario.name)
    return found


def _spell_params(value: Value, entries: Iterable[Registered]) -> Any:
    """Return a name, or one name with its parameters, texts as written."""
    if not isinstance(value.data, dict):
        return value.plain() if isinstance(value.data, list) else value.plain(str)
    known = {entry.name: entry.parameters for entry in entries}
    return {
        name: _spell(params, known.get(name, {})) for name, params in value.data.items()
    }


def _spell(params: Value, known: Mapping[str, Parameter]) -> Any:
    """Return parameters with texts as they were written, where texts are declared."""
    if not isinstance(params.data, dict):
        return params.plain()
    return {
        name: value.plain(known[name].type if name in known else Any)
        for name, value in params.data.items()
    }


def _read_title(value: Value) -> str:
    return value.text or str(value.plain())


def _read_metric(value: Value) -> str:
    if value.data not in METRICS:
        raise UserError(unknown("metric", value.plain(), METRICS))
    return str(value.data)


def _read_seed(value: Value) -> int:
    try:
        seed: int = convert(value.plain(), int)
    except UserError:
        seed = -1
    if seed < 0:
        message = f"seed '{value.plain()}' must be a whole number, 0 or more."
        raise UserError(message)
    return seed


def _read_dataset(value: Value, units: Sequence[str]) -> DatasetSpec:
    return parse_dataset(_spell_params(value, DATASETS.entries(units)), units)


_SINGLE = {
    "title": _read_title,
    "split": lambda value: parse_split(_spell_params(value, SPLITS)),
    "metric": _read_metric,
    "seed": _read_seed,
}


def _read_scenarios(
    path: Path, keys: Mapping[str, Value], findings: Findings
) -> tuple[list[Scenario], dict[str, int]]:
    defaults: Defaults = {}
    if "defaults" in keys:
        with findings.at(keys["defaults"]):
            defaults = _read_defaults(keys["defaults"], findings)
    dropped: Counter[str] = Counter()
    found: list[Scenario] = []
    if "scenarios" in keys:
        found += _read_explicit(keys["scenarios"], defaults, findings)
    if "matrix" in keys:
        for block in keys["matrix"].entries():
            with findings.at(block):
                found += _read_matrix(block, defaults, dropped, findings)
    if not found and not findings.problems:
        findings.add(
            Value(None, str(path)), "has no scenarios. Add 'matrix' or 'scenarios'."
        )
    return found, dict(dropped)


def _read_explicit(
    value: Value, defaults: Defaults, findings: Findings
) -> list[Scenario]:
    """Read `scenarios`: a mapping from names, or a list, of codes or levers."""
    named: list[tuple[str, Value]] = (
        list(value.data.items())
        if isinstance(value.data, dict)
        else [("", entry) for entry in value.entries()]
    )
    found: dict[str, Scenario] = {}
    for name, entry in named:
        with findings.at(entry):
            _check_name(name)
            scenario = _read_scenario(name, entry, defaults, found, findings)
            conflict = scenario.conflict()
            if conflict:
                findings.add(entry, f"is impossible: {conflict}.")
            found[name or scenario.code] = scenario
    return list(found.values())


def _check_name(name: str) -> None:
    """Reject a name that a board or a terminal could not display.

    Raises
    ------
    UserError
    """
    if not name.isprintable() or len(name) > _MAX_NAME or name != name.strip():
        message = (
            f"scenario {name[:_MAX_NAME]!a}: a name has at most {_MAX_NAME} "
            f"characters, no control characters, and no space at its ends. Rename it."
        )
        raise UserError(message)


def _read_scenario(
    name: str,
    entry: Value,
    defaults: Defaults,
    known: Mapping[str, Scenario],
    findings: Findings,
) -> Scenario:
    if not isinstance(entry.data, dict):
        if isinstance(entry.data, list) or not entry.text:
            message = "a scenario is a code, or levers such as {model: logreg}."
            raise UserError(message)
        return _by_code_or_name(entry.text, name, known)
    words = dict(entry.data)
    members = tuple(
        _read_scenario("", member, defaults, known, findings)
        for member in words.pop("members", Value([], "")).entries()
    )
    limit = _pop_limit(words)
    modality = guess_modality(words)
    words.pop("modality", None)
    own = read_combination(words, modality, findings)
    if members and modality != "fusion":
        message = "only a fusion has members. Name a fusion, such as {fusion: mean}."
        raise UserError(message)
    chosen = {**defaults.get(modality, {}), **own}
    scenario = _keep_given(from_choices(modality, chosen.values(), name, members))
    _check_spaces([scenario], words, entry, findings)
    return replace(scenario, limit=limit)


def _keep_given(scenario: Scenario) -> Scenario:
    """Exclude parameters that are explicitly set to their default from a search.

    A record does not distinguish explicit from implicit defaults, so the search names
    the remaining space of the model.
    """
    chosen = {choice.lever: choice for choice in scenario.choices}
    search = chosen.get("search")
    if search is None or "space" in search.arguments:
        return scenario
    option = find_option(scenario.modality, search)
    model = find_option(scenario.modality, chosen["model"])
    kept = chosen["model"].given
    free = {name: one for name, one in model.space.items() if name not in kept}
    defaults = (kept - chosen["model"].arguments.keys()) & model.space.keys()
    if option.is_off or not free or not defaults:
        return scenario
    space = {**search.arguments, "space": write_space(free)}
    choices = (chosen | {"search": Choice.of(option, space)}).values()
    return from_choices(scenario.modality, choices, scenario.name, scenario.members)


def _pop_limit(words: dict[str, Value]) -> Limit:
    """Split the limits from the levers of a scenario or a matrix."""
    value = words.pop("limits", None)
    if value is None:
        return Limit()
    value.items("limits")
    return parse_limit(value.plain())


def _by_code_or_name(text: str, name: str, known: Mapping[str, Scenario]) -> Scenario:
    if text in known:
        return replace(known[text], name=name or known[text].name)
    if not is_code(text):
        alone = f"'{text}' is neither a scenario code nor the name of a scenario above."
        below = f"{unknown('scenario', text, known)} Members go above their fusion."
        raise UserError(below if known else alone)
    return replace(from_code(text), name=name)


def _read_defaults(value: Value, findings: Findings) -> Defaults:
    """Read `defaults`: levers of one modality, or levers by modality."""
    words = value.items("defaults")
    if not set(words) & set(LEVERS):
        modality = guess_modality(words)
        return {modality: read_combination(words, modality, findings)}
    for name in words.keys() - LEVERS.keys():
        findings.add(words[name], unknown("modality", name, LEVERS))
    return {
        modality: read_combination(
            words[modality].items("defaults"), modality, findings
        )
        for modality in LEVERS
        if modality in words
    }


def _read_matrix(
    block: Value, defaults: Defaults, dropped: Counter[str], findings: Findings
) -> list[Scenario]:
    words = dict(block.items("matrix"))
    include = words.pop("include", Value([], block.where)).entries()
    exclude = words.pop("exclude", Value([], block.where)).entries()
    limit = _pop_limit(words)
    modality = guess_modality(words)
    words.pop("modality", None)
    base = {lever.name: default_choice(lever, modality) for lever in LEVERS[modality]}
    base |= defaults.get(modality, {})
    combinations = expand(
        read_choices(words, modality, findings),
        [read_combination(one.items("include"), modality, findings) for one in include],
        [read_combination(one.items("exclude"), modality, findings) for one in exclude],
    )
    found = []
    for one in combinations:
        scenario = _keep_given(from_choices(modality, (base | one).values()))
        conflict = scenario.conflict()
        if conflict:
            dropped[conflict] += 1
        else:
            found.append(replace(scenario, limit=limit))
    _check_spaces(found, words, block, findings)
    return found


def _with_metric(scenario: Scenario, metric: str) -> Scenario:
    """Set the study's metric on searches that name no scoring."""
    if metric == DEFAULT_METRIC:
        return scenario
    members = tuple(_with_metric(one, metric) for one in scenario.members)
    choices = tuple(_scored(scenario, one, metric) for one in scenario.choices)
    if choices == scenario.choices and members == scenario.members:
        return scenario
    made = from_choices(scenario.modality, choices, scenario.name, members)
    return replace(made, limit=scenario.limit)


def _scored(scenario: Scenario, choice: Choice, metric: str) -> Choice:
    if choice.lever != "search":
        return choice
    option = find_option(scenario.modality, choice)
    if option.is_off or "scoring" in choice.arguments:
        return choice
    return Choice.made(option, {**choice.arguments, "scoring": metric})


def _make_portable(scenario: Scenario, base: Path) -> Scenario:
    """Make paths of files in the scenario file's folder relative to it."""
    members = tuple(_make_portable(one, base) for one in scenario.members)
    choices = tuple(
        _name_files(scenario, one, base) if one.params else one
        for one in scenario.choices
    )
    return replace(scenario, choices=choices, members=members)


def _name_files(scenario: Scenario, choice: Choice, base: Path) -> Choice:
    option = find_option(scenario.modality, choice)
    made = Choice.made(option, option.make_portable(choice.arguments, base))
    return replace(choice, params=made.params)


def _check_spaces(
    scenarios: Iterable[Scenario],
    words: Mapping[str, Value],
    whole: Value,
    findings: Findings,
) -> None:
    """Collect errors in the spaces of searches, each once, at the place of the search.

    Parameters
    ----------
    scenarios : iterable of Scenario
    words : mapping of str to Value
        The values that they come from, by lever.
    whole : Value
        The value that contains them; for a search that comes from the defaults.
    findings : Findings
    """
    pairs = {
        (one.modality, one["search"], one["model"])
        for one in scenarios
        if one.modality != "fusion" and "space" in one["search"].arguments
    }
    for modality, search, model in sorted(pairs, key=str):
        try:
            named = search.arguments["space"]
            read_space(find_option(modality, model), named, model.given)
        except UserError as error:
            place = _find_place(words.get("search", whole), search)
            for line in error.problems if isinstance(error, Problems) else (error,):
                message = f"search '{search.option}', model '{model.option}': {line}"
                findings.add(place, message)


def _find_place(value: Value, choice: Choice) -> Value:
    """Return where a choice is named; the whole if several have its option."""
    named = [
        entry.data[choice.option]
        for entry in value.list()
        if isinstance(entry.data, dict) and choice.option in entry.data
    ]
    return named[0] if len(named) == 1 else value


def _unique(
    scenarios: Iterable[Scenario], findings: Findings, path: Path
) -> tuple[tuple[Scenario, ...], tuple[str, ...]]:
    """Return each scenario once, and the names of duplicates.

    A hash collision of two codes is an error.
    """
    by_code: dict[str, Scenario] = {}
    remarks: dict[str, None] = {}
    for scenario in scenarios:
        other = by_code.setdefault(scenario.code, scenario)
        if other.choices != scenario.choices:
            findings.add(
                Value(None, str(path)),
                f"two different scenarios have the code '{scenario.code}'. "
                f"Change a parameter of one of them slightly.",
            )
        elif scenario.name and scenario.name != other.name:
            known = other.name or other.code
            remarks[
                f"'{scenario.name}' is the same scenario as '{known}': it runs once, as "
                f"'{known}'."
            ] = None
    return tuple(by_code.values()), tuple(remarks)
