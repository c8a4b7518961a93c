"""Combining the predictions of several models; predictions read from a file."""
