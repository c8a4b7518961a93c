"""The reference of scenario files: every key with its type, from their JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rakuten_bench.scenario.schema import SPELLINGS

Schema = Mapping[str, Any]

_HEAD = """\
# Scenario file reference

Every key of a scenario file, generated from its [JSON Schema]({url}), which editors use too. [Scenario
files](../scenarios.md) explains them with examples; [Parameters of options](parameters.md) lists what
each option takes. Where a number or `true` is expected, texts such as `"1e-3"` and `yes` are read as one."""
_TYPES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
    "object": "mapping",
    "array": "list",
}
_BOUNDS = {
    "minimum": "≥",
    "exclusiveMinimum": ">",
    "maximum": "≤",
    "exclusiveMaximum": "<",
}


class Reference:
    """The pages of a schema.

    Parameters
    ----------
    schema : mapping
    url : str
        Where the site has the schema.
    """

    def __init__(self, schema: Schema, url: str) -> None:
        self.schema = schema
        self.url = url

    def render_keys(self) -> str:
        """Return the page of all keys."""
        properties = self.schema["properties"]
        parts = [_HEAD.format(url=self.url), self._table("key", properties)]
        for key in ("dataset", "split"):
            parts.append(f"## {key}\n\n{properties[key]['description']}")
            parts += self._entries(properties[key], "###")
        parts += [
            "## limits\n\nOf every step, or of the steps of one option: "
            "`limits: {time: 10m, model: {svc: {time: 1h}}}`.",
            self._table("key", self._find("limit")["properties"]),
            "## Levers of a scenario, a matrix and of defaults",
            "`scenarios` has one option for each lever, `matrix` one or a list, "
            "`defaults` one, for all modalities or below the name of one.",
        ]
        for modality in self._modalities:
            levers = self._find(f"{modality}.matrix")["properties"]
            parts += [f"### {modality}", self._table("key", levers)]
            members = self._find(f"{modality}.scenario")["properties"].keys() - levers
            parts += [f"A scenario may also have `{name}`." for name in sorted(members)]
        return "\n\n".join(parts) + "\n"

    def render_parameters(self) -> str:
        """Return the page of the parameters of all options."""
        parts = [
            "# Parameters of options",
            "What the options of each lever take, with types and defaults; in a matrix, a "
            "list of values is swept. [Levers](../levers.md) says what each option does. "
            "Options without parameters are left out.",
        ]
        for modality in self._modalities:
            parts.append(f"## {modality.capitalize()}")
            for lever in self._levers(modality):
                entries = [*self._entries(self._find(f"{modality}.{lever}"), "####")]
                parts += [f"### {modality}: `{lever}`", *entries] if entries else []
        return "\n\n".join(parts) + "\n"

    @property
    def _modalities(self) -> list[str]:
        names = self.schema["definitions"]
        return [name.partition(".")[0] for name in names if name.endswith(".matrix")]

    def _levers(self, modality: str) -> list[str]:
        known = self._find(f"{modality}.matrix")["properties"]
        return [name for name in known if f"{modality}.{name}" in self._definitions]

    @property
    def _definitions(self) -> Schema:
        found: Schema = self.schema["definitions"]
        return found

    def _find(self, name: str) -> Any:
        return self._definitions[name]

    def _entries(self, choice: Schema, level: str) -> Iterator[str]:
        """Yield a section for each option with parameters."""
        [named] = [one for one in _leaves(choice) if "properties" in one]
        for name, entry in named["properties"].items():
            [params] = [one for one in _leaves(entry) if one.get("type") != "null"]
            if params["properties"]:
                required = params.get("required", ())
                table = self._table("parameter", params["properties"], required)
                yield f"{level} `{name}`\n\n{entry['description']}\n\n{table}"

    def _table(
        self, head: str, properties: Schema, required: Iterable[str] = ()
    ) -> str:
        rows = [
            (
                f"`{name}`",
                self._say(one),
                _default(one, name in required),
                one.get("description", ""),
            )
            for name, one in properties.items()
        ]
        return _render_table((head, "type", "default", "meaning"), rows)

    def _say(self, schema: Schema) -> str:
        """Return a type in words."""
        if "$ref" in schema:
            return self._say_named(schema["$ref"].rpartition("/")[2])
        if "const" in schema or "enum" in schema:
            values = schema.get("enum", [schema.get("const")])
            return ", ".join(f"`{one}`" for one in values)
        if "anyOf" in schema:
            known = [one for one in schema["anyOf"] if one not in SPELLINGS.values()]
            words = [self._say(one) for one in _without_lists(known)]
            return " or ".join(dict.fromkeys(word for word in words if word))
        return self._say_plain(schema)

    def _say_named(self, name: str) -> str:
        modality, _, lever = name.partition(".")
        if lever and lever not in ("combination", "scenario", "matrix"):
            return f"[option](../levers.md#{modality}-{lever})"
        if name == "limit":
            return "[limits](#limits)"
        named = self._find(name)
        if lever or "if" in named:
            return "levers"
        keys = ", ".join(named.get("properties", ()))
        return f"mapping ({keys})" if keys and len(keys) < 60 else "mapping"

    def _say_plain(self, schema: Schema) -> str:
        kinds = schema.get("type", "any value")
        if isinstance(kinds, list):
            return " or ".join(_TYPES[kind] for kind in kinds if kind != "null")
        bounds = [f"{_BOUNDS[key]} {schema[key]}" for key in _BOUNDS if key in schema]
        words = ", ".join([_TYPES.get(kinds, kinds), *bounds])
        return self._say_list(schema) if kinds == "array" else words

    def _say_list(self, schema: Schema) -> str:
        items = schema.get("items", {})
        if isinstance(items, list):
            return f"list of {len(items)}: {', '.join(map(self._say, items))}"
        return f"list of {self._say(items)}"


def _default(schema: Schema, is_required: bool) -> str:
    if is_required or "default" not in schema:
        return "required" if is_required else ""
    return f"`{json.dumps(schema['default'], ensure_ascii=False)}`"


def _render_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown, without empty columns."""
    columns = [
        [title, "---", *(cell.replace("|", "\\|") for cell in cells)]
        for title, *cells in zip(head, *rows, strict=True)
        if any(cells)
    ]
    lines = zip(*columns, strict=True)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _leaves(schema: Schema) -> list[Any]:
    """Return the alternatives of a schema, however deep."""
    if "anyOf" not in schema:
        return [schema]
    return [leaf for one in schema["anyOf"] for leaf in _leaves(one)]


def _without_lists(schemas: list[Any]) -> list[Any]:
    """Leave out null, and lists of what the first alternative is: a matrix sweeps them."""
    first = schemas[0]
    return (
        [
            one
            for one in schemas
            if one != {"type": "null"} and (one is first or one.get("items") != first)
        ]
        if len(schemas) > 1
        else schemas
    )
