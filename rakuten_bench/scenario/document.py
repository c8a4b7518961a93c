"""YAML with the line of every value, so that each mistake can be shown its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rakuten_bench.errors import UserError

_BOOL = "tag:yaml.org,2002:bool"


class _Loader(yaml.SafeLoader):
    """YAML 1.2's booleans only: `off` is an option's name here, not False."""


_Loader.yaml_implicit_resolvers = {
    letter: [pair for pair in pairs if pair[0] != _BOOL]
    for letter, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile("^(?:true|True|TRUE)$"), ["t", "T"])
_Loader.add_implicit_resolver(_BOOL, re.compile("^(?:false|False|FALSE)$"), ["f", "F"])


class Misplaced(UserError):
    """A value that can't stand where it does; its message begins with the place."""


@dataclass(frozen=True, slots=True, repr=False)
class Value:
    """A value of a file and its place.

    Attributes
    ----------
    data : scalar, list of Value or dict of str to Value
    where : str
        Such as "scenarios/grid.yaml:12".
    """

    data: Any
    where: str

    def __repr__(self) -> str:
        """Show what a user wrote, whatever a message takes it from."""
        return repr(self.plain())

    def plain(self) -> Any:
        """Return the value without places."""
        if isinstance(self.data, dict):
            return {key: value.plain() for key, value in self.data.items()}
        if isinstance(self.data, list):
            return [value.plain() for value in self.data]
        return self.data

    def items(self, what: str) -> dict[str, Value]:
        """Return the entries of a mapping.

        Raises
        ------
        Misplaced
            If it is none.
        """
        if not isinstance(self.data, dict):
            found = "a list" if isinstance(self.data, list) else repr(self.data)
            message = (
                f"{self.where}: {what} must be a mapping (key: value), not {found}."
            )
            raise Misplaced(message)
        return self.data

    def list(self) -> list[Value]:
        """Return the entries of a list; a single value is a list of one."""
        return self.data if isinstance(self.data, list) else [self]


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
        return _value(loader, node, path)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        message = f"{path}:{line}: is not valid YAML: {error.problem}."
        raise UserError(message) from None
    except yaml.YAMLError as error:
        message = f"{path}: is not valid YAML: {error}"
        raise UserError(message) from None
    except RecursionError:
        message = f"{path}: refers to itself by an alias (*), or is nested too deep."
        raise UserError(message) from None
    finally:
        loader.dispose()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        message = f"{path}: there is no such file. Name a scenario file (YAML)."
        raise UserError(message) from None
    except UnicodeDecodeError as error:
        message = f"{path}: cannot be read as UTF-8 text: {error}"
        raise UserError(message) from None
    except OSError as error:
        message = f"{path}: can't be read: {error.strerror or error}."
        raise UserError(message) from None


def _load(text: str, path: Path) -> _Loader:
    """Return what parses a text; it refuses control characters at once."""
    try:
        return _Loader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"{path}:{line}: is not valid YAML: {error.reason}."
        raise UserError(message) from None


def _value(loader: _Loader, node: yaml.Node, path: Path) -> Value:
    where = f"{path}:{node.start_mark.line + 1}"
    if isinstance(node, yaml.MappingNode):
        return Value(_entries(loader, node, path), where)
    if isinstance(node, yaml.SequenceNode):
        return Value([_value(loader, item, path) for item in node.value], where)
    return Value(loader.construct_object(node), where)


def _entries(loader: _Loader, node: yaml.MappingNode, path: Path) -> dict[str, Value]:
    loader.flatten_mapping(node)  # merge keys: "<<: *defaults"
    entries: dict[str, Value] = {}
    for key_node, value_node in node.value:
        key = str(loader.construct_object(key_node))
        if key in entries and entries[key].data is not None:
            line = key_node.start_mark.line + 1
            message = f"{path}:{line}: key '{key}' stands twice. Keep one."
            raise UserError(message)
        entries[key] = _value(loader, value_node, path)
    return entries
