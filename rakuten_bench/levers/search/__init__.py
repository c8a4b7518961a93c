"""How the model's parameters are chosen."""
