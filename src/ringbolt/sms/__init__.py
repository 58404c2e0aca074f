"""Text messages out: the carrier port and its adapters."""
