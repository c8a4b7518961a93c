"""A JSON Schema of scenario files, for the completion and the checks of editors.

It is made of what `scenario.load` checks a file with: its keys, the registered options,
data sets and splits, and the types of their parameters. It refuses wrong names and
types; what depends on other values, such as a fusion's members, only loading checks.
Whatever a file may spell in another way (numbers in quotes, yes for true) is valid.

Of draft 7, which the YAML servers of all editors know.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from rakuten_bench.data.spec import DATASETS, SPLITS
from rakuten_bench.metric import METRICS
from rakuten_bench.registry import (
    LEVERS,
    Lever,
    Parameter,
    Registered,
    discover,
    iter_levers,
)
from rakuten_bench.registry.value import NUMBER, SWITCH
from rakuten_bench.scenario.load import HOLDERS, KEYS, StudySpec
from rakuten_bench.types import Modality
from rakuten_bench.units import DURATION, SIZE

Schema: TypeAlias = dict[str, Any]

#: Where the documentation site has the schema of the latest release.
URL = "https://rakuten-bench.github.io/rakuten-bench/scenario.schema.json"

_DIALECT = "http://json-schema.org/draft-07/schema#"
_NAME: Schema = {"type": ["string", "number"]}
_LIMITS: Mapping[str, Schema] = {
    "time": {
        "description": "Seconds of wall clock, or a duration such as 10m or 1h30m.",
        "anyOf": [
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "string", "pattern": rf"^\s*(?:{DURATION})\s*$"},
        ],
    },
    "memory": {
        "description": "A size such as 6GB or 512MiB.",
        "type": "string",
        "pattern": rf"^\s*(?:{SIZE})\s*$",
    },
}


def build_schema() -> Schema:
    """Return the JSON Schema of a scenario file, with the options of plugins."""
    discover()
    defaults = _find_defaults()
    properties = {
        key: {
            "description": meaning,
            **_or_null(_KEYS[key]()),
            **({"default": defaults[key]} if key in defaults else {}),
        }
        for key, meaning in KEYS.items()
    }
    starts = "|".join(map(re.escape, HOLDERS))
    return {
        "$schema": _DIALECT,
        "$id": URL,
        "title": "Scenario file of rakuten-bench",
        **_mapping(properties),
        "patternProperties": {f"^(?:{starts})": True},
        "definitions": dict(_iter_definitions()),
    }


def render_schema() -> str:
    """Return the JSON Schema of a scenario file as JSON."""
    return json.dumps(build_schema(), indent=1, ensure_ascii=False) + "\n"


def _find_defaults() -> dict[str, object]:
    study = StudySpec(Path())
    return {
        "dataset": study.dataset.name,
        "split": study.split.scheme,
        "metric": study.metric,
        "seed": study.seed,
    }


def _iter_definitions() -> Iterator[tuple[str, Schema]]:
    yield "limit", _mapping(_LIMITS)
    for modality, lever in _iter_all():
        yield f"{modality}.{lever.name}", _choice(lever.options(modality))
    for modality in LEVERS:
        yield f"{modality}.combination", _mapping(_choices(modality, maxItems=1))
        yield f"{modality}.scenario", _scenario(modality)
        yield f"{modality}.matrix", _matrix(modality)
    for form in ("combination", "scenario", "matrix"):
        yield form, _by_modality(form)
    yield "limits", _limits()
    types = [one.type for entry in _entries() for one in entry.parameters.values()]
    structs = msgspec.json.schema_components(types, ref_template=_REFERENCE)[1]
    yield from ((name, _loosen(struct)) for name, struct in structs.items())


def _entries() -> Iterator[Registered]:
    for modality, lever in _iter_all():
        yield from lever.options(modality)
    yield from DATASETS
    yield from SPLITS


_REFERENCE = "#/definitions/{name}"


def _ref(name: str) -> Schema:
    return {"$ref": _REFERENCE.format(name=name)}


def _mapping(properties: Mapping[str, Schema], **rest: object) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
        **rest,
    }


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _one_or_list(schema: Schema, **bounds: int) -> Schema:
    """Return the schema of a value or a list of values."""
    return {"anyOf": [schema, {"type": "array", "items": schema, **bounds}]}


def _choice(entries: Iterable[Registered], *, sweeps: bool = True) -> Schema:
    """Return the schema of a name, or of a name with its parameters.

    Parameters
    ----------
    entries : iterable of Registered
    sweeps : bool
        Whether a parameter may have a list of values, and several names may be given.
    """
    known = {entry.name: entry for entry in entries}
    plain = {name: one for name, one in known.items() if not _required(one)}
    names = {
        "enum": [*plain],
        "enumDescriptions": [entry.doc for entry in plain.values()],
    }
    params = {name: _params(entry, sweeps) for name, entry in known.items()}
    most = {} if sweeps else {"maxProperties": 1}
    return {"anyOf": [names, _mapping(params, minProperties=1, **most)]}


def _required(entry: Registered) -> list[str]:
    return [one.name for one in entry.parameters.values() if one.is_required]


def _params(entry: Registered, sweeps: bool) -> Schema:
    """Return the schema of an entry's parameters."""
    meanings = read_meanings(entry.function)
    properties = {
        name: _parameter(one, meanings.get(name, ""), sweeps)
        for name, one in entry.parameters.items()
    }
    required = _required(entry)
    schema = _mapping(properties, **({"required": required} if required else {}))
    return {"description": entry.doc, **(schema if required else _or_null(schema))}


