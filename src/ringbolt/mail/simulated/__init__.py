"""The simulated mail server as a shop reaches it."""
