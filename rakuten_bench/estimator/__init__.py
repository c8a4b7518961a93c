"""Scikit-learn-compatible estimators that options build on.

Options import them inside their functions, since these modules import scikit-learn.
"""
