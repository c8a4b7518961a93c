"""Networks learn, stop early, resume after a kill and record their training."""

from __future__ import annotations

import logging
import pickle

import numpy as np
import pytest
from sklearn.base import clone

torch = pytest.importorskip("torch", reason="extra 'cnn' is not installed")

from rakuten_bench.corpus import Corpus
from rakuten_bench.corpus.encoded import encode
from rakuten_bench.division.holding import hold_out
from rakuten_bench.errors import UserError
from rakuten_bench.neural.augmentation import CHANGES, augment, warp
from rakuten_bench.neural.device import choose_device, name_device
from rakuten_bench.neural.image import ImageNetwork, find_shape, to_images
from rakuten_bench.neural.text import TextNetwork
from rakuten_bench.neural.training import (
    Recipe,
    Trainer,
    iter_batches,
)

CPU = torch.device("cpu")
FAST = Recipe(epochs=4, batch_size=8, learning_rate=3e-3, patience=4)


@pytest.fixture(scope="module")
def pixels() -> tuple[np.ndarray, np.ndarray]:
    """Sixty images of 16 x 16 in three classes, each with its own channel bright."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    X = rng.integers(0, 90, (60, 256, 3), dtype=np.uint8)
    X[np.arange(60), :, y] += 120
    return X.reshape(60, -1), y


@pytest.fixture(scope="module")
def corpus() -> tuple[Corpus, np.ndarray]:
    """Sixty texts; those of class 1 contain "rouge", the others "bleu"."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    fill = ["un", "sac", "pour", "elle"]
    texts = [
        [*rng.choice(fill, 4), ("bleu", "rouge")[code], *rng.choice(fill, 3)]
        for code in y
    ]
    return make_corpus([" ".join(words) for words in texts]), y


def make_corpus(texts: list[str]) -> Corpus:
    vocabulary, tokens, offsets = encode([text.split() for text in texts])
    extra = np.empty((len(texts), 0))
    return Corpus(vocabulary, tokens, offsets, ("text",), (1.0,), extra)


@pytest.mark.parametrize("architecture", ["average", "dropout", "residual"])
def test_a_network_learns_an_easy_task(pixels, architecture):
    X, y = pixels

    model = ImageNetwork(architecture, recipe=FAST, device="cpu").fit(X, y)

    assert (model.predict(X) == y).mean() > 0.9
    probability = model.predict_proba(X)
    assert probability.dtype == np.float32
    assert np.allclose(probability.sum(axis=1), 1, atol=1e-5)


def test_floats_and_bytes_are_the_same_pixels(pixels):
    X, _ = pixels
    rows = np.arange(5)

    as_bytes = to_images(X, rows, CPU)
    as_floats = to_images((X / 255).astype(np.float32), rows, CPU)

    assert as_bytes.shape == (5, 3, 16, 16)
    assert as_bytes.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(as_bytes, as_floats)
    assert np.allclose(as_bytes[2, 1].ravel() * 255, X[2].reshape(256, 3)[:, 1])


def test_rows_that_are_no_image_are_refused():
    assert find_shape(np.zeros((1, 100))) == (10, 10, 1)
    with pytest.raises(
        UserError, match="a feature of 99 numbers is not a square image"
    ):
        find_shape(np.zeros((1, 99)))


def test_one_seed_gives_the_same_weights_and_restores_the_random_state(pixels):
    X, y = pixels
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)

    model = ImageNetwork(augmentation="affine", recipe=FAST, random_state=3)
    first, second = (
        model.fit(X, y).predict_proba(X),
        clone(model).fit(X, y).predict_proba(X),
    )
    other = ImageNetwork(recipe=FAST, random_state=4).fit(X, y).predict_proba(X)

    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert torch.equal(torch.rand(1), expected)


def test_labels_keep_their_names(pixels):
    X, y = pixels

    model = ImageNetwork(recipe=FAST).fit(X, y * 10 + 5)

    assert model.classes_.tolist() == [5, 15, 25]
    assert set(model.predict(X)) <= {5, 15, 25}
    assert model.predict_proba(X[:0]).shape == (0, 3)


