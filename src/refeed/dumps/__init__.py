"""Dump folders -> files and their bytes; new dumps -> files. Only this package reads and writes dump files."""
