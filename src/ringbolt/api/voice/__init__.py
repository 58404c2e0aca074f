"""The voice API: calls on a prepaid balance that ask for key presses (CEQUENS-compatible)."""

FAMILY = "voice"
"""The family's name, as orders keep it."""
