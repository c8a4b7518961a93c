"""The Python interface: what a person calls, and what the commands call too.

Its public names are those of `rakuten_bench` itself, which imports them from here at
first use. Everything else in the package is private.
"""
