"""Pay per request: the API of Sats4AI's place-call, paid with L402 or MPP."""
