"""Notices to buyers: what they say, and how they are sent."""
