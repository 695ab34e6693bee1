"""config.yaml and the environment -> Settings: alone may read the environment."""

from .loading import built_in_sources, load
from .settings import Settings

__all__ = ["Settings", "built_in_sources", "load"]
