"""How tokens become numbers."""
