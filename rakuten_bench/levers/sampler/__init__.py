"""How the training rows are balanced."""
