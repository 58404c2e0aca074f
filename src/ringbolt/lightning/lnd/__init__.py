"""LND over REST."""
