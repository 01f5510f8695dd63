"""What lehr costs, beside its peers: ``python -m benchmarks``."""
