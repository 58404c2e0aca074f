"""The simulated carrier of calls as a shop reaches it."""
