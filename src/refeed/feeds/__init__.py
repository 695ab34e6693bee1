"""Which feeds there are, which entries each one shows, and who may read it."""
