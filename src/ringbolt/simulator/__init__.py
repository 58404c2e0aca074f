"""The simulated world: its file, its clock, node, wallet, phones, carriers, numbers, mailboxes, and
their HTTP face."""
