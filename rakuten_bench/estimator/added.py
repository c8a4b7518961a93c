"""An estimator that was added to a study from Python, as the text of a module.

The text has all that decides the results as a constant, which is part of the key: the
parameters, the classes and functions by name, or those of a script or notebook by their
code. The pickled object is its docstring, which is not: pickles of one object differ
between sessions.
"""

from __future__ import annotations

import base64
import hashlib
import json
import pickle
import sys
from collections.abc import Mapping
from functools import singledispatchmethod
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from rakuten_bench.errors import UserError, listed

#: What a function or class of a script or notebook leaves in a module's text.
BY_VALUE = "DEFINED_IN_SCRIPT"
_SCRIPTS = ("__main__", "__mp_main__")
_SKIPPED = ("__dict__", "__weakref__", "__doc__", "__module__", "__qualname__")


def write_module(estimator: Any) -> str:
    """Return the text of a module that defines an estimator, a class or a function.

    Parameters
    ----------
    estimator : estimator, class or function
        As `estimator.own.make_estimator` takes it.

    Raises
    ------
    UserError
        If it can't be sent to workers, or not be said what it depends on.
    """
    described = _Description()
    facts = json.dumps(described.of(estimator), sort_keys=True)
    imports = sorted(described.modules)
    return "\n".join(
        [
            f'"""{_pack(estimator)}"""',
            *(f"import {module}" for module in imports),
            "from rakuten_bench.estimator.added import unpack",
            f"FACTS = {facts!r}",
            f"{BY_VALUE} = {sorted(described.by_value)!r}",
            "estimator = unpack(__doc__)",
            "",
        ]
    )


def _pack(value: Any) -> str:
    from joblib import wrap_non_picklable_objects

    try:
        wrapped = wrap_non_picklable_objects([value], keep_wrapper=False)
        return base64.b64encode(pickle.dumps(wrapped)).decode()
    except Exception as error:  # of any object inside
        message = (
            f"the estimator can't be sent to worker processes: {error}. Define it in a "
            f"file: model: {{estimator: {{path: my_models.make}}}}."
        )
        raise UserError(message) from error


def unpack(text: str) -> Any:
    """Return the estimator of a docstring: a pickle from the user's own cache."""
    return pickle.loads(base64.b64decode(text))[0]


