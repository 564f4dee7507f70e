"""Several real servers on one machine."""
