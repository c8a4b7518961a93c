"""Render scenarios, scores and tables as text, for report and check."""