def test_a_fitted_network_pickles(pixels):
    X, y = pixels
    model = ImageNetwork(recipe=FAST).fit(X, y)

    copy = pickle.loads(pickle.dumps(model))

    assert np.array_equal(copy.predict_proba(X), model.predict_proba(X))


class Interrupted(Exception):
    pass


def interrupt_third_epoch(record):
    """Raise at the end of an epoch, as Ctrl-C does, before its checkpoint is written."""
    if "epoch 3 of" in record.getMessage():
        raise Interrupted
    return True


def test_a_resumed_training_ends_with_the_weights_of_an_uninterrupted_one(
    pixels, tmp_path, caplog
):
    X, y = pixels

    def fit(folder):
        model = ImageNetwork("residual", "affine", recipe=FAST, folder=folder)
        return model.fit(X, y)

    undisturbed = fit(tmp_path / "one")
    with (
        caplog.at_level(logging.INFO),
        caplog.filtering(interrupt_third_epoch),
        pytest.raises(Interrupted),
    ):
        fit(tmp_path / "two")
    assert (tmp_path / "two" / "checkpoint.pt").exists()
    resumed = fit(tmp_path / "two")

    assert np.array_equal(resumed.predict_proba(X), undisturbed.predict_proba(X))
    losses = [
        [epoch["loss"] for epoch in model.details_["epochs"]]
        for model in (resumed, undisturbed)
    ]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 4


def test_training_stops_when_held_out_rows_get_no_better():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (80, 64), dtype=np.uint8)
    y = rng.integers(0, 2, 80)  # nothing to learn
    recipe = Recipe(epochs=60, batch_size=16, learning_rate=1e-2, patience=3)

    details = ImageNetwork(recipe=recipe).fit(X, y).details_

    epochs = details["epochs"]
    assert len(epochs) < 60
    assert len(epochs) - details["best_epoch"] == 3
    losses = [epoch["validation_loss"] for epoch in epochs]
    assert min(losses) == losses[details["best_epoch"] - 1]
    assert epochs[-1]["learning_rate"] < epochs[0]["learning_rate"]


def test_without_validation_it_trains_to_the_end(pixels):
    X, y = pixels

    recipe = Recipe(epochs=3, validation=0, patience=1)
    details = ImageNetwork(recipe=recipe).fit(X, y).details_

    assert [sorted(epoch) for epoch in details["epochs"]] == [
        ["learning_rate", "loss", "seconds"]
    ] * 3


def test_the_record_gets_device_size_and_weights(pixels, tmp_path):
    X, y = pixels

    model = ImageNetwork(recipe=FAST, device="cpu", weights=str(tmp_path)).fit(X, y)

    details = model.details_
    assert details["device"] == "cpu"
    assert details["n_weights"] == sum(p.numel() for p in model.network_.parameters())
    kept = torch.load(details["weights"], weights_only=True)
    assert torch.equal(kept["0.weight"], model.network_[0].weight)


def test_progress_is_logged(pixels, caplog):
    X, y = pixels

    with caplog.at_level(logging.INFO, logger="rakuten_bench"):
        ImageNetwork(recipe=Recipe(epochs=2)).fit(X, y)

    assert "epoch 2 of 2" in caplog.text


def test_rare_classes_weigh_more_when_balanced():
    y = np.array([0] * 30 + [1] * 10)
    network = torch.nn.Linear(1, 2)

    trainer = Trainer(network, lambda *_: None, y, Recipe(balanced=True), device=CPU)

    assert trainer.loss.weight.tolist() == pytest.approx([40 / 60, 2.0])


def test_held_out_rows_come_from_every_class():
    y = np.array([0] * 50 + [1] * 20 + [2])

    train, held = hold_out(y, 0.2, 0)

    assert np.bincount(y[held], minlength=3).tolist() == [10, 4, 0]
    assert sorted([*train, *held]) == list(range(71))


