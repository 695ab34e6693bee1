"""Documents and pages over HTTP (Flask). Serving a document touches no database, and needs no Flask."""
