"""Dump folders -> files and their bytes, and new dumps -> files. Only this package reads and writes dump files."""
