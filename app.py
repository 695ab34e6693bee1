"""WSGI entry: `app`, nothing else."""

from refeed.web.app import create_app

app = create_app()
