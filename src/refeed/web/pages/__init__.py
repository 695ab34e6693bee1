"""Pages for people: find a feed, look into it, subscribe; see an entry and how it came about; see how all is going."""
