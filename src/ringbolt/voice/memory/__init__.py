"""A carrier of calls in memory, for tests of those who build on Ringbolt."""
