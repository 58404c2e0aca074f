"""Whether a call is understood: sentences go the whole way to a phone, and are recognised there."""
