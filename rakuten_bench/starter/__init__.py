"""Scenario files to start from: written for a table or a folder, or copied.

A scenario file is written for data that are looked at first: which columns they have,
in which languages they are, and what a benchmark of them would stumble on.
"""
