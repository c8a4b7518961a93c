"""How the vectors are made smaller."""
