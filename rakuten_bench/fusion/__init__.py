"""Predictions of several models joined to one; predictions that come from a file."""
