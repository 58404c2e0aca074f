"""A Lightning node in memory, for tests of plug-ins and other programs that use Ringbolt."""
