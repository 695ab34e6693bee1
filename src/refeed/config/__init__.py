"""config.yaml and the environment -> Settings: alone may read the environment."""