def test_no_batch_has_only_one_row():
    sizes = [len(batch) for batch in iter_batches(np.arange(17), 8)]

    assert sizes == [8, 9]
    assert [len(batch) for batch in iter_batches(np.arange(18), 8)] == [8, 8, 2]


@pytest.mark.parametrize("how", ["affine", "trivial"])
def test_augmented_images_stay_images(how):
    torch.manual_seed(0)
    images = torch.rand(64, 3, 16, 16)

    changed = augment(images, how)

    assert changed.shape == images.shape
    assert changed.min() >= -1e-5
    assert changed.max() <= 1 + 1e-5
    assert not torch.equal(changed, images)
    assert augment(images, "off") is images


@pytest.mark.parametrize("number", range(len(CHANGES)))
@pytest.mark.parametrize("n_channels", [1, 3])
def test_every_change_works_at_every_strength(number, n_channels):
    images = torch.rand(3, n_channels, 12, 12)
    strength = torch.tensor([-1.0, 0.0, 1.0]).view(3, 1, 1, 1)

    changed = CHANGES[number](images, strength)

    assert changed.shape == images.shape
    assert changed.isfinite().all()


def test_pixels_from_outside_are_white():
    images = torch.zeros(1, 1, 4, 4)
    half_to_the_side = torch.tensor([[[1.0, 0, 1.0], [0, 1, 0]]])

    moved = warp(images, half_to_the_side)[0, 0]

    assert moved[:, :2].eq(0).all()
    assert moved[:, 2:].eq(1).all()


@pytest.mark.parametrize("unit", ["word", "char"])
def test_a_text_network_finds_the_word_that_matters(corpus, unit):
    X, y = corpus
    recipe = Recipe(epochs=12, batch_size=8, learning_rate=5e-3, patience=12)

    model = TextNetwork(unit, 48, n_dims=16, n_filters=16, recipe=recipe).fit(X, y)

    assert (model.predict(X) == y).mean() > 0.9
    assert np.array_equal(
        model.predict(X.take(np.array([3, 4]))), model.predict(X)[3:5]
    )


def test_units_come_from_training_rows_only(corpus):
    X = make_corpus(["sac rouge sac", "sac bleu", "canari canari canari"])
    model = TextNetwork(length=5, recipe=FAST)

    model.prepare(X.take(np.array([0, 1])))
    encoded = model.encode(X)

    assert model.units_ == {"sac": 2, "bleu": 3, "rouge": 4}
    assert encoded.tolist() == [[2, 4, 2, 0, 0], [2, 3, 0, 0, 0], [1, 1, 1, 0, 0]]


def test_only_the_most_frequent_units_are_kept():
    model = TextNetwork(length=5, n_units=1)
    model.prepare(make_corpus(["a b", "b"]))

    assert model.units_ == {"b": 2}


def test_characters_keep_the_spaces_between_words():
    model = TextNetwork("char", length=8)
    X = make_corpus(["ab a"])

    model.prepare(X)

    numbers = {number: unit for unit, number in model.units_.items()}
    assert [numbers.get(n, "") for n in model.encode(X)[0]] == [*"ab a ", "", "", ""]


def test_a_text_shorter_than_a_filter_is_refused(corpus):
    X, y = corpus

    with pytest.raises(
        UserError, match="length '4' is less than the widest filter '5'"
    ):
        TextNetwork(length=4).fit(X, y)


def test_the_device_is_named():
    assert name_device(choose_device("cpu")) == "cpu"
    assert choose_device("auto").type == (
        "cuda" if torch.cuda.is_available() else "cpu"
    )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_learns_the_same(pixels):
    X, y = pixels

    model = ImageNetwork("residual", recipe=FAST, device="cuda").fit(X, y)

    assert (model.predict(X) == y).mean() > 0.9
    assert model.details_["device"] != "cpu"
