from __future__ import annotations

from rakuten_bench.image.kernel import Codebook, Kernel, Norm, tag_kernel
from rakuten_bench.levers.feature.sift import dense_sift
from rakuten_bench.registry import FEATURE, Effort, Rules
from rakuten_bench.types import Transformer


@FEATURE.option(
    "dense_sift_bovw",
    digit="2",
    needs="scikit-learn",
    kind="transform",
    prepare=dense_sift,
    rules=Rules(tags_by=tag_kernel),
    effort=Effort(30.0),
)
def dense_sift_bovw(
    n_words: int = 256,
    codebook: Codebook = "kmeans",
    n_samples: int = 256,
    root: bool = True,
    norm: Norm = "l1",
    levels: int = 2,
    kernel: Kernel = "chi2",
    random_state: int | None = None,
) -> Transformer:
    """Bag of visual words: dense SIFT on a grid, in a spatial pyramid."""
    from rakuten_bench.image.word import VisualWords

    return VisualWords(
        n_words, codebook, n_samples, root, norm, levels, kernel, random_state
    )
