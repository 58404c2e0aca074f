"""The simulated number provider as a shop reaches it."""
