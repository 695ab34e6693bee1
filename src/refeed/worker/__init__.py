"""File events and the clock -> the movers, in the one process of all that holds the lock. Alone may run the clock."""
