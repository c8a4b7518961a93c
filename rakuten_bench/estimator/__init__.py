"""Estimators of our own, in scikit-learn's manner, that options build on.

Imported inside the options' functions only: they bring scikit-learn along.
"""
