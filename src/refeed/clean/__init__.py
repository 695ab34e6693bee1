"""RawEntry and its source's rule -> Entry, with every removal named; sanitize last."""
