"""Features detect what they are designed for, and are fitted on training rows only."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw
from sklearn.base import clone

from rakuten_bench.errors import Notice, UserError
from rakuten_bench.image.dense import N_DIMS, describe_densely
from rakuten_bench.image.descriptor import Descriptors
from rakuten_bench.image.fisher import FisherVector, fisher_gradient
from rakuten_bench.image.kernel import map_kernel
from rakuten_bench.image.mix import Mix
from rakuten_bench.image.patch import PatchWords, normalize_patches
from rakuten_bench.image.word import VisualWords, learn_words, nearest
from rakuten_bench.levers.crop.margin import CutMargin
from rakuten_bench.levers.crop.white_border import CutWhite
from rakuten_bench.registry import CROP, FEATURE
from rakuten_bench.scratch import open_rows
from rakuten_bench.types import Blocks, Images


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Images:
    """Ten drawings on white: even ones striped across in red, odd ones down in blue."""
    folder = tmp_path_factory.mktemp("images")
    for number in range(10):
        image = Image.new("RGB", (120, 100), "white")
        draw = ImageDraw.Draw(image)
        for at in range(10, 90, 6 + number % 3):
            line = (10, at, 110, at) if number % 2 == 0 else (at, 10, at, 90)
            draw.line(line, fill="red" if number % 2 == 0 else "blue", width=2)
        image.save(folder / f"{number}.png")
    return Images(tuple(map(str, sorted(folder.glob("*.png")))))


def prepare(name: str, images: Images, params: dict, **given: int) -> object:
    """Return the result of an option's preparation."""
    [(inner, inner_params)] = FEATURE.find("image", name).before(params)
    return inner.make(images, params=inner_params, **given)


def make(name: str, images: Images, **params: object) -> np.ndarray:
    """Return an option's features of all images, fitted on all of them."""
    option = FEATURE.find("image", name)
    value = prepare(name, images, params) if option.prepare else images
    if option.kind == "map":
        return option.make(value, params=params)
    return option.make(params=params, random_state=0).fit_transform(value)


SMALL = {
    "pixels": {"size": 8},
    "sift_bovw": {"n_words": 5},
    "dense_sift_bovw": {"n_words": 5, "size": 64},
    "fisher": {"n_components": 4, "n_dims": 8, "size": 64},
    "kmeans_patches": {"n_words": 5, "n_samples": 500, "size": 16},
}
SIMPLE = [
    option.name
    for option in FEATURE.options("image")
    if not option.combines and not option.extra
]


@pytest.mark.parametrize("name", SIMPLE)
def test_a_feature_is_one_row_of_finite_numbers_for_each_image(images, name):
    X = make(name, images, **SMALL.get(name, {}))

    assert X.ndim == 2
    assert len(X) == len(images)
    assert np.isfinite(X).all()


@pytest.mark.parametrize("name", SIMPLE)
def test_a_feature_separates_the_two_kinds_of_drawings(images, name):
    X = np.asarray(make(name, images, **SMALL.get(name, {})), dtype=float)

    distance = np.linalg.norm(X[:, None] - X[None], axis=2)
    same = np.add.outer(np.arange(10), np.arange(10)) % 2 == 0
    assert distance[~same].mean() > 1.2 * distance[same & (distance > 0)].mean()


@pytest.mark.parametrize("name", SIMPLE)
def test_a_missing_image_has_features_too(images, name):
    some = Images((*images.paths[:6], "", "no.png"))

    with pytest.warns(Notice, match="1 not given, 1 missing"):
        X = make(name, some, **SMALL.get(name, {}))

    assert np.isfinite(X).all()
    # The last bit of a matrix product may depend on the row's place in the batch.
    np.testing.assert_allclose(X[-1], X[-2], rtol=1e-5)


@pytest.mark.parametrize("name", SIMPLE)
def test_a_feature_of_only_missing_images_still_works(name):
    with pytest.warns(Notice, match="4 not given"):
        X = make(name, Images(("",) * 4), **SMALL.get(name, {}))

    assert np.isfinite(X).all()
    np.testing.assert_allclose(X, np.broadcast_to(X[0], X.shape), rtol=1e-5)


@pytest.mark.parametrize("name", SIMPLE)
def test_threads_and_seeds_change_nothing(images, name):
    option = FEATURE.find("image", name)
    params = SMALL.get(name, {})

    if option.kind == "map":
        one, two = (option.make(images, params=params, n_jobs=n) for n in (1, 2))
        assert np.array_equal(one, two)
    else:
        one, two = (prepare(name, images, params, n_jobs=n) for n in (1, 2))
        fit = [
            option.make(params=params, random_state=3).fit_transform(X)
            for X in (one, two)
        ]
        assert np.array_equal(*fit)


