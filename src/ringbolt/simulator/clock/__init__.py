"""The clock of the simulated world, its HTTP API, and the code by which a shop follows it."""
