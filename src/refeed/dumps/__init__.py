"""Folders -> the files in them that are dumps, and their bytes. Alone may read dump files; opens nothing else."""
