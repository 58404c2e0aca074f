"""A speaker that says nothing, for tests of those who build on Ringbolt."""
