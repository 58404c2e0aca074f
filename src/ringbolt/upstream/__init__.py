"""Outgoing requests: to carriers and nodes, and to addresses that strangers name."""
