"""The simulated carrier of texts, and its HTTP face."""
