"""The HTTP APIs: one package per compatible family."""
