"""House rules that no other linter knows: ``python -m tools.lint``."""
