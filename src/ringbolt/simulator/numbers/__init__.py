"""The simulated provider of numbers: its numbers, leases and texts, and its HTTP API."""
