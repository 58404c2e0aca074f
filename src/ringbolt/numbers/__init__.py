"""Numbers that are lent to an order, so that it receives the texts that come to them."""
