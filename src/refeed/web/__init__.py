"""Documents and pages over HTTP. Pages need Flask and the database; documents need neither."""