def test_pixels_come_row_by_row_and_by_color(images):
    X = make("pixels", images, size=4, color=True, dtype="uint8")

    assert X.dtype == np.uint8
    expected = cv2.cvtColor(cv2.imread(images.paths[0]), cv2.COLOR_BGR2RGB)
    expected = cv2.resize(expected, (4, 4), interpolation=cv2.INTER_AREA)
    assert np.array_equal(X[0].reshape(4, 4, 3), expected)
    assert np.allclose(make("pixels", images, size=4, color=True), X / 255)


def test_color_counts_pixels_by_hue(tmp_path):
    Image.new("RGB", (32, 32), (255, 0, 0)).save(tmp_path / "red.png")
    Image.new("RGB", (32, 32), (0, 0, 255)).save(tmp_path / "blue.png")
    images = Images((str(tmp_path / "red.png"), str(tmp_path / "blue.png")))

    red, blue = make("color", images, grid=2, bins=(6, 2, 2)).reshape(2, 4, 6, 2, 2)

    assert (red[:, 0, 1, 1] == 1).all()  # hue 0 of 180
    assert (blue[:, 4, 1, 1] == 1).all()  # hue 120 of 180


def test_layout_measures_box_and_file(tmp_path):
    image = Image.new("RGB", (128, 128), "white")
    image.paste("black", (32, 64, 96, 128))
    image.save(tmp_path / "a.png")

    [row] = make("layout", Images((str(tmp_path / "a.png"),)))

    aspect, square, white, left, top, right, bottom, area, fill = row[:9]
    assert (aspect, square) == (0.5, 1.0)
    assert (left, top, right, bottom) == (0.25, 0.5, 0.75, 1.0)
    assert (white, area, fill) == (0.75, 0.25, 1.0)
    size = (tmp_path / "a.png").stat().st_size
    assert row[-2] == pytest.approx(np.log1p(size) / 16)
    assert row[-1] == 1


def test_dense_sift_agrees_with_opencv_on_the_direction_of_edges():
    image = Image.effect_noise((96, 96), 60)
    small = cv2.GaussianBlur(np.asarray(image), (0, 0), 2)
    ours, places = describe_densely(small, 48, (40,))
    points = [
        cv2.KeyPoint(float(x), float(y), 40 / 6, 0) for y in (24, 72) for x in (24, 72)
    ]
    _, theirs = cv2.SIFT.create().compute(small, points)

    assert places.tolist() == [[64, 64], [192, 64], [64, 192], [192, 192]]
    a, b = (
        X / np.linalg.norm(X, axis=1, keepdims=True)
        for X in (ours.astype(float), theirs)
    )
    mirrored = (-np.arange(8)) % 8  # OpenCV counts directions with y upwards
    similarity = a @ b.reshape(4, 16, 8)[:, :, mirrored].reshape(4, 128).T
    assert (similarity.argmax(axis=1) == range(4)).all()
    assert np.diag(similarity).min() > 0.8


def test_dense_sift_leaves_flat_patches_out():
    image = np.full((64, 64), 255, dtype=np.uint8)
    image[:, 40:] = np.arange(24) * 10

    descriptors, places = describe_densely(image, 8, (8,))

    assert descriptors.shape[1] == N_DIMS
    assert 0 < len(descriptors) < 64
    assert places[:, 0].min() > 120


@pytest.mark.parametrize(
    ("kernel", "tolerance"), [("chi2", 0.06), ("intersection", 0.25)]
)
def test_the_product_of_mapped_vectors_approximates_the_kernel(kernel, tolerance):
    rng = np.random.default_rng(0)
    X = rng.dirichlet(np.ones(20), 30)
    a, b = X[:, None], X[None]
    exact = 2 * a * b / (a + b) if kernel == "chi2" else np.minimum(a, b)

    mapped = map_kernel(X, kernel)

    assert mapped.shape == (30, 60)
    assert abs(mapped @ mapped.T - exact.sum(axis=2)).max() < tolerance


def test_words_are_found_by_smallest_distance():
    rng = np.random.default_rng(0)
    points = rng.random((200, 16), dtype=np.float32)
    words = learn_words(points, 7, "kmeans", 0)

    distances = np.linalg.norm(points[:, None] - words[None], axis=2)
    assert np.array_equal(nearest(points, words), distances.argmin(axis=1))
    assert len(learn_words(points[:3], 7, "minibatch", 0)) == 3


