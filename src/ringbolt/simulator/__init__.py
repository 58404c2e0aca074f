"""The simulated world: its file, clock, node, wallet, phones, carriers, numbers and mailboxes, and
their HTTP API."""
