from __future__ import annotations

from rakuten_bench.image.kernel import Codebook, Kernel, Norm, tag_kernel
from rakuten_bench.levers.feature.sift import sift
from rakuten_bench.registry import FEATURE, Rules
from rakuten_bench.types import Transformer


@FEATURE.option(
    "sift_bovw",
    digit="1",
    needs="scikit-learn",
    kind="transform",
    prepare=sift,
    rules=Rules(tags_by=tag_kernel),
)
def sift_bovw(
    n_words: int = 140,
    codebook: Codebook = "minibatch",
    n_samples: int = 256,
    root: bool = False,
    norm: Norm = "l2",
    levels: int = 1,
    kernel: Kernel = "linear",
    random_state: int | None = None,
) -> Transformer:
    """Bag of visual words: up to 500 SIFT keypoints, a codebook of 140."""
    from rakuten_bench.image.word import VisualWords

    return VisualWords(
        n_words, codebook, n_samples, root, norm, levels, kernel, random_state
    )
