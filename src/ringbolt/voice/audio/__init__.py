"""Audio files from URLs: fetched, checked, decoded."""
