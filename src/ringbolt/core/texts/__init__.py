"""Texts: segments, codes in them, what is hidden, what is refused."""
