"""What the simulated carriers, lenders and mail servers have in common: the line to their world."""
