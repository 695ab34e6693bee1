"""The store: dumps, entries and feeds as rows of SQLite or PostgreSQL (SQLAlchemy Core). Alone speaks SQL."""
