"""Upstreams -> dump files, and every other outgoing request. Alone may open a connection to another machine."""
