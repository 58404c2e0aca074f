"""The schema's history (Alembic), carried inside the package."""
