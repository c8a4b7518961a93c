"""The table of contents: the levers in order, and the decorator for their options.

A lever is a folder `rakuten_bench/levers/<lever>/`. An option is one function or class
in one file of that folder, under the lever's decorator:

    @NORMALIZER.option("stem_snowball", digit="1", needs="PyStemmer")
    def stem_snowball(tokens: list[str], language: str) -> list[str]:
        '''Cut words to their stem (Snowball, by PyStemmer).'''

Arguments without a default are data, arguments named in `GIVEN` are filled in by the
harness, and all others are the option's parameters: their names, types and defaults
are read from the signature. The first line of the docstring is what the user reads.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import os
import pkgutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Literal

import msgspec

from rakuten_bench.errors import MissingPackage, UserError, unknown
from rakuten_bench.types import Choices as Choices
from rakuten_bench.types import Dimension as Dimension
from rakuten_bench.types import Effort as Effort
from rakuten_bench.types import Integer as Integer
from rakuten_bench.types import Modality, Space
from rakuten_bench.types import Real as Real

#: What the harness fills in where an option's signature names it.
#: `folder` is a path of the step's own where unfinished work outlives a kill.
GIVEN = frozenset(
    {"language", "random_state", "n_jobs", "device", "n_classes", "folder"}
)

#: Group of entry points under which other packages name modules with options or data
#: sets of their own: importing one registers them.
PLUGINS = "rakuten_bench.plugins"

#: How a step applies an option: `map` needs no labels and no folds (the lever's own
#: `apply` does it); the others learn, on training rows only. `transform` fits and
#: transforms, `resample` changes the training rows, `estimate` fits and predicts,
#: `cluster` does so without ever seeing a label and predicts cluster numbers, `search`
#: estimates after choosing parameters, `fuse` joins predictions.
StepKind = Literal[
    "map", "transform", "resample", "estimate", "cluster", "search", "fuse"
]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an option, read from its signature."""

    name: str
    default: Any
    type: Any

    def convert(self, value: Any) -> Any:
        """Return the value in the declared type, lists as tuples.

        Raises
        ------
        UserError
            If the value does not fit the declared type.
        """
        try:
            return msgspec.convert(value, self.type)
        except msgspec.ValidationError as error:
            message = f"parameter '{self.name}': {value!r} does not fit: {error}"
            raise UserError(message) from None


