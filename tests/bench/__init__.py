"""Benchmarks: `make bench` prints each hot path beside the real alternative, measured in one run."""
