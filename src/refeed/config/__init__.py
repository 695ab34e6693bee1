"""config.yaml, packs and the environment -> Settings, with the types of all rules. Alone reads the environment."""
