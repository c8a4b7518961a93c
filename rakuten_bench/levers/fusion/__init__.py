"""How the predictions of several scenarios are combined."""
