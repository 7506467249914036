"""The `billingone` command."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from billingone_api.config import ConfigurationError, Settings

app = typer.Typer(
    name="billingone",
    help="The backend of BillingOne.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

PROJECT = Path.cwd()


def _refuse(sentence: object) -> NoReturn:
    typer.echo(str(sentence), err=True)
    raise typer.Exit(1)


def _settings() -> Settings:
    try:
        return Settings.load()
    except ConfigurationError as error:
        _refuse(f"The environment is not complete:\n{error}")


@app.command()
def serve() -> None:
    """Serve the HTTP API."""
    import uvicorn

    from billingone_api.kit import logging
    from billingone_api.main import create_app

    settings = _settings()
    logging.configure(style=settings.log_format, level=settings.log_level)
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=20,
    )
    server = uvicorn.Server(config)
    server.run()
    if not server.started:
        raise typer.Exit(1)


@app.command()
def worker() -> None:
    """Do what is due: syncs and schedules, until SIGTERM or Ctrl-C."""
    from billingone_api import worker as due_work
    from billingone_api.database.engine import SIGNS_OF_ABSENCE
    from billingone_api.database.migrations import SchemaError
    from billingone_api.kit import logging

    settings = _settings()
    logging.configure(style=settings.log_format, level=settings.log_level)
    try:
        asyncio.run(due_work.run(settings))
    except (ConfigurationError, SchemaError) as error:
        _refuse(error)
    except SIGNS_OF_ABSENCE as error:
        _refuse(f"The database does not answer ({type(error).__name__}): see DATABASE_URL.")


@app.command()
def migrate() -> None:
    """Bring the database to this program's schema, as its owner."""
    from billingone_api.database import migrations

    settings = _settings()
    if settings.database_owner_url is None:
        _refuse("DATABASE_OWNER_URL: set it to the same database, as billingone_owner.")
    try:
        asyncio.run(
            migrations.migrate(
                owner_url=settings.database_owner_url.get_secret_value(),
                application_url=settings.database_url.get_secret_value(),
                folder=PROJECT,
            )
        )
    except (migrations.SchemaError, OSError) as error:
        _refuse(error)
    typer.echo(f"The database is at schema {migrations.SCHEMA_REVISION}.")


@app.command()
def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="End after printing.")] = False,
    machine_reads: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout's last line; words on stderr.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin with empty databases.")] = False,
    scale: Annotated[
        int, typer.Option("--scale", min=1, max=1000, help="Clients in the portfolio.")
    ] = 60,
) -> None:
    """Run everything on this machine, third parties included, and show what it is for."""
    from billingone_api.demo.command import Wishes, run

    wishes = Wishes(once=once, machine_reads=machine_reads, fresh=fresh, scale=scale)
    raise typer.Exit(run(wishes, project=PROJECT))


@app.command()
def openapi() -> None:
    """Print the OpenAPI document; nothing needs to run for it."""
    from billingone_api.main import document

    json.dump(document(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    app()
