"""Options with negative output have the tag `signed`, and no others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.sparse import csr_matrix, issparse

from rakuten_bench.corpus import Corpus
from rakuten_bench.corpus.encoded import encode
from rakuten_bench.errors import MissingPackage, UserError
from rakuten_bench.registry import FEATURE, REDUCER, VECTORIZER, Option
from rakuten_bench.scenario.load import load_study
from rakuten_bench.types import Blocks, Images, Texts

#: Small enough for a test.
SMALL: dict[str, dict[str, Any]] = {
    "pixels": {"size": 8},
    "sift_bovw": {"n_words": 5},
    "dense_sift_bovw": {"n_words": 5, "size": 64},
    "fisher": {"n_components": 4, "n_dims": 8, "size": 64},
    "kmeans_patches": {"n_words": 5, "n_samples": 500, "size": 16},
    "pca": {"n_components": 3},
    "svd": {"n_components": 3},
    "chi2": {"k": 3},
}
#: What these give depends on the model that the user has.
UNKNOWN = {"backbone", "transformer"}


def vary(option: Option) -> list[tuple[Option, dict[str, Any]]]:
    """Return an option with each of its kernels."""
    small = SMALL.get(option.name, {})
    if "kernel" not in option.parameters:
        return [(option, small)]
    kernels = ("linear", "hellinger", "chi2", "intersection")
    return [(option, {**small, "kernel": kernel}) for kernel in kernels]


def name_variant(value: Any) -> str:
    return value.name if isinstance(value, Option) else value.get("kernel", "")


def check_installed(option: Option) -> None:
    inner = [option, *(one for one, _ in option.before({}))]
    try:
        for one in inner:
            one.versions()
    except MissingPackage as error:
        pytest.skip(str(error))


def has_negative(X: Any) -> bool:
    return bool((X.data if issparse(X) else np.asarray(X)).min() < 0)


def fit(option: Option, params: dict[str, Any], data: Any, y: Any = None) -> Any:
    """Return what an option makes of data, learned from all of it."""
    if option.kind == "map":
        return option.make(data, params=params)
    return option.make(params=params, random_state=0).fit_transform(data, y)


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Images:
    """Ten colored images with edges everywhere."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for number in range(10):
        coarse = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((96, 96)).save(folder / f"{number}.png")
    return Images(tuple(map(str, sorted(folder.glob("*.png")))))


@pytest.mark.parametrize(
    ("option", "params"),
    [
        variant
        for option in FEATURE.options("image")
        if option.name not in UNKNOWN and not option.combines
        for variant in vary(option)
    ],
    ids=name_variant,
)
def test_a_feature_below_zero_is_tagged_signed_and_no_other(images, option, params):
    check_installed(option)
    data: Any = images
    for inner, inner_params in option.before(params):
        data = inner.make(images, params=inner_params)

    X = fit(option, params, data)

    assert has_negative(X) == ("signed" in option.find_tags(params))


def test_a_mix_is_centered_and_therefore_signed():
    mix = FEATURE.find("image", "mix")
    blocks = Blocks((np.eye(3, dtype=np.float32), np.ones((3, 2), dtype=np.float32)))

    X = fit(mix, {"members": ("hog", "color")}, blocks)

    assert has_negative(X)
    assert "signed" in mix.find_tags({})


@pytest.mark.parametrize(
    "option",
    [option for option in VECTORIZER.options("text") if option.name not in UNKNOWN],
    ids=name_variant,
)
def test_a_vectorizer_below_zero_is_tagged_signed_and_no_other(option):
    check_installed(option)
    texts = [["un", "lit", "rouge"], ["le", "chat", "dort"], ["un", "lit"]] * 2
    extra = np.empty((len(texts), 0))
    data: Any = Corpus(*encode(texts), ("text",), (1.0,), extra)
    if option.reads == ("texts",):
        joined = [" ".join(words) for words in texts]
        data = Texts(("text",), (1.0,), (joined,), extra)

    X = fit(option, {}, data)

    assert has_negative(X) == ("signed" in option.find_tags({}))


@pytest.mark.parametrize(
    ("modality", "option"),
    [
        (modality, option)
        for modality in ("text", "image")
        for option in REDUCER.options(modality)
        if not option.is_off
    ],
    ids=lambda value: value.name if isinstance(value, Option) else value,
)
def test_a_reducer_below_zero_is_tagged_signed_and_no_other(modality, option):
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 4, (20, 8)).astype(np.float64)
    data = csr_matrix(counts) if modality == "text" else counts

    X = fit(option, SMALL.get(option.name, {}), data, np.arange(20) % 2)

    assert has_negative(X) == ("signed" in option.find_tags({}))


def test_every_feature_with_a_kernel_has_the_right_sign_tag():
    with_kernel = [
        option for option in FEATURE.options("image") if "kernel" in option.parameters
    ]

    assert {option.name for option in with_kernel} >= {"color", "hog", "lbp"}
    for option in with_kernel:
        assert "signed" in option.find_tags({"kernel": "chi2"})
        assert "signed" not in option.find_tags({"kernel": "linear"})


HEAD = "dataset: openmoji\nscenarios:\n"


@pytest.mark.parametrize(
    ("feature", "refused"),
    [
        ("fisher", "fisher"),
        ("mix", "mix"),
        ("dense_sift_bovw", "dense_sift_bovw"),
        ("{color: {kernel: intersection}}", "color"),
    ],
)
def test_naive_bayes_is_refused_on_signed_features(tmp_path, feature, refused):
    path = tmp_path / "odd.yaml"
    path.write_text(f"{HEAD}  one: {{feature: {feature}, model: complement_nb}}\n")

    with pytest.raises(UserError, match=f"with feature '{refused}' \\(signed\\)"):
        load_study(path)


@pytest.mark.parametrize("feature", ["color", "{dense_sift_bovw: {kernel: hellinger}}"])
def test_naive_bayes_goes_with_counts(tmp_path, feature):
    path = tmp_path / "odd.yaml"
    path.write_text(f"{HEAD}  one: {{feature: {feature}, model: complement_nb}}\n")

    assert len(load_study(path).scenarios) == 1


@pytest.mark.parametrize("model", ["cnn", "finetune"])
@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ("feature: hog", "feature 'hog'"),  # 1,764 numbers: as many as 42 by 42 pixels
        ("feature: {mix: {members: [pixels, hog]}}", "feature 'mix'"),
        ("feature: pixels, reducer: pca", "reducer 'pca'"),
    ],
)
def test_a_network_for_images_is_refused_on_other_features(
    tmp_path, model, words, refused
):
    path = tmp_path / "odd.yaml"
    path.write_text(f"{HEAD}  one: {{{words}, model: {model}}}\n")

    message = f"model '{model}' needs pixels, which {refused} does not produce"
    with pytest.raises(UserError, match=message):
        load_study(path)


def test_a_network_for_images_goes_with_a_sampler_of_pixels(tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text(
        f"{HEAD}  one: {{sampler: random_over, model: cnn, feature: pixels}}"
    )

    assert len(load_study(path).scenarios) == 1
