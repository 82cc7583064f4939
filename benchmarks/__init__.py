"""Speed and memory of ShallowNetClassifier beside its peers: ``python -m benchmarks --help``."""
