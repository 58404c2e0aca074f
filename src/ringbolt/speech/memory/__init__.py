"""A silent speaker, for tests of plug-ins and other programs that use Ringbolt."""
