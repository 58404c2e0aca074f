"""Calls: scripts, plans, SSML, events."""
