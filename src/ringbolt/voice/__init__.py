"""Phone calls: the carrier port, its adapters, and audio."""
