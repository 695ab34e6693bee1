"""`python -m refeed`: the commands."""

from .cli.main import main

main()
