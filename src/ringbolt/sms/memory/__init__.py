"""An SMS carrier in memory, for tests of plug-ins and other programs that use Ringbolt."""
