"""Ringbolt: a self-hosted shop for phone calls and messages, paid over Bitcoin Lightning."""

__version__ = "0.1.0"
