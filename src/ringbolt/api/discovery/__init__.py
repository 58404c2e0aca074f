"""What the shop tells programs that know nothing of it: what is sold now, where, for how much."""
