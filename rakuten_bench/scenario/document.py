"""YAML with the line of every value, for error messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rakuten_bench.errors import UserError
from rakuten_bench.plain import read_plain
from rakuten_bench.registry.value import spell

_BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float"))
_MERGE = "tag:yaml.org,2002:merge"
_COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_LEFT_OUT = (_BOOL, _INT, _FLOAT, "tag:yaml.org,2002:timestamp")

#: Values that aliases may expand to: ten short lines can produce billions.
_MAX_VALUES = 1_000_000

#: Maximum size of a scenario file; the largest of ours has a few thousand bytes.
_MAX_SIZE = 4_000_000

_DIGITS = "[0-9]+(?:_[0-9]+)*"
_EXPONENT = "(?:[eE][-+]?[0-9]+)"


class _Loader(yaml.SafeLoader):
    """YAML 1.2's booleans and numbers, and no dates.

    `off` is an option's name here, not False; 010 is 10, not 8; 12:30 is a text, not 750;
    1e-3 is a number.
    """


_Loader.yaml_implicit_resolvers = {
    letter: [pair for pair in pairs if pair[0] not in _LEFT_OUT]
    for letter, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile("^(?:true|True|TRUE)$"), ["t", "T"])
_Loader.add_implicit_resolver(_BOOL, re.compile("^(?:false|False|FALSE)$"), ["f", "F"])
_Loader.add_implicit_resolver(
    _INT,
    re.compile(f"^(?:[-+]?{_DIGITS}|0o[0-7]+|0x[0-9a-fA-F]+)$"),
    list("-+0123456789"),
)
_Loader.add_implicit_resolver(
    _FLOAT,
    re.compile(
        rf"^[-+]?(?:{_DIGITS}{_EXPONENT}|{_DIGITS}\.(?:{_DIGITS})?{_EXPONENT}?"
        rf"|\.{_DIGITS}{_EXPONENT}?|\.(?:inf|Inf|INF))$|^\.(?:nan|NaN|NAN)$"
    ),
    list("-+.0123456789"),
)


def _construct_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node)
    return int(text, 0 if text[:2] in ("0o", "0x") else 10)


def _construct_float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    text = loader.construct_scalar(node).lower()
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


_Loader.add_constructor(_INT, _construct_int)
_Loader.add_constructor(_FLOAT, _construct_float)


class Misplaced(UserError):
    """A value of the wrong kind; the message begins with its place."""


@dataclass(frozen=True, slots=True, repr=False)
class Value:
    """A value of a file and its place.

    Attributes
    ----------
    data : scalar, list of Value or dict of str to Value
    where : str
        Such as "scenarios/grid.yaml:12".
    text : str
        A scalar as written, without its quotes: 1.50 and 010 can be names.
    size : int
        Number of values in it, aliases expanded.
    """

    data: Any
    where: str
    text: str = ""
    size: int = 1

    def __repr__(self) -> str:
        """Return the value as the user wrote it, for messages."""
        return repr(self.plain())

    def plain(self, wanted: Any = Any) -> Any:
        """Return the value without places, texts as written where the type expects a text."""
        if wanted is not Any:
            return spell(self.plain(), self.written(), wanted)
        if isinstance(self.data, dict):
            return {key: value.plain() for key, value in self.data.items()}
        if isinstance(self.data, list):
            return [value.plain() for value in self.data]
        return self.data

    def written(self) -> Any:
        """Return the value without places, every scalar as its text."""
        if isinstance(self.data, dict):
            return {key: value.written() for key, value in self.data.items()}
        if isinstance(self.data, list):
            return [value.written() for value in self.data]
        return self.data if isinstance(self.data, str) else self.text

    def items(self, what: str) -> dict[str, Value]:
        """Return the entries of a mapping; none if it is empty.

        Raises
        ------
        Misplaced
            If it is not a mapping.
        """
        if self.data is None:
            return {}
        if not isinstance(self.data, dict):
            found = "a list" if isinstance(self.data, list) else f"'{self.text}'"
            message = (
                f"{self.where}: {what} must be a mapping (key: value), not {found}."
            )
            raise Misplaced(message)
        return self.data

    def list(self) -> list[Value]:
        """Return the entries of a list; a single value is a list of one."""
        return self.data if isinstance(self.data, list) else [self]

    def entries(self) -> tuple[Value, ...]:
        """Return the entries of a list; none if it is empty."""
        return () if self.data is None else tuple(self.list())


def from_python(data: object, where: str) -> Value:
    """Return Python values as those of a file.

    Parameters
    ----------
    data : scalar, sequence or mapping
    where : str
        Name of the value, for messages.

    Raises
    ------
    UserError
        If it contains itself, or a value that no scenario file can have.
    """
    try:
        return _from_python(data, where)
    except RecursionError:
        message = f"{where}: is nested too deeply."
        raise UserError(message) from None


def _from_python(data: object, where: str) -> Value:
    if isinstance(data, Mapping):
        entries = {
            str(key): _from_python(value, f"{where}.{key}")
            for key, value in data.items()
        }
        return Value(entries, where)
    if isinstance(data, list | tuple):
        return Value([_from_python(item, where) for item in data], where)
    if isinstance(data, Path):
        data = str(data)
    if hasattr(data, "item") and getattr(data, "ndim", None) == 0:
        data = data.item()  # a scalar of NumPy
    if not isinstance(data, str | int | float | bool | None):
        message = (
            f"{where}: values of type '{type(data).__name__}' are not supported. Use "
            f"texts, numbers, booleans, lists and dicts."
        )
        raise Misplaced(message)
    is_word = isinstance(data, bool) or data is None
    return Value(data, where, str(data).lower() if is_word else str(data))


def load_document(path: Path) -> Value:
    """Read one YAML file.

    Raises
    ------
    UserError
        If it cannot be read or is not YAML; names file and line.
    """
    loader = _load(_read(path), path)
    try:
        node = loader.get_single_node()
        if node is None:
            return Value({}, f"{path}:1")
        return _Builder(loader, path).build(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        message = f"{path}:{line}: is not valid YAML: {error.problem}."
        raise UserError(message) from None
    except yaml.YAMLError as error:
        message = f"{path}: is not valid YAML: {error}"
        raise UserError(message) from None
    except RecursionError:
        message = f"{path}: is nested too deeply."
        raise UserError(message) from None
    finally:
        loader.dispose()


def _read(path: Path) -> str:
    try:
        return read_plain(path, _MAX_SIZE).decode("utf-8-sig")
    except FileNotFoundError:
        message = f"{path}: file not found. Name a scenario file (YAML)."
        raise UserError(message) from None
    except UnicodeDecodeError as error:
        message = f"{path}: cannot be read as UTF-8 text: {error}"
        raise UserError(message) from None
    except OSError as error:
        message = f"{path}: can't be read: {error.strerror or error}."
        raise UserError(message) from None
    except ValueError:  # a null character in the path
        message = f"{str(path)[:_SHOWN]!a}: is not a path. Name a scenario file (YAML)."
        raise UserError(message) from None


def _load(text: str, path: Path) -> _Loader:
    """Return a parser of a text; it rejects control characters immediately."""
    try:
        return _Loader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"{path}:{line}: is not valid YAML: {error.reason}."
        raise UserError(message) from None


class _Builder:
    """Builds the values of a file's nodes, each once even if aliased."""

    def __init__(self, loader: _Loader, path: Path) -> None:
        self.loader = loader
        self.path = path
        self.known: dict[int, Value] = {}
        self.open: set[int] = set()

    def build(self, node: yaml.Node) -> Value:
        """Return the value of a node.

        Raises
        ------
        UserError
            If it contains itself, or aliases make it too large.
        """
        if id(node) in self.known:
            return self.known[id(node)]
        if id(node) in self.open:
            raise self._error(node, "refers to itself by an alias (*). Remove it.")
        self.open.add(id(node))
        value = self._build(node)
        self.open.discard(id(node))
        if value.size > _MAX_VALUES:
            why = f"aliases (*) expand to {value.size:,} values. Use fewer."
            raise self._error(node, why)
        self.known[id(node)] = value
        return value

    def _build(self, node: yaml.Node) -> Value:
        where = self._where(node)
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _COLLECTIONS:
            raise self._error(node, f"tag '{node.tag}' is not supported. Remove it.")
        if isinstance(node, yaml.MappingNode):
            entries = self._entries(node)
            size = 1 + sum(value.size for value in entries.values())
            return Value(entries, where, size=size)
        if isinstance(node, yaml.SequenceNode):
            items = [self.build(item) for item in node.value]
            return Value(items, where, size=1 + sum(item.size for item in items))
        return self._scalar(node)

    def _scalar(self, node: yaml.Node) -> Value:
        text = self._text(node)
        try:
            data = self.loader.construct_object(node)
        except ValueError as error:  # more digits than Python reads
            raise self._error(node, f"'{text:.20}' can't be read: {error}.") from None
        return Value(data, self._where(node), text)

    def _entries(self, node: yaml.MappingNode) -> dict[str, Value]:
        """Return the entries of a mapping; they override merged ones (<<)."""
        own: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged = self._merged(value_node) | merged
                continue
            key = self._key(key_node)
            if key in own:
                raise self._error(key_node, f"duplicate key '{key}'. Keep one.")
            own[key] = self.build(value_node)
        return merged | own

    def _merged(self, node: yaml.Node) -> dict[str, Value]:
        """Return the entries of the mappings that `<<` names; the first has priority."""
        merged: dict[str, Value] = {}
        for one in self.build(node).list():
            if not isinstance(one.data, dict):
                why = "'<<' needs a mapping, such as *defaults, or a list of mappings."
                raise self._error(node, why)
            merged = one.data | merged
        return merged

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._error(node, "a key must be a name, not a list or a mapping.")
        return self._text(node)

    def _text(self, node: yaml.Node) -> str:
        """Return a scalar as written: names are not numbers."""
        text = str(node.value)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            shown = ascii(text[:_SHOWN])
            raise self._error(node, f"{shown} has an unpaired surrogate. Retype it.")
        return text

    def _where(self, node: yaml.Node) -> str:
        return f"{self.path}:{node.start_mark.line + 1}"

    def _error(self, node: yaml.Node, why: str) -> UserError:
        return UserError(f"{self._where(node)}: {why}")


_SHOWN = 40  # characters of a text in a message


class _Dumper(yaml.SafeDumper):
    """Quotes what the loader would not read as the same text."""


_Dumper.yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _represent_text)


def dump_inline(value: object) -> str:
    """Return a value as YAML on one line; `load_document` reads it as the same value.

    >>> dump_inline({"normalizer": ["off", "a: b", "010"]})
    "{normalizer: [off, 'a: b', '010']}"
    """
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        default_flow_style=True,
        allow_unicode=True,
        sort_keys=False,
        width=float("inf"),
    )
    return text.removesuffix("\n").removesuffix("\n...")
