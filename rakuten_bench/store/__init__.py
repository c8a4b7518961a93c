"""Results of steps by key: storage, claims and pins."""
