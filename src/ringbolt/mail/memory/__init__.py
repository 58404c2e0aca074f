"""A mail server in memory, for tests of those who build on Ringbolt."""
