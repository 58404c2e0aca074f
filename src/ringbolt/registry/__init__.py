"""The carriers, providers, mail servers and nodes of a shop, and the routing between them."""
