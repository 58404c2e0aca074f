"""The simulated voice carrier, its phones, and their HTTP APIs."""
