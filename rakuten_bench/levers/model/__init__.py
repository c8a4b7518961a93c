"""What learns the classes."""
