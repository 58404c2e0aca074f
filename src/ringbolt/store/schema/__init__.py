"""Tables, guards and migrations."""
