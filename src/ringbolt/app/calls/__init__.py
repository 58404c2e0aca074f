"""Calls: placed, watched, recovered, charged."""
