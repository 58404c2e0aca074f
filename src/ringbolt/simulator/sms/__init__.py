"""The simulated SMS carrier, and its HTTP API."""
