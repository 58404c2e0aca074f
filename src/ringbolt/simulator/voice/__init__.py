"""The simulated carrier of calls, its phones, and their HTTP faces."""
