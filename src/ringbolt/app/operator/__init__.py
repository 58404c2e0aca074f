"""The operator's use cases: audit, housekeeping, own numbers."""
