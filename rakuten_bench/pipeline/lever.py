"""The levers of each modality as parameters of a scikit-learn estimator.

Their defaults are those of the registry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any, ClassVar, Self, TypeAlias

from sklearn.base import BaseEstimator

from rakuten_bench.errors import UserError, unknown
from rakuten_bench.pipeline.parameter import list_nested, set_nested
from rakuten_bench.scenario import Scenario
from rakuten_bench.scenario.load import read_scenario
from rakuten_bench.types import Modality

#: The name of an option, or a mapping from it to its parameters.
LeverValue: TypeAlias = str | Mapping[str, Any]


class Levers(BaseEstimator):
    """Parameters of an estimator: the levers of a modality, and how it runs.

    A parameter of an option is nested: `model__C`. `fit` validates all values.

    Parameters
    ----------
    random_state : int
        Seed of the run.
    n_jobs : int or None
        Number of threads that an option may use; as in scikit-learn, None for one and
        -1 for all cores.
    base : Path or str or None
        Folder that paths in parameters are relative to; None for the working directory.
    plugins : sequence of Path or str
        Files with options of the user's own, relative to `base`.
    """

    modality: ClassVar[Modality]
    random_state: int
    n_jobs: int | None
    base: Path | str | None
    plugins: Sequence[Path | str]

    @property
    def scenario(self) -> Scenario:
        """The scenario of the present parameters.

        Raises
        ------
        Problems
            If they are invalid.
        """
        entry = {"modality": self.modality, **self._levers()}
        files = [Path(file) for file in self.plugins]
        return read_scenario(entry, self._folder(), files)

    def _folder(self) -> Path | None:
        return None if self.base is None else Path(self.base)

    def _levers(self) -> dict[str, Any]:
        params = super().get_params(deep=False)
        return {name: params[name] for name in params if name not in _SETTINGS}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name.

        Parameters
        ----------
        deep : bool
            Whether to include the parameters of the levers' options, as `model__C`.
        """
        params: dict[str, Any] = super().get_params(deep=False)
        return params | list_nested(self.modality, self._levers()) if deep else params

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of options after the options themselves.

        Raises
        ------
        UserError
            For an unknown name. Nothing is set then.
        """
        changed = self.get_params(deep=False)
        for name in params:
            if "__" not in name and name not in changed:
                noun = f"parameter of {type(self).__name__}"
                raise UserError(unknown(noun, name, changed))
        changed |= {name: value for name, value in params.items() if "__" not in name}
        levers = {name: changed[name] for name in self._levers()}
        nested = {name: value for name, value in params.items() if "__" in name}
        for name, value in (
            changed | set_nested(self.modality, levers, nested)
        ).items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        """Return the parameters that differ from their defaults, in one line."""
        defaults = {
            name: repr(one.default)
            for name, one in signature(type(self)).parameters.items()
        }
        values = {name: repr(getattr(self, name)) for name in defaults}
        shown = [
            f"{name}={value}"
            for name, value in values.items()
            if value != defaults[name]
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


class TextLevers(Levers):
    """The levers of texts; see `rakuten-bench levers`."""

    modality = "text"

    def __init__(  # noqa: PLR0913  (the levers)
        self,
        *,
        language: LeverValue = "off",
        stopwords: LeverValue = "off",
        tokenizer: LeverValue = "regex",
        normalizer: LeverValue = "off",
        sampler: LeverValue = "off",
        vectorizer: LeverValue = "count",
        model: LeverValue = "dummy",
        search: LeverValue = "off",
        detector: LeverValue = "off",
        fields: LeverValue = "merged",
        cleaner: LeverValue = "off",
        reducer: LeverValue = "off",
        random_state: int = 123,
        n_jobs: int | None = 1,
        base: Path | str | None = None,
        plugins: Sequence[Path | str] = (),
    ) -> None:
        self.language = language
        self.stopwords = stopwords
        self.tokenizer = tokenizer
        self.normalizer = normalizer
        self.sampler = sampler
        self.vectorizer = vectorizer
        self.model = model
        self.search = search
        self.detector = detector
        self.fields = fields
        self.cleaner = cleaner
        self.reducer = reducer
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.base = base
        self.plugins = plugins


class ImageLevers(Levers):
    """The levers of images; see `rakuten-bench levers`."""

    modality = "image"

    def __init__(  # noqa: PLR0913  (the levers)
        self,
        *,
        crop: LeverValue = "off",
        feature: LeverValue = "pixels",
        reducer: LeverValue = "off",
        sampler: LeverValue = "off",
        model: LeverValue = "dummy",
        search: LeverValue = "off",
        random_state: int = 123,
        n_jobs: int | None = 1,
        base: Path | str | None = None,
        plugins: Sequence[Path | str] = (),
    ) -> None:
        self.crop = crop
        self.feature = feature
        self.reducer = reducer
        self.sampler = sampler
        self.model = model
        self.search = search
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.base = base
        self.plugins = plugins


class FusionLevers(Levers):
    """The lever of fusions, and their members.

    Parameters
    ----------
    members : sequence of mapping or str
        The levers of each scenario that is combined, or its code. A member's parameter
        is nested: `members__0__model__C`.
    """

    modality = "fusion"

    def __init__(
        self,
        *,
        fusion: LeverValue = "mean",
        members: Sequence[Mapping[str, Any] | str] = (),
        random_state: int = 123,
        n_jobs: int | None = 1,
        base: Path | str | None = None,
        plugins: Sequence[Path | str] = (),
    ) -> None:
        self.fusion = fusion
        self.members = members
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.base = base
        self.plugins = plugins


_SETTINGS = ("random_state", "n_jobs", "base", "plugins")
