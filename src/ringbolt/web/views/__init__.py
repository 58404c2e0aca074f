"""What an order's page shows of each kind of order, in words."""
