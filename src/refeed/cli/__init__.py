"""Commands (click), one per file. Exit status: 0 success, 1 quarantine or refusal, 2 usage or configuration error."""
