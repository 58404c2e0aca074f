"""The simulated carrier of texts."""
