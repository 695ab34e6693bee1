"""RawEntry and its source's rule -> Entry. Every removal is logged, and sanitizing comes last."""
