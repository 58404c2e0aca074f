"""The simulated number provider."""
