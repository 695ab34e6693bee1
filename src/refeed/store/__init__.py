"""rows, by URL (SQLAlchemy Core): the truth. Alone may speak SQL."""
