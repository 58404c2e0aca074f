"""The simulated carrier of texts as a shop reaches it."""
