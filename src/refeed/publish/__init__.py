"""Store -> feeds/: finds stale documents and writes each one atomically."""
