"""Measurements: what refeed costs, compared with something named in the same run."""
