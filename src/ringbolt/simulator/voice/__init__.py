"""The simulated carrier of calls, and its phones."""