def _parameter(parameter: Parameter, meaning: str, sweeps: bool) -> Schema:
    [schema], _ = msgspec.json.schema_components(
        [parameter.type], ref_template=_REFERENCE
    )
    value = _loosen(schema)
    default = msgspec.to_builtins(parameter.default, enc_hook=str)
    return {
        **({"description": meaning} if meaning else {}),
        **(_one_or_list(value, minItems=1) if sweeps and value else value),
        **({} if parameter.is_required else {"default": default}),
    }


def read_meanings(function: Callable[..., Any]) -> dict[str, str]:
    """Return what the docstring of a function says of its parameters, by name.

    >>> def fit(rows, low, high):
    ...     '''Fit.
    ...
    ...     Parameters
    ...     ----------
    ...     low, high : float
    ...         Bounds of the
    ...         values.
    ...     '''
    >>> read_meanings(fit)
    {'low': 'Bounds of the values.', 'high': 'Bounds of the values.'}
    """
    text = inspect.getdoc(function) or ""
    section = re.search(
        r"^Parameters\n-+\n(.*?)(?=\n\n|\Z)", text, re.MULTILINE | re.DOTALL
    )
    found = re.findall(
        r"^(\w[\w, ]*?)(?: : .*)?\n((?:^ +.*\n?)+)",
        section[1] if section else "",
        re.MULTILINE,
    )
    return {
        name: " ".join(meaning.split())
        for names, meaning in found
        for name in names.split(", ")
    }


