"""RawEntry and the sources' rules -> an entry, with the account of what was removed and where each field came from."""
