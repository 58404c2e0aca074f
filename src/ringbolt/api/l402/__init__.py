"""Pay per request: the API of Sats4AI's place-call, paid with L402 or MPP."""

FAMILY = "l402"
"""The family's name, as orders keep it."""
