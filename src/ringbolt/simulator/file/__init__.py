"""The simulated world's own file: logs that outlive a restart."""
