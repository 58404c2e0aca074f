"""The web pages: the storefront, an order's page, and the simulator's phone. They sell through the
same use cases as the APIs."""
