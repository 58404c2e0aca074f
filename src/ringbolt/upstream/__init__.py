"""Outgoing requests: to carriers and nodes, and to untrusted addresses."""
