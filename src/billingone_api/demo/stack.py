"""Starts what the demo runs on, in the order in which each needs the other, and stops it again."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from billingone_api.config import Settings
from billingone_api.database.migrations import SchemaError, migrate
from billingone_api.demo.children import Child
from billingone_api.demo.errors import DemoError
from billingone_api.demo.folder import Folder
from billingone_api.embedded.launcher import LOOPBACK, free_port
from billingone_api.embedded.postgres import EmbeddedPostgres
from billingone_api.embedded.redis import EmbeddedRedis
from billingone_api.sandbox.xero.apps import PLATFORM, REDIRECT_URIS
from billingone_api.sandbox.xero.webhooks import SIGNING_KEY

DATABASE: Final = "billingone"
API_PORT: Final = 8000
SANDBOX_PORT: Final = 8790

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stack:
    """Where everything answers, and the processes that do."""

    api_url: str
    sandbox_url: str
    children: tuple[Child, ...]

    def check(self) -> None:
        """Raises DemoError if a process has ended by itself."""
        for child in self.children:
            if not child.is_running:
                raise child.failure("ended by itself")


@contextmanager
def running_stack(folder: Folder, *, project: Path, clients: int, tell: Tell) -> Iterator[Stack]:
    with ExitStack() as stack:
        tell("Starting PostgreSQL and Redis …")
        postgres = stack.enter_context(EmbeddedPostgres(folder.postgres))
        redis = stack.enter_context(EmbeddedRedis(folder.redis))
        environment = _environment(folder, postgres, redis)
        tell("Migrating the database …")
        _migrate(postgres, project)
        tell("Starting the sandbox, the API and a worker …")
        sandbox_port, api_port = _port(SANDBOX_PORT), _port(API_PORT)
        sandbox_url = f"http://{LOOPBACK}:{sandbox_port}"
        api_url = f"http://{LOOPBACK}:{api_port}"
        environment |= _third_parties(sandbox_url) | {"HOST": LOOPBACK, "PORT": str(api_port)}
        commands = {
            "sandbox": (
                "sandbox",
                f"--port={sandbox_port}",
                f"--clients={clients}",
                f"--keys={folder.panelone_keys}",
                "--rate-limit=0",
            ),
            "api": ("serve",),
            "worker": ("worker",),
        }
        children = tuple(
            stack.enter_context(Child(name, arguments, log=folder.log(name)))
            for name, arguments in commands.items()
        )
        for child in children:
            child.start(environment)
        children[0].wait_until_it_answers(f"{sandbox_url}/")
        children[1].wait_until_it_answers(f"{api_url}/readyz")
        yield Stack(api_url, sandbox_url, children)


def _environment(
    folder: Folder, postgres: EmbeddedPostgres, redis: EmbeddedRedis
) -> dict[str, str]:
    if not postgres.has_database(DATABASE):
        postgres.create_database(DATABASE)
    # Settings of somebody's own server must not steer the demo.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in Settings.model_fields
    }
    return inherited | {
        "DATABASE_URL": postgres.application_url(DATABASE),
        "REDIS_URL": redis.url,
        "ENCRYPTION_KEYS": folder.encryption_keys(),
        "LOG_FORMAT": "console",
        "CORS_ORIGINS": "http://localhost:3000,http://localhost:5173",
        "PYTHONUNBUFFERED": "1",
    }


def _third_parties(sandbox_url: str) -> dict[str, str]:
    return {
        "PANELONE_ISSUER": f"{sandbox_url}/panelone/auth/v1",
        "PANELONE_JWKS_URL": f"{sandbox_url}/panelone/auth/v1/.well-known/jwks.json",
        "PANELONE_ALGORITHMS": "RS256,ES256",
        "PAX8_API_URL": f"{sandbox_url}/pax8/v1",
        "PAX8_TOKEN_URL": f"{sandbox_url}/pax8/v1/token",
        "XERO_AUTHORISE_URL": f"{sandbox_url}/xero/identity/connect/authorize",
        "XERO_TOKEN_URL": f"{sandbox_url}/xero/connect/token",
        "XERO_CONNECTIONS_URL": f"{sandbox_url}/xero/connections",
        "XERO_API_URL": f"{sandbox_url}/xero/api.xro/2.0",
        "XERO_CLIENT_ID": PLATFORM[0],
        "XERO_CLIENT_SECRET": PLATFORM[1],
        "XERO_REDIRECT_URI": REDIRECT_URIS[1],
        "XERO_WEBHOOK_KEY": SIGNING_KEY,
        "SUPEROPS_US_URL": f"{sandbox_url}/superops/us/msp",
        "SUPEROPS_EU_URL": f"{sandbox_url}/superops/eu/msp",
        # A call for each company takes longer than anybody watches a demo.
        "PAX8_REQUESTS_PER_SECOND": "100",
        # A call for each invoice takes minutes at the pace that the real one allows.
        "SUPEROPS_REQUESTS_PER_MINUTE": "6000",
    }


def _migrate(postgres: EmbeddedPostgres, project: Path) -> None:
    try:
        asyncio.run(
            migrate(
                owner_url=postgres.owner_url(DATABASE),
                application_url=postgres.application_url(DATABASE),
                folder=project,
            )
        )
    except SchemaError as error:
        raise DemoError(f"{error}\nFRESH=1 begins with an empty database.") from error


def _port(wanted: int) -> int:
    """The usual port, or a free one where somebody has taken it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError:
            return free_port()
        return wanted
