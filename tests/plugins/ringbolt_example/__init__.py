"""A plug-in as anybody may write one: carriers of a type that Ringbolt does not ship."""
