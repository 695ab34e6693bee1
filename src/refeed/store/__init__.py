"""The store: dumps, entries and feeds as rows of SQLite or PostgreSQL (SQLAlchemy Core). No other package uses SQL."""
