"""Results of steps by key: where they lie, who is at work on them, who needs them."""
