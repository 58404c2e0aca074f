"""Audio behind URLs: fetched, checked, decoded."""
