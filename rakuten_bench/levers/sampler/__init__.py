"""How the training rows are resampled."""
