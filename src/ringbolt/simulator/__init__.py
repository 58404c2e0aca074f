"""The simulated world's HTTP face: node, wallet, phones, carrier, clock."""
