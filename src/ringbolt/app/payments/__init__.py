"""Money: held, settled, returned, shared."""
