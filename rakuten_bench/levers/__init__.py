"""The levers: one folder each, one file for each option."""
