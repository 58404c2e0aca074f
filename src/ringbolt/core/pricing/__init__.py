"""Rates, prices, costs and money."""
