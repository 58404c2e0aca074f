"""Lightning Addresses of the simulated world."""
