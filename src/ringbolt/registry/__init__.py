"""Which carriers, providers, mailers and nodes a shop has, and which of them is asked for what."""
