"""``/operator``: the console."""
