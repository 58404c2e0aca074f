"""The voice API: calls on a prepaid balance that ask for key presses (CEQUENS-compatible)."""
