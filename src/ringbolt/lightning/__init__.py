"""Lightning: the node port, LND over REST, and the simulated node."""
