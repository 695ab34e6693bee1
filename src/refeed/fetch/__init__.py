"""Upstreams -> dump files, and every other outgoing request. Only this package connects to other machines."""
