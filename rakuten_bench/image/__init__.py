"""Images: reading files, computing features, and reporting unusual images."""
