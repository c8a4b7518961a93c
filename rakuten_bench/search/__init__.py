"""Strategies that propose candidates: grid, random, halving, Bayesian, Parzen."""
