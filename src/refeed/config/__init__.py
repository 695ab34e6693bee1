"""config.yaml, packs and the environment -> Settings. Also has the types of all rules."""
