"""The schema's history, in Alembic's words."""