@dataclass(frozen=True, eq=False)
class Option:
    """One value of a lever.

    Attributes
    ----------
    needs : tuple of str
        Distributions (PyPI names) that it imports; their versions are part of the key
        of its results, and a missing one is refused when the plan is made. Where one
        stands for another, both are named: "xgboost-cpu|xgboost".
    extra : str
        The extra of this project that installs them; "" where the core does.
    space : mapping
        Default search space of a model's parameters.
    reads, writes : tuples of str
        Slots, where they differ from the lever's.
    tags, refuses : frozensets of str
        A scenario with an option that refuses a tag of another of its options is
        impossible: multinomial_nb refuses "signed", svd is tagged "signed". What
        learns from labels (chi2) is tagged "labels": options of kind `cluster` refuse
        it, and every resampling and search, without saying so.
    wants : frozenset of str
        Tags that what it reads must have: a network for images wants "pixels", and is
        impossible after another feature, or a reducer, that is not tagged so.
    tags_by : callable or None
        Gives the tags that depend on parameters, from a mapping with all of them.
    prepare : Option or None
        An inner option, made by `Lever.preparation`, that runs first and whose value
        this option gets in place of the slots. It runs once for all options that share
        it; one of kind `map` needs no labels and no folds and runs once for all. Its
        parameters are given and shown as this option's own.
    combines : str
        Name of the parameter that lists other options of the same lever; this option
        gets a `types.Blocks` of their values in place of the slots.
    file, variable : str
        Name of the parameter that names a file or folder which it reads, or several,
        or packages in their place, and of the environment variable that stands in for
        it: what is there is then part of the key of its results.
    finds : callable or None
        Returns the files and folders that it finds without being told; they count in
        the key as `file` does, those that are not there by nothing.
    effort : Effort or None
        What it takes, where `plan` should warn of it.
    lacks : callable or None
        Says what it needs and this machine lacks, such as weights, from a mapping with
        all parameters; "" for nothing. `plan` and `run` tell it before anything is
        computed. What looks for long, or loads anything, is left to the option.
    """

    lever: Lever
    name: str
    digit: str
    function: Callable[..., Any]
    needs: tuple[str, ...]
    extra: str
    modalities: tuple[Modality, ...]
    kind: StepKind
    space: Space
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    tags: frozenset[str]
    refuses: frozenset[str]
    parameters: Mapping[str, Parameter]
    given: frozenset[str]
    prepare: Option | None = None
    combines: str = ""
    file: str = ""
    variable: str = ""
    effort: Effort | None = None
    lacks: Callable[[Mapping[str, Any]], str] | None = None
    tags_by: Callable[[Mapping[str, Any]], Collection[str]] | None = None
    wants: frozenset[str] = frozenset()
    finds: Callable[[], Collection[str]] | None = None

    def find_tags(self, params: Mapping[str, Any]) -> frozenset[str]:
        """Return its tags with such parameters, those left out at their defaults."""
        if self.tags_by is None:
            return self.tags
        return self.tags | frozenset(self.tags_by(self._all(params)))

    def say_lacking(self, params: Mapping[str, Any]) -> str:
        """Say what it needs with such parameters and this machine lacks, or ""."""
        return self.lacks(self._all(params)) if self.lacks else ""

    def _all(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return every parameter, those left out at their defaults."""
        defaults = {name: one.default for name, one in self.parameters.items()}
        return {**defaults, **params}

    def before(self, params: Mapping[str, Any]) -> list[tuple[Option, dict[str, Any]]]:
        """Return the options of the same lever that run first, with their parameters.

        Their values, in this order, take the place of the lever's slots. An option
        may itself have options that run before it.

        Raises
        ------
        UserError
            For an unknown option, or an unknown parameter of one, in the list of an
            option that combines others.
        """
        if self.prepare:
            return [(self.prepare, _pick(params, self.prepare.parameters))]
        if not self.combines:
            return []
        listed = params.get(self.combines, self.parameters[self.combines].default)
        return [self._listed(name, listed) for name in listed]

    def own(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters that are not those of the options before it."""
        before = self.prepare.parameters.keys() if self.prepare else ()
        return {name: value for name, value in params.items() if name not in before}

    def _listed(self, name: str, listed: Any) -> tuple[Option, dict[str, Any]]:
        option = self.lever.find(self.modalities[0], name)
        if option.combines:
            message = f"{self.lever.name} '{self.name}' can't combine '{name}' in turn."
            raise UserError(message)
        params = listed[name] if isinstance(listed, Mapping) else None
        return option, option.convert(params or {})

    @property
    def doc(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def module(self) -> str:
        """Name of the module that defines it."""
        return self.function.__module__

    @property
    def owner(self) -> str:
        """Distribution that brings it as an entry point; "" where it is ours."""
        return find_owner(self.module)

    @cached_property
    def is_off(self) -> bool:
        """Whether it stands for "nothing is done": named off, and takes no data."""
        return self.name == "off" and not inspect.signature(self.function).parameters

    @property
    def wants_languages(self) -> bool:
        """Whether its result depends on the language of each row."""
        return "language" in self.given or "languages" in self.lever.writes

    def convert(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Check parameters and leave out those that equal the default.

        Raises
        ------
        UserError
            For an unknown parameter or a value of the wrong type.
        """
        changed = {}
        for name, value in params.items():
            if name not in self.parameters:
                message = unknown(f"parameter of {self.name}", name, self.parameters)
                raise UserError(message)
            converted = self.parameters[name].convert(value)
            if converted != self.parameters[name].default:
                changed[name] = converted
        return dict(sorted(changed.items()))

    def find_files(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the files, folders or packages that it reads."""
        default = self.parameters[self.file].default if self.file else ""
        named = params.get(self.file, default) or os.environ.get(self.variable, "")
        found = self.finds() if self.finds else ()
        return (*filter(None, [named] if isinstance(named, str) else named), *found)

    def make(self, *data: Any, params: Mapping[str, Any], **given: Any) -> Any:
        """Call the function with data, parameters and what it wants of `given`."""
        wanted = {name: given[name] for name in self.given if name in given}
        return self.function(*data, **self.own(params), **wanted)

    def versions(self) -> dict[str, str]:
        """Return the installed version of every package that it needs.

        Raises
        ------
        MissingPackage
            With the pip command that installs what is missing.
        """
        found, missing = {}, []
        for name in self.needs:
            version = _version(name)
            if version is None:
                missing.append(name)
            else:
                found[name] = version
        if missing:
            install = f'"rakuten-bench[{self.extra}]"' if self.extra else missing[0]
            message = (
                f"{self.lever.name} '{self.name}' needs the package '{missing[0]}', "
                f"which is not installed. Run: pip install {install}"
            )
            raise MissingPackage(message)
        return found


def _pick(params: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name in names}


@cache
def _version(distribution: str) -> str | None:
    for name in distribution.split("|"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


@dataclass(frozen=True, eq=False)
class Lever:
    """One decision of a pipeline.

    Attributes
    ----------
    name : str
        Folder under `levers/`, YAML key, column of the board.
    doc : str
        One line for the user.
    reads, writes : tuples of str
        The slots whose values a step of this lever takes and gives. A step that
        writes several slots returns a mapping from slot to value.
    kind : StepKind
        How its options are applied, unless an option says otherwise.
    """

    name: str
    doc: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    kind: StepKind = "map"
    modalities: tuple[Modality, ...] = ("text",)
    _options: list[Option] = field(default_factory=list, repr=False)
    _inner: dict[str, Option] = field(default_factory=dict, repr=False)

    @cached_property
    def package(self) -> str:
        """Name of the package that holds its options."""
        return f"rakuten_bench.levers.{self.name}"

    def option(
        self,
        name: str,
        *,
        digit: str,
        needs: str | tuple[str, ...] = (),
        extra: str = "",
        modalities: tuple[Modality, ...] | None = None,
        kind: StepKind | None = None,
        space: Space | None = None,
        reads: tuple[str, ...] | None = None,
        writes: tuple[str, ...] | None = None,
        tags: tuple[str, ...] = (),
        refuses: tuple[str, ...] = (),
        prepare: Callable[..., Any] | None = None,
        combines: str = "",
        file: str = "",
        variable: str = "",
        effort: Effort | None = None,
        lacks: Callable[[Mapping[str, Any]], str] | None = None,
        tags_by: Callable[[Mapping[str, Any]], Collection[str]] | None = None,
        wants: tuple[str, ...] = (),
        finds: Callable[[], Collection[str]] | None = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a function or class as an option of this lever.

        Raises
        ------
        UserError
            If the name or the digit is taken, or the digit is not one of 0-9a-z.
        """

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            parameters, given = _read_signature(function)
            inner = self._inner[prepare.__name__] if prepare else None
            option = Option(
                lever=self,
                name=name,
                digit=digit,
                function=function,
                needs=(needs,) if isinstance(needs, str) else tuple(needs),
                extra=extra,
                modalities=modalities or self.modalities,
                kind=kind or self.kind,
                space=dict(space or {}),
                reads=self.reads if reads is None else reads,
                writes=self.writes if writes is None else writes,
                tags=frozenset(tags),
                refuses=frozenset(refuses),
                parameters={**(inner.parameters if inner else {}), **parameters},
                given=given,
                prepare=inner,
                combines=combines,
                file=file,
                variable=variable,
                effort=effort,
                lacks=lacks,
                tags_by=tags_by,
                wants=frozenset(wants),
                finds=finds,
            )
            self._add(option)
            return function

        return register

    def preparation(
        self,
        *,
        needs: str | tuple[str, ...] = (),
        writes: tuple[str, ...] = (),
        kind: StepKind = "map",
        effort: Effort | None = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a function that runs once before the options that name it.

        It is never chosen by itself and has no digit: `option(..., prepare=function)`.
        One of kind "transform" learns from the training rows, in each fold apart.
        """

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            parameters, given = _read_signature(function)
            self._inner[function.__name__] = Option(
                lever=self,
                name=function.__name__,
                digit="",
                function=function,
                needs=(needs,) if isinstance(needs, str) else tuple(needs),
                extra="",
                modalities=self.modalities,
                kind=kind,
                space={},
                reads=self.reads,
                writes=writes or self.writes,
                tags=frozenset(),
                refuses=frozenset(),
                parameters=parameters,
                given=given,
                effort=effort,
            )
            return function

        return register

    def _add(self, option: Option) -> None:
        if len(option.digit) != 1 or option.digit not in DIGITS:
            message = f"{_place(option)}: digit '{option.digit}' is not one of 0-9a-z."
            raise UserError(message)
        for other in self._options:
            if other.module == option.module and other.name == option.name:
                continue  # the module was imported again
            if not set(other.modalities) & set(option.modalities):
                continue
            for what in ("name", "digit"):
                if getattr(other, what) == getattr(option, what):
                    message = (
                        f"{_place(option)}: {what} '{getattr(option, what)}' of lever "
                        f"'{self.name}' is taken by '{other.name}' in {_place(other)}. "
                        f"Choose another."
                    )
                    raise UserError(message)
        self._options[:] = [
            other
            for other in self._options
            if (other.module, other.name) != (option.module, option.name)
        ] + [option]

    def forget_foreign(self) -> None:
        """Forget options from outside of this package; in tests they end with one."""
        ours = f"{__package__}."
        self._options[:] = [one for one in self._options if one.module.startswith(ours)]

    def options(self, modality: Modality) -> tuple[Option, ...]:
        """Return the options for a modality, ordered by digit."""
        discover()
        found = [option for option in self._options if modality in option.modalities]
        return tuple(sorted(found, key=lambda option: DIGITS.index(option.digit)))

    def find(self, modality: Modality, name: str) -> Option:
        """Return an option by name.

        Raises
        ------
        UserError
            If there is none of that name; suggests the closest.
        """
        discover()
        for option in self._options:
            if option.name == name and modality in option.modalities:
                return option
        known = [option.name for option in self.options(modality)]
        raise UserError(unknown(self.name, name, known))

    def inner(self, name: str) -> Option:
        """Return a preparation by name; it belongs to options, not to the user."""
        discover()
        return self._inner[name]

    def by_digit(self, modality: Modality, digit: str) -> Option:
        """Return an option by its digit in the code.

        Raises
        ------
        UserError
            If no option has it.
        """
        for option in self.options(modality):
            if option.digit == digit:
                return option
        known = [f"{option.digit}={option.name}" for option in self.options(modality)]
        message = f"{self.name} has no option '{digit}'. Known: {', '.join(known)}."
        raise UserError(message)

    def plain(self, modality: Modality) -> Option:
        """Return the option with digit 0: off, or the plainest there is."""
        return self.by_digit(modality, "0")


DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _place(option: Option) -> str:
    return inspect.getsourcefile(option.function) or option.module


def _read_signature(
    function: Callable[..., Any],
) -> tuple[dict[str, Parameter], frozenset[str]]:
    """Tell parameters (with a default) from what the harness gives."""
    parameters, given = {}, set()
    for name, parameter in inspect.signature(
        function, eval_str=False
    ).parameters.items():
        if name in GIVEN:
            given.add(name)
        elif parameter.default is not inspect.Parameter.empty:
            hint = _annotation(function, parameter.annotation)
            parameters[name] = Parameter(name, parameter.default, hint)
    return parameters, frozenset(given)


def _annotation(function: Callable[..., Any], annotation: Any) -> Any:
    """Evaluate one annotation; the others may name types that are never imported."""
    if annotation is inspect.Parameter.empty:
        return Any
    if not isinstance(annotation, str):
        return annotation
    place = importlib.import_module(function.__module__)
    return eval(annotation, vars(place))  # our own source, not user input


CROP = Lever(
    "crop",
    "which part of an image is looked at",
    reads=("frame",),
    writes=("images",),
    modalities=("image",),
)
FEATURE = Lever(
    "feature",
    "how an image becomes numbers",
    reads=("images",),
    writes=("features",),
    modalities=("image",),
)
FUSION = Lever(
    "fusion",
    "how the predictions of several scenarios are joined",
    reads=("members",),
    writes=("prediction",),
    kind="fuse",
    modalities=("fusion",),
)
LANGUAGE = Lever(
    "language",
    "which rows are learned from, and whose words a row's resources come from",
    reads=("languages",),
    writes=("languages",),
)
STOPWORDS = Lever(
    "stopwords",
    "which words are left out",
    reads=("corpus", "languages"),
    writes=("corpus",),
)
TOKENIZER = Lever(
    "tokenizer",
    "how a text is cut into tokens",
    reads=("texts", "languages"),
    writes=("corpus",),
)
NORMALIZER = Lever(
    "normalizer",
    "what a token is reduced to: its stem or its lemma",
    reads=("corpus", "languages"),
    writes=("corpus",),
)
SAMPLER = Lever(
    "sampler",
    "how the training rows are balanced",
    reads=("features",),
    writes=("features",),
    kind="resample",
    modalities=("text", "image"),
)
VECTORIZER = Lever(
    "vectorizer",
    "how tokens become numbers",
    reads=("corpus",),
    writes=("features",),
    kind="transform",
)
MODEL = Lever(
    "model",
    "what learns the classes",
    reads=("features",),
    writes=("prediction",),
    kind="estimate",
    modalities=("text", "image"),
)
SEARCH = Lever(
    "search",
    "how the model's parameters are chosen, inside the training rows",
    reads=("features",),
    writes=("prediction",),
    kind="search",
    modalities=("text", "image"),
)
DETECTOR = Lever(
    "detector",
    "how the language of a row is found",
    reads=("frame",),
    writes=("languages",),
)
FIELDS = Lever(
    "fields",
    "which columns the text comes from",
    reads=("frame",),
    writes=("texts",),
)
CLEANER = Lever(
    "cleaner",
    "what is removed from a text before it is cut",
    reads=("texts",),
    writes=("texts",),
)
REDUCER = Lever(
    "reducer",
    "how the vectors are made smaller",
    reads=("features",),
    writes=("features",),
    kind="transform",
    modalities=("text", "image"),
)

#: The levers of a modality in the order of the code's digits.
LEVERS: Mapping[Modality, tuple[Lever, ...]] = {
    "text": (
        LANGUAGE,
        STOPWORDS,
        TOKENIZER,
        NORMALIZER,
        SAMPLER,
        VECTORIZER,
        MODEL,
        SEARCH,
        DETECTOR,
        FIELDS,
        CLEANER,
        REDUCER,
    ),
    "image": (CROP, FEATURE, REDUCER, SAMPLER, MODEL, SEARCH),
    "fusion": (FUSION,),
}

#: The same levers in the order in which their steps run.
FLOW: Mapping[Modality, tuple[Lever, ...]] = {
    "text": (
        DETECTOR,
        LANGUAGE,
        FIELDS,
        CLEANER,
        TOKENIZER,
        STOPWORDS,
        NORMALIZER,
        VECTORIZER,
        REDUCER,
        SAMPLER,
        SEARCH,
        MODEL,
    ),
    "image": (CROP, FEATURE, REDUCER, SAMPLER, SEARCH, MODEL),
    "fusion": (FUSION,),
}

#: First letter of a code.
LETTERS: Mapping[str, Modality] = {"T": "text", "I": "image", "F": "fusion"}


def iter_levers() -> Iterator[Lever]:
    """Yield every lever once, in the order of the codes."""
    seen: set[str] = set()
    for levers in LEVERS.values():
        for lever in levers:
            if lever.name not in seen:
                seen.add(lever.name)
                yield lever


@cache
def discover() -> None:
    """Import every module under `rakuten_bench.levers`; errors are not swallowed."""
    package = importlib.import_module("rakuten_bench.levers")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    import_plugins()


@cache
def import_plugins() -> None:
    """Import the modules that other packages name as entry points of our group.

    Raises
    ------
    UserError
        If one can't be imported: what somebody installed must not be missing silently.
    """
    for entry in importlib.metadata.entry_points(group=PLUGINS):
        try:
            entry.load()
        except UserError:
            raise
        except Exception as error:  # it is code of others, and may raise anything
            owner = entry.dist.name if entry.dist else "a package"
            message = (
                f"{owner}: its entry point '{entry.name}' of {PLUGINS} can't be "
                f"imported from {entry.value}: {type(error).__name__}: {error} "
                f"Mend it, or run: pip uninstall {owner}"
            )
            raise UserError(message) from error


@cache
def find_owner(module: str) -> str:
    """Return the distribution that names a module's package as an entry point, or ""."""
    package = module.partition(".")[0]
    for entry in importlib.metadata.entry_points(group=PLUGINS):
        if entry.dist and entry.module.partition(".")[0] == package:
            return str(entry.dist.name)
    return ""
