"""`python -m refeed`: the commands."""

from .cli import main

main()
