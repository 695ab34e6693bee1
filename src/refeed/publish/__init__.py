"""Store -> feeds/: which documents are stale, written whole or not at all."""
