"""Commands (click). Exit status: 0 all well, 1 something was quarantined or refused, 2 usage or configuration."""
