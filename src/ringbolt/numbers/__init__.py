"""Numbers that are leased for an order, to receive the texts that come to them."""
