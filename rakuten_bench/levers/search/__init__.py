"""How the model's hyperparameters are chosen."""
