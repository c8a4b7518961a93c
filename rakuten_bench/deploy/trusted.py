"""The types that a model file without pickle may contain.

Each was reviewed: loading one calls no function that the file names, opens no file, and
gives native code no indices that it would follow unchecked. So boosted trees and support
vectors of libsvm, whose native code trusts what it reads, are not among them.
"""

from __future__ import annotations

_NUMPY_SCALARS = ("bool", "int8", "int32", "int64", "uint8", "float32", "float64")

#: Of values that Python and NumPy describe themselves, by the loader of skops.
PLAIN = {
    "JsonNode": ("builtins.str",),
    "DictNode": ("builtins.dict", "collections.OrderedDict"),
    "ListNode": ("builtins.list",),
    "TupleNode": ("builtins.tuple",),
    "NdArrayNode": (
        "numpy.ndarray",
        *(f"numpy.{name}" for name in _NUMPY_SCALARS),
    ),
    "SparseMatrixNode": ("scipy.sparse._csr.csr_matrix",),
    "RandomStateNode": ("numpy.random.mtrand.RandomState",),
    "FunctionNode": ("sklearn.feature_selection._univariate_selection.chi2",),
    "TypeNode": (
        *(f"builtins.{name}" for name in ("bool", "float", "int", "str")),
        *(f"numpy.{name}" for name in _NUMPY_SCALARS),
    ),
    "LossNode": (
        *(
            f"sklearn.linear_model._sgd_fast.{name}"
            for name in ("Hinge", "ModifiedHuber", "SquaredHinge")
        ),
        "sklearn._loss._loss.CyHalfBinomialLoss",
    ),
}

_OURS = (
    "corpus.frequent.FrequentWords",
    "corpus.gram.CharGrams",
    "corpus.gram.TextCharGrams",
    "corpus.gram.WordGrams",
    "corpus.hashed.HashedVectorizer",
    "corpus.ngram.Index",
    "corpus.ngram.Level",
    "corpus.ngram.Span",
    "corpus.term.Terms",
    "corpus.vectorizer.CorpusVectorizer",
    "corpus.vectorizer.FittedPart",
    "corpus.vectorizer.Part",
    "corpus.vectorizer.Weighting",
    "corpus.vocabulary.Vocabulary",
    "estimator.bounds.Bounds",
    "estimator.calibration.Calibrated",
    "estimator.cluster.Clusterer",
    "estimator.kernel.RbfMap",
    "estimator.neighbour.Edited",
    "estimator.neighbour.Neighbours",
    "estimator.reduction.LogCountRatio",
    "estimator.reduction.NarrowKBest",
    "estimator.reduction.NarrowSVD",
    "estimator.stopping.StoppedEarly",
    "fusion.rule.Mean",
    "fusion.rule.Pooled",
    "fusion.rule.Product",
    "fusion.rule.Stacking",
    "fusion.rule.Weighted",
    "image.component.Components",
    "image.fisher.FisherVector",
    "image.mix.Mix",
    "image.patch.PatchWords",
    "image.word.VisualWords",
)
_SKLEARN = (
    "calibration.CalibratedClassifierCV",
    "calibration._CalibratedClassifier",
    "calibration._SigmoidCalibration",
    "cluster._kmeans.KMeans",
    "cluster._kmeans.MiniBatchKMeans",
    "decomposition._lda.LatentDirichletAllocation",
    "decomposition._nmf.NMF",
    "decomposition._pca.PCA",
    "dummy.DummyClassifier",
    "ensemble._bagging.BaggingClassifier",
    "ensemble._weight_boosting.AdaBoostClassifier",
    "isotonic.IsotonicRegression",
    "kernel_approximation.Nystroem",
    "linear_model._logistic.LogisticRegression",
    "linear_model._ridge.RidgeClassifier",
    "linear_model._stochastic_gradient.SGDClassifier",
    "mixture._gaussian_mixture.GaussianMixture",
    "naive_bayes.ComplementNB",
    "naive_bayes.MultinomialNB",
    "neighbors._classification.KNeighborsClassifier",
    "neural_network._multilayer_perceptron.MLPClassifier",
    "neural_network._stochastic_optimizers.AdamOptimizer",
    "neural_network._stochastic_optimizers.SGDOptimizer",
    "pipeline.Pipeline",
    "preprocessing._label.LabelBinarizer",
    "svm._classes.LinearSVC",
)
_IMBLEARN = (
    "over_sampling._random_over_sampler.RandomOverSampler",
    "under_sampling._prototype_selection._random_under_sampler.RandomUnderSampler",
)

#: Classes of estimators and of their parts.
OBJECTS = (
    *(f"rakuten_bench.{name}" for name in _OURS),
    *(f"sklearn.{name}" for name in _SKLEARN),
    *(f"imblearn.{name}" for name in _IMBLEARN),
)

#: Names of the types that each loader of skops may build; a file that asks for another
#: loader is refused: the others call methods and functions that the file names.
TRUSTED = {
    loader: frozenset(names)
    for loader, names in {**PLAIN, "ObjectNode": OBJECTS}.items()
}
