"""Measurements: what refeed costs, beside something named in the same run."""
