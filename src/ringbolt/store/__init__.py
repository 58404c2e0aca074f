"""The database: all SQL of Ringbolt is in this package."""