def by_hand(values: list[list[int]], places: list[list[int]]) -> Descriptors:
    """One image with the given one-number descriptors at the given places."""
    return Descriptors(
        np.array([[[v] for v in row] for row in values], dtype=np.uint8),
        np.array([places] * len(values), dtype=np.uint8),
        np.array([len(row) for row in values], dtype=np.int32),
        np.arange(len(values)),
    )


def test_a_pyramid_counts_words_in_its_cells():
    X = by_hand([[0, 0, 200]] * 2, [[10, 10], [250, 10], [250, 250]])

    words = VisualWords(2, "kmeans", norm="l1", levels=2, random_state=0)
    row = words.fit_transform(X)[0].reshape(5, 2)

    low = int(words.words_.ravel().argmin())
    shares = row[:, [low, 1 - low]] * 6
    assert np.allclose(shares, [[2, 1], [1, 0], [1, 0], [0, 0], [0, 1]])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_sampling_descriptors_releases_their_pages(tmp_path):
    values = open_rows(tmp_path, "many", (1000, 200, 128), np.uint8)
    values[:] = np.arange(1000, dtype=np.uint32)[:, None, None] % 251
    counts = np.full(1000, 200, dtype=np.int32)
    places = np.zeros((1000, 200, 2), dtype=np.uint8)
    many = Descriptors(values, places, counts, np.arange(1000))

    sample, _ = many.sample(20_000, random_state=0)

    held = Path("/proc/self/smaps").read_text().partition("many")[2]
    kilobytes = int(held.partition("Rss:")[2].split()[0])
    assert kilobytes < 1000  # of 25,000
    assert len(np.unique(sample)) == 251
    assert (sample == sample[:, :1]).all()


def test_a_rare_word_weighs_more_with_tfidf():
    X = by_hand([[0, 200], [0, 0], [0, 0]], [[0, 0], [0, 0]])

    words = VisualWords(2, "kmeans", norm="tfidf", random_state=0).fit(X)

    low = int(words.words_.ravel().argmin())
    assert words.idf_[low] == pytest.approx(1)
    assert words.idf_[1 - low] == pytest.approx(np.log(4 / 2) + 1)


def test_fitting_twice_is_fitting_and_transforming(images):
    value = prepare("sift_bovw", images, {})
    words = VisualWords(6, random_state=1)

    together = words.fit_transform(value)

    assert np.array_equal(clone(words).fit(value).transform(value), together)


CANARY = 255


def with_canary(n_images: int = 30) -> Descriptors:
    """Training rows have descriptors below 100, the last ten rows only the canary."""
    rng = np.random.default_rng(0)
    values = rng.integers(0, 100, (n_images, 6, 4), dtype=np.uint8)
    values[20:] = CANARY
    places = rng.integers(0, 256, (n_images, 6, 2), dtype=np.uint8)
    return Descriptors(
        values, places, np.full(n_images, 6, np.int32), np.arange(n_images)
    )


def test_the_codebook_never_sees_test_rows():
    X = with_canary()
    words = VisualWords(5, random_state=0).fit(X.take(np.arange(20)))

    words.transform(X.take(np.arange(20, 30)))

    assert words.words_.max() < 100


def test_the_mixture_never_sees_test_rows():
    X = with_canary()
    train = X.take(np.arange(20))
    model = FisherVector(3, 2, root=False, random_state=0).fit(train)
    before = model.mixture_.means_.copy()

    encoded = model.transform(X.take(np.arange(20, 30)))
    other = X.values.copy()
    other[20:] = 0
    again = clone(model).fit(
        Descriptors(other, X.places, X.counts, X.rows).take(np.arange(20))
    )

    assert np.isfinite(encoded).all()
    assert np.array_equal(model.mixture_.means_, before)
    assert np.array_equal(again.mixture_.means_, before)


def test_a_fisher_vector_has_unit_length(images):
    X = make("fisher", images, **SMALL["fisher"])

    assert np.allclose(np.linalg.norm(X, axis=1), 1, atol=1e-5)


def test_the_mean_image_of_the_training_rows_has_no_gradient():
    """At the maximum of likelihood the gradients of all training points sum to zero."""
    rng = np.random.default_rng(0)
    values = rng.integers(0, 250, (1, 900, 4), dtype=np.uint8)
    X = Descriptors(
        values,
        np.zeros((1, 900, 2), np.uint8),
        np.array([900], np.int32),
        np.arange(1),
    )

    model = FisherVector(1, 4, root=False, place=False, random_state=0).fit(X)
    points = model.pca_.transform(values[0].astype(np.float32))
    gradient = fisher_gradient(model.mixture_, points, np.ones((900, 1), np.float32))

    assert abs(gradient).max() < 1e-3


