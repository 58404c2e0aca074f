"""A carrier of texts in memory, for tests of those who build on Ringbolt."""
