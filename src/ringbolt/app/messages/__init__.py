"""Texts and e-mail: sent, watched, recovered."""
