"""A Lightning node in memory, for tests of those who build on Ringbolt."""