class _Description:
    """Says what an object depends on, the same in each session.

    Attributes
    ----------
    modules : set of str
        Modules whose objects it uses by name.
    by_value : set of str
        Names of functions and classes that no other process can import.
    """

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.by_value: set[str] = set()
        self._seen: dict[int, int] = {}
        self._kept: list[object] = []  # an id must not be given again

    def of(self, value: Any) -> Any:
        """Return a description as JSON values."""
        if value is None or isinstance(value, str | int | float | bool):
            return value if not isinstance(value, float) else repr(value)
        if id(value) in self._seen:
            return f"#{self._seen[id(value)]}"
        self._seen[id(value)] = len(self._seen)
        self._kept.append(value)
        return self._reference(value) or self._describe(value)

    def _reference(self, value: Any) -> str:
        """Return "module:name" if other processes can import it; else ""."""
        module = getattr(value, "__module__", None)
        name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
        if not isinstance(module, str) or not isinstance(name, str):
            return ""
        found: Any = sys.modules.get(module) if module not in _SCRIPTS else None
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is not value:
            return ""
        if module.partition(".")[0] not in sys.stdlib_module_names:
            self.modules.add(module)
        return f"{module}:{name}"

    @singledispatchmethod
    def _describe(self, value: Any) -> Any:
        """Return an object's class and state."""
        if hasattr(value, "get_params"):
            state = value.get_params(deep=False)
        elif hasattr(value, "__dict__"):
            state = vars(value)
        else:
            state = self._digest(value)
        return [self.of(type(value)), self.of(state)]

    def _digest(self, value: Any) -> str:
        try:
            return hashlib.blake2b(pickle.dumps(value), digest_size=16).hexdigest()
        except Exception as error:
            kind = type(value).__name__
            message = (
                f"the estimator uses a {kind}, whose content can't be part of a key "
                f"({error}). Define the estimator in a file: model: {{estimator: "
                f"{{path: my_models.make}}}}."
            )
            raise UserError(message) from error

    @_describe.register(list | tuple)
    def _(self, value: list[Any] | tuple[Any, ...]) -> Any:
        return [type(value).__name__, *map(self.of, value)]

    @_describe.register(set | frozenset)
    def _(self, value: set[Any] | frozenset[Any]) -> Any:
        return ["set", *sorted(map(repr, map(self.of, sorted(value, key=repr))))]

    @_describe.register(Mapping)
    def _(self, value: Mapping[Any, Any]) -> Any:
        pairs = sorted(value.items(), key=lambda pair: repr(pair[0]))
        return ["map", *([self.of(key), self.of(one)] for key, one in pairs)]

    @_describe.register(bytes | np.generic)
    def _(self, value: Any) -> Any:
        return repr(value)

    @_describe.register(np.ndarray)
    def _(self, value: np.ndarray[Any, Any]) -> Any:
        return ["array", self._digest(value)]

    @_describe.register(ModuleType)
    def _(self, value: ModuleType) -> Any:
        if value.__name__.partition(".")[0] not in sys.stdlib_module_names:
            self.modules.add(value.__name__)
        return f"module {value.__name__}"

    @_describe.register(MethodType)
    def _(self, value: MethodType) -> Any:
        return ["method", self.of(value.__self__), value.__name__]

    @_describe.register(property)
    def _(self, value: property) -> Any:
        return ["property", *map(self.of, (value.fget, value.fset, value.fdel))]

    @_describe.register(staticmethod | classmethod)
    def _(self, value: Any) -> Any:
        return [type(value).__name__, self.of(value.__func__)]

    @_describe.register(type)
    def _(self, value: type) -> Any:
        self.by_value.add(value.__qualname__.partition(".")[0])
        own = {
            name: one for name, one in vars(value).items() if self._counts(name, one)
        }
        return ["class", self.of(list(value.__bases__)), self.of(own)]

    @staticmethod
    def _counts(name: str, value: object) -> bool:
        """Return whether an attribute of a class is the user's, not made by a library."""
        library = type(value).__module__.partition(".")[0]
        made = library not in ("builtins", *_SCRIPTS) and not isinstance(
            value, np.generic | np.ndarray
        )
        is_hidden = name in _SKIPPED or name.startswith(
            ("_sklearn", "_abc", "__static")
        )
        return not made and not is_hidden and name != "__firstlineno__"

    @_describe.register(FunctionType)
    def _(self, value: FunctionType) -> Any:
        wrapped = getattr(value, "__wrapped__", None)
        if wrapped is not None:
            return self.of(wrapped)
        self.by_value.add(value.__qualname__.partition(".")[0])
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        names = sorted(_names(value.__code__) & value.__globals__.keys())
        used = {name: value.__globals__[name] for name in names}
        parts = (value.__defaults__, value.__kwdefaults__, cells, used)
        return ["function", self.of(value.__code__), *map(self.of, parts)]

    @_describe.register(CodeType)
    def _(self, value: CodeType) -> Any:
        counts = value.co_argcount, value.co_posonlyargcount, value.co_kwonlyargcount
        names = value.co_names, value.co_varnames, value.co_freevars
        constants = [self.of(one) for one in value.co_consts]
        return ["code", value.co_code.hex(), *counts, *map(list, names), constants]


def _names(code: CodeType) -> set[str]:
    """Return the names that a function's code looks up, nested functions included."""
    nested = (one for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*map(_names, nested))


def refuse_script(names: list[str], subject: str) -> None:
    """Refuse to write a model whose classes no other process can import.

    Raises
    ------
    UserError
    """
    if names:
        message = (
            f"{subject}: uses {listed(names)}, defined in a script or notebook: no other "
            f"program could load the model. Define it in a file, and add it by "
            f"model: {{estimator: {{path: my_models.make}}}}."
        )
        raise UserError(message)
