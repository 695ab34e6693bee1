"""WSGI entry: `app`, nothing else."""

from refeed.web import create_app

app = create_app()
