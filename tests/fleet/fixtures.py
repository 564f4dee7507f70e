"""pytest fixtures of the fleet; see `tests.fleet` for how to use them."""