def test_patches_learn_from_training_rows_only():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (12, 16, 16, 3), dtype=np.uint8)
    model = PatchWords(6, n_samples=300, random_state=0).fit(X[:8])
    words = model.words_.copy()

    pooled = model.transform(X[8:])

    assert pooled.shape == (4, 4 * 6)
    assert (pooled >= 0).all()
    assert np.array_equal(model.words_, words)


def test_whitened_patches_are_uncorrelated():
    rng = np.random.default_rng(0)
    X = np.cumsum(rng.integers(0, 9, (40, 16, 16, 3)), axis=2).astype(np.uint8)
    model = PatchWords(4, patch=3, n_samples=4000, random_state=0).fit(X)

    def correlate(points: np.ndarray) -> float:
        return abs(np.corrcoef(points.T) - np.eye(points.shape[1])).max()

    patches = np.lib.stride_tricks.sliding_window_view(X, (3, 3), axis=(1, 2))
    before = normalize_patches(patches.reshape(-1, 27)) - model.mean_
    assert correlate(before @ model.whitening_) < 0.5 * correlate(before)


def test_a_mix_scales_blocks_to_the_same_norm():
    rng = np.random.default_rng(0)
    blocks = Blocks((rng.random((50, 3)), 1000 * rng.random((50, 7))))

    mixed = Mix().fit_transform(blocks)

    lengths = [
        np.linalg.norm(part, axis=1).mean() for part in np.split(mixed, [3], axis=1)
    ]
    assert np.allclose(lengths, 1, atol=1e-5)


def test_a_mix_counts_blocks_by_weight_and_refuses_too_few():
    rng = np.random.default_rng(0)
    blocks = Blocks((rng.random((50, 3)), rng.random((50, 7))))

    mixed = Mix((2.0, 0.5)).fit_transform(blocks)

    lengths = [
        np.linalg.norm(part, axis=1).mean() for part in np.split(mixed, [3], axis=1)
    ]
    assert np.allclose(lengths, [2, 0.5], atol=1e-5)
    with pytest.raises(UserError, match="1 weights for 2 members"):
        Mix((1.0,)).fit(blocks)


def test_a_mix_names_members_and_their_parameters():
    mix = FEATURE.find("image", "mix")

    default = mix.before({})
    changed = mix.before({"members": {"hog": {"cell": 8}, "color": {}}})

    assert [option.name for option, _ in default] == ["hog", "color", "layout"]
    assert [(option.name, params) for option, params in changed] == [
        ("hog", {"cell": 8}),
        ("color", {}),
    ]
    with pytest.raises(UserError, match=r"unknown feature 'hgo'\. Did you mean 'hog'"):
        mix.before({"members": ("hgo",)})
    with pytest.raises(UserError, match="can't combine 'mix'"):
        mix.before({"members": ("mix",)})


def test_weights_of_a_mix_are_matched_by_name():
    mix = FEATURE.find("image", "mix")
    params = {"members": {"hog": {}, "color": {}}, "weights": {"color": 0.5}}

    assert mix.make(params=params).weights == (1.0, 0.5)
    with pytest.raises(UserError, match="unknown member of feature 'mix' 'colour'"):
        mix.make(params={"weights": {"colour": 2.0}})


def test_options_on_the_same_descriptors_share_their_preparation():
    dense, fisher = (
        FEATURE.find("image", name) for name in ("dense_sift_bovw", "fisher")
    )

    assert dense.prepare is fisher.prepare
    assert dense.before({"step": 9, "n_words": 7}) == [(fisher.prepare, {"step": 9})]
    assert dense.own({"step": 9, "n_words": 7}) == {"n_words": 7}


def test_crops_cut_the_documented_part():
    image = np.full((100, 60, 3), 255, dtype=np.uint8)
    image[20:50, 10:40] = 0

    assert CutMargin(0.2)(image).shape == (80, 48, 3)
    assert CutMargin(0.9)(image[:1, :1]).shape == (1, 1, 3)
    assert CutWhite(245)(image).shape == (30, 30, 3)
    assert CutWhite(245)(image[:10]).shape == (10, 60, 3)


@pytest.mark.parametrize("name", ["off", "margin", "white_border"])
def test_a_crop_changes_a_feature(images, name):
    option = CROP.find("image", name)

    cropped = option.make(images.paths, params={"on_error": "fail"})

    assert cropped.on_error == "fail"
    whole, part = make("pixels", images), make("pixels", cropped)
    assert np.array_equal(whole, part) == (name == "off")
