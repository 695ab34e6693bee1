"""Upstreams -> dump files, and every other request outwards: alone may open a socket outwards."""
