"""Commands (click). Exit status: 0 all well, 1 something was quarantined or refused, 2 usage or configuration."""

from __future__ import annotations

import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from ..config.load import load_settings
from ..config.settings import Settings
from ..errors import ConfigError, RefeedError
from ..logs import configure_logging

_COMMANDS = {
    "serve": "serve.serve",
    "watch": "serve.watch",
    "ingest": "ingest.ingest",
    "publish": "ingest.publish",
    "fetch": "ingest.fetch_",
    "explain": "explain.explain_",
    "check": "explain.check",
    "status": "explain.status_",
    "tokens": "explain.tokens",
    "withdraw": "withdraw.withdraw_",
    "restore": "withdraw.restore_",
    "topics": "withdraw.topics",
    "migrate": "migrate.migrate_",
    "copy-store": "migrate.copy_store_",
}


class _Group(click.Group):
    """Imports the one command that is run: a server need not hold the modules of all others in memory, at 40 MB.

    Turns our errors into their text and an exit status.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module, _, function = _COMMANDS.get(cmd_name, "").partition(".")
        if not module:
            return None
        found = getattr(import_module(f".{module}", __package__), function)
        assert isinstance(found, click.Command)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            click.echo(str(error), err=True)
            sys.exit(2)
        except RefeedError as error:
            click.echo(f"refeed: {error}", err=True)
            sys.exit(1)


@click.group(cls=_Group)
@click.option(
    "--config", type=click.Path(dir_okay=False), help="config.yaml to use (else REFEED_CONFIG, ./config.yaml)."
)
@click.version_option(package_name="refeed")
@click.pass_context
def main(ctx: click.Context, config: str | None) -> None:
    """Turn a folder of dumped articles into clean, permanent Atom, RSS and JSON feeds."""
    if config:
        os.environ["REFEED_CONFIG"] = config  # for the processes that this one starts, too
    ctx.obj = _settings


def _settings() -> Settings:
    settings = load_settings(os.environ)
    configure_logging(settings.log_format)
    _provide_temporary(Path(settings.var_dir))
    return settings


def _provide_temporary(var: Path) -> None:
    """Where nothing but our own folders may be written, as in a container with a read-only root, use one of those.

    The processes that make entries are reached through a socket in the folder for temporary files.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        folder = var / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)  # ours and, through the environment, our children's
