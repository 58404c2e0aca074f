"""What may be bought how often, and what is never sold."""
