"""The `billingone` command."""

import asyncio
import json
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn

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


def _listener(host: str, port: int) -> socket.socket:
    """Bound by us, so that a port that is taken is told in words."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        _refuse(f"Cannot listen on {host}, port {port}: {error.strerror}. Choose another port.")


def _run(served: Any, listener: socket.socket) -> None:
    """Serve until Ctrl-C or a signal, then let requests under way finish."""
    import uvicorn

    config = uvicorn.Config(
        served,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=20,
    )
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    if not server.started:
        raise typer.Exit(1)


def _check_database(settings: Settings) -> None:
    from billingone_api.database import migrations

    try:
        asyncio.run(migrations.check_database(settings.database_url.get_secret_value()))
    except migrations.SchemaError as error:
        _refuse(error)


@app.command()
def serve() -> None:
    """Serve the HTTP API."""
    from billingone_api.kit import logging
    from billingone_api.main import create_app

    settings = _settings()
    logging.configure(style=settings.log_format, level=settings.log_level)
    listener = _listener(settings.host, settings.port)
    _check_database(settings)
    _run(create_app(settings), listener)


@app.command()
def worker() -> None:
    """Do what is due: syncs and schedules, until SIGTERM or Ctrl-C."""
    from billingone_api import worker as due_work
    from billingone_api.kit import logging

    settings = _settings()
    logging.configure(style=settings.log_format, level=settings.log_level)
    _check_database(settings)
    try:
        asyncio.run(due_work.run(settings))
    except ConfigurationError as error:
        _refuse(error)


@app.command()
def migrate() -> None:
    """Bring the database to this program's schema, as its owner."""
    from billingone_api.database import migrations

    settings = _settings()
    if settings.database_owner_url is None:
        _refuse("DATABASE_OWNER_URL: set it to the same database, as billingone_owner.")
    try:
        advice = asyncio.run(
            migrations.migrate(
                owner_url=settings.database_owner_url.get_secret_value(),
                application_url=settings.database_url.get_secret_value(),
                folder=PROJECT,
            )
        )
    except migrations.SchemaError as error:
        _refuse(error)
    typer.echo(f"The database is at schema {migrations.SCHEMA_REVISION}.")
    if advice:
        typer.echo(advice)


@app.command()
def rotate_keys() -> None:
    """Bring everything that is stored encrypted under the newest key of ENCRYPTION_KEYS."""
    from billingone_api.database import rotation

    settings = _settings()
    _check_database(settings)
    done = asyncio.run(rotation.run(settings.database_url, settings.key_ring, tell=typer.echo))
    typer.echo(
        f"{done.rotated} brought under key {settings.key_ring.current}, {done.left} left under "
        f"other keys, {done.unreadable} that no key of the ring opens."
    )
    if done.left:
        _refuse("What is left was in use all the time: run this again.")
    if done.unreadable:
        _refuse("Keep the other keys: what no key opens has lost its own, or was changed.")


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
def sandbox(  # noqa: PLR0913 - each is an option of the command line
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8790,
    clients: Annotated[int, typer.Option(min=1, max=1000, help="Clients of the MSP.")] = 60,
    subscriptions: Annotated[
        int | None,
        typer.Option(min=0, max=100_000, help="In all; without it, what so many clients have."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed tells the same story.")] = 7,
    latency: Annotated[
        int, typer.Option(min=0, help="Milliseconds that every answer takes longer.")
    ] = 0,
    rate_limit: Annotated[
        int,
        typer.Option(min=0, help="Pax8's requests a minute; 0 lifts it, and all others' limits."),
    ] = 1000,
    invoices: Annotated[
        int | None,
        typer.Option(min=0, max=1_000_000, help="Xero's sales; without it, 24 for each client."),
    ] = None,
    superops_invoices: Annotated[
        int | None,
        typer.Option(min=0, max=100_000, help="SuperOps' own; without it, two for each client."),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="Folder that keeps PanelOne's keys between starts.")
    ] = None,
) -> None:
    """Serve the third parties as they behave on the wire, for those who build against us."""
    try:
        from billingone_api.sandbox.app import SandboxSettings, create_sandbox
        from billingone_api.sandbox.superops.room import SuperopsSettings
        from billingone_api.sandbox.xero.limits import XeroLimits
        from billingone_api.sandbox.xero.room import XeroSettings
    except ModuleNotFoundError:
        _refuse("This installation carries no sandbox; a checkout of the repository does.")

    listener = _listener("127.0.0.1", port)
    made = create_sandbox(
        SandboxSettings(
            base_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
            clients=clients,
            subscriptions=subscriptions,
            seed=seed,
            latency_seconds=latency / 1000,
            rate_limit=rate_limit or None,
            keys_folder=keys,
            xero=XeroSettings(
                invoices=invoices, limits=XeroLimits() if rate_limit else XeroLimits.lifted()
            ),
            superops=SuperopsSettings(
                invoices=superops_invoices, limit=100 if rate_limit else None
            ),
        )
    )
    typer.echo(_as_text(made.guide()))
    _run(made, listener)


def _as_text(guide: dict[str, Any], indent: str = "") -> str:
    lines = []
    for name, value in guide.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", _as_text(value, indent + "  ")]
        else:
            words = ", ".join(value) if isinstance(value, list) else value
            lines.append(f"{indent}{name:<18} {words}")
    return "\n".join(lines)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document; nothing needs to run for it."""
    from billingone_api.main import document

    json.dump(document(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    app()
