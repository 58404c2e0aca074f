"""The clock of the simulated world, its HTTP face, and the shop that follows it."""
