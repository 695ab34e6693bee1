"""Finds stored entries by words: tokens, the query language, the index on either store, and searching it."""
