"""The simulated world's own file: documents and logs that outlive a restart."""
