"""Did anything get worse: records against a committed baseline."""
