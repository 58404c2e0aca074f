"""The simulated world's own file, with documents and logs."""
