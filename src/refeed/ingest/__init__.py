"""Dumps -> store: entries are built in a pool of processes, recorded in batches, and kept up to date with the rules."""
