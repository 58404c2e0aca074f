"""A provider of numbers in memory, for tests of those who build on Ringbolt."""
