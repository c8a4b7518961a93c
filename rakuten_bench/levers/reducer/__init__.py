"""Feature selection and dimensionality reduction."""
