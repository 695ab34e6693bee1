"""Command line -> one command of this package: the click group, its options, and errors as text and exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from ..errors import ConfigError, RefeedError
from ..terminal import escape_unprintable
from .output import echo

if TYPE_CHECKING:
    from ..config.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

_COMMANDS = {
    "serve": "serve.serve_command",
    "worker": "run_worker.worker_command",
    "ingest": "ingest.ingest_command",
    "publish": "publish.publish_command",
    "fetch": "fetch.fetch_command",
    "explain": "explain.explain_command",
    "check": "check.check_command",
    "status": "status.status_command",
    "tokens": "tokens.tokens_command",
    "recover": "recover.recover_command",
    "withdraw": "withdraw.withdraw_command",
    "restore": "withdraw.restore_command",
    "search": "search.search_command",
    "stories": "stories.stories_group",
    "topics": "topics.topics_group",
    "upstreams": "import_upstreams.upstreams_group",
    "migrate": "db.migrate_command",
    "copy-store": "db.copy_store_command",
    "backup": "db.backup_command",
}
_ALIASES = {"watch": "worker"}
"""Former names of commands. They work, and `--help` does not list them."""


class _LazyGroup(click.Group):
    """Imports only the command that runs: a web server must not hold the modules of all others in memory (40 MB).

    Turns our errors into their text and an exit status.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module, _, function = _COMMANDS.get(_ALIASES.get(cmd_name, cmd_name), "").partition(".")
        if not module:
            return None
        command = getattr(import_module(f".{module}", __package__), function)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            echo(*error.errors, err=True)
            sys.exit(2)
        except click.UsageError as error:  # it quotes what was typed
            raise click.UsageError(escape_unprintable(error.format_message()), error.ctx) from error
        except RefeedError as error:
            echo(f"refeed: {error}", err=True)
            sys.exit(1)


@click.group(cls=_LazyGroup)
@click.option(
    "--config", type=click.Path(dir_okay=False), help="config.yaml to use (else REFEED_CONFIG, ./config.yaml)."
)
@click.version_option(package_name="refeed")
@click.pass_context
def main(ctx: click.Context, config: str | None) -> None:
    """Turn a folder of dumped articles into clean, permanent Atom, RSS and JSON feeds."""
    if config:
        os.environ["REFEED_CONFIG"] = config  # child processes read it too
    ctx.obj = _load_and_prepare


def pass_settings(command: Callable[Concatenate[Settings, P], R]) -> Callable[P, R]:
    """Pass the settings to a command as its first argument. They are loaded when it runs: `--help` needs none."""

    @click.pass_obj
    @wraps(command)
    def run(load: Callable[[], Settings], /, *args: P.args, **kwargs: P.kwargs) -> R:
        return command(load(), *args, **kwargs)

    return run


def _load_and_prepare() -> Settings:
    """Load the settings, and prepare what every command needs: the log, modes of files, a temporary folder.

    In a container with a read-only root only our own folders are writable. Pool processes are reached through a socket
    in the temporary folder, so that folder is made below var/.
    """
    # `--help`, `--version` and mistakes in typing need no settings: 0.4 s of processor time.
    import tempfile

    from ..config.load import load_settings, protect_var
    from ..logs import configure_logging

    settings = load_settings(os.environ)
    configure_logging(settings.log_format)
    protect_var(settings)
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        folder = Path(settings.var_dir) / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)  # the variable is for child processes
    return settings
