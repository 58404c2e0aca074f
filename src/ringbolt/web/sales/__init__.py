"""The forms that sell: one file for each service."""