def _loosen(schema: Any) -> Any:
    """Return msgspec's schema of a type, with the other spellings of its values.

    A tuple becomes a list of items: `prefixItems` is not in draft 7.
    """
    if isinstance(schema, list):
        return [_loosen(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {
        "items" if key == "prefixItems" else key: _loosen(value)
        for key, value in schema.items()
        if key != "items" or "prefixItems" not in schema
    }
    other = SPELLINGS.get(str(inner.get("type")))
    return {"anyOf": [inner, other]} if other else inner


def _any_case(word: str) -> str:
    return "".join(f"[{letter}{letter.upper()}]" for letter in word)


_NUMERAL: Schema = {"type": "string", "pattern": rf"^\s*(?:{NUMBER})\s*$"}
#: By type: how else its values may be written.
SPELLINGS: Mapping[str, Schema] = {
    "string": {"type": ["number", "boolean", "null"]},
    "integer": _NUMERAL,
    "number": _NUMERAL,
    "boolean": {
        "type": "string",
        "pattern": rf"^\s*(?:{'|'.join(map(_any_case, SWITCH))})\s*$",
    },
}


def _choices(modality: Modality, **bounds: int) -> dict[str, Schema]:
    """Return the schema of each lever: one option, or a list of some length."""
    return {
        lever.name: {
            "description": _sentence(lever.doc),
            **_one_or_list(_ref(f"{modality}.{lever.name}"), minItems=1, **bounds),
        }
        for lever in LEVERS[modality]
    }


def _sentence(doc: str) -> str:
    return f"{doc[0].upper()}{doc[1:]}."


def _scenario(modality: Modality) -> Schema:
    members = {"members": _one_or_list(_entry())} if modality == "fusion" else {}
    return _mapping(
        {**_choices(modality, maxItems=1), **_own(modality), **members}, minProperties=1
    )


def _matrix(modality: Modality) -> Schema:
    part = _or_null(_one_or_list(_ref(f"{modality}.combination")))
    return _mapping(
        {
            **_choices(modality),
            **_own(modality),
            "include": {
                "description": "Levers for the combinations that they do not "
                "contradict, else combinations of their own.",
                **part,
            },
            "exclude": {"description": "Combinations to leave out.", **part},
        }
    )


def _own(modality: Modality) -> dict[str, Schema]:
    """Return what scenarios and matrices have beside levers."""
    return {
        "modality": {
            "description": "Needed only if the levers belong to several.",
            "const": modality,
        },
        "limits": _ref("limit"),
    }


def _by_modality(form: str) -> Schema:
    """Return the schema of a mapping whose keys say which modality it has.

    Its properties are those of all modalities, for completion.
    """
    first, *others = LEVERS
    chosen = _ref(f"{first}.{form}")
    for modality in reversed(others):
        chosen = {
            "if": {"anyOf": [*_signs(modality)]},
            "then": _ref(f"{modality}.{form}"),
            "else": chosen,
        }
    known = {
        lever.name: {"description": _sentence(lever.doc)} for lever in iter_levers()
    }
    return {"type": "object", "properties": known, **chosen}


def _signs(modality: Modality) -> Iterator[Schema]:
    """Yield what makes a mapping one of a modality: its name, or a lever of its own."""
    yield {
        "required": ["modality"],
        "properties": {"modality": {"const": modality}},
    }
    for name in _own_levers(modality):
        yield {"required": [name]}


def _own_levers(modality: Modality) -> list[str]:
    others = {lever.name for name, lever in _iter_all() if name != modality}
    return [lever.name for lever in LEVERS[modality] if lever.name not in others]


def _entry() -> Schema:
    """Return the schema of a scenario: a code, a name, or levers."""
    return {"anyOf": [_NAME, _ref("scenario")]}


def _limits() -> Schema:
    levers: dict[str, dict[str, Schema]] = {}
    for modality, lever in _iter_all():
        names = [option.name for option in lever.options(modality)]
        levers.setdefault(lever.name, {}).update(dict.fromkeys(names, _ref("limit")))
    return _mapping(
        {**_LIMITS, **{name: _mapping(one) for name, one in levers.items()}}
    )


def _iter_all() -> Iterator[tuple[Modality, Lever]]:
    for modality, levers in LEVERS.items():
        yield from ((modality, lever) for lever in levers)


def _defaults() -> Schema:
    nested = _mapping(
        {modality: _ref(f"{modality}.combination") for modality in LEVERS}
    )
    return {
        "type": "object",
        "properties": dict.fromkeys(LEVERS, True),
        "if": {"anyOf": [{"required": [modality]} for modality in LEVERS]},
        "then": nested,
        "else": _ref("combination"),
    }


def _scenarios() -> Schema:
    entry = _entry()
    return {
        "anyOf": [
            {"type": "object", "additionalProperties": entry},
            {"type": "array", "items": entry},
        ]
    }


_KEYS: Mapping[str, Callable[[], Schema]] = {
    "title": lambda: _NAME,
    "dataset": lambda: _choice(DATASETS, sweeps=False),
    "split": lambda: _choice(SPLITS, sweeps=False),
    "metric": lambda: {"enum": [*METRICS]},
    "seed": lambda: {"anyOf": [{"type": "integer", "minimum": 0}, _NUMERAL]},
    "limits": lambda: _ref("limits"),
    "defaults": _defaults,
    "matrix": lambda: _one_or_list(_ref("matrix")),
    "scenarios": _scenarios,
    "include": lambda: _one_or_list(_NAME),
    "plugins": lambda: _one_or_list(_NAME),
}
