"""Pages for people: find a feed, preview it, subscribe; see an entry and how it was processed; see the status."""
