"""Commands (click), one a file. Exit status: 0 ok, 1 something was quarantined or refused, 2 usage or configuration."""
