"""No container engine runs here, so every command and path that the image names is looked up."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from sqlalchemy import make_url

from billingone_api.config import Settings
from billingone_api.database.tenancy import APPLICATION_ROLE, OWNER_ROLE

ROOT = Path(__file__).resolve().parents[2]
OURS = ("migrate", "api", "worker")
VARIABLES = {name.upper() for name in Settings.model_fields}
NEEDED = {name.upper() for name, field in Settings.model_fields.items() if field.is_required()}
INTERPRETERS_OWN = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of the Dockerfile, in the stage it belongs to."""

    stage: str
    verb: str
    words: str


def steps() -> list[Step]:
    stage, found = "", []
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line[:1] != "#"]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        verb, _, words = line.strip().partition(" ")
        if verb == "FROM":
            stage = words.partition(" AS ")[2] or "last"
        if verb:
            found.append(Step(stage, verb, words))
    return found


def of(verb: str, *, stage: str = "last") -> list[str]:
    return [step.words for step in steps() if (step.stage, step.verb) == (stage, verb)]


def copied_from_here() -> set[str]:
    copies = [step.words for step in steps() if step.verb == "COPY" and "--from" not in step.words]
    return {source for words in copies for source in words.split()[:-1]}


def environment_of_the_image() -> dict[str, str]:
    pairs = [pair.partition("=") for words in of("ENV") for pair in words.split()]
    return {name: value for name, _, value in pairs}


def compose() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return data


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def subcommands() -> set[str]:
    from billingone_api.cli import app

    return set(getattr(typer.main.get_command(app), "commands", {}))


def test_what_the_image_copies_exists_and_is_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    let_through = {line[1:] for line in ignored if line.startswith("!")}
    assert copied_from_here() == let_through, "one names what the other does not"
    assert all((ROOT / name).exists() for name in let_through)


def test_the_rooms_of_the_demo_stay_out_of_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for room in ("sandbox", "embedded", "demo"):
        assert f"src/billingone_api/{room}" in ignored


def test_the_last_stage_carries_no_tools() -> None:
    stages = [step.stage for step in steps() if step.verb == "FROM"]
    assert stages == ["builder", "last"]
    for words in of("RUN"):
        assert not re.search(r"apt|\buv\b|pip install|curl|gcc|\.lock", words), words
    assert not any(word in words for words in of("COPY") for word in ("src", ".lock", "pyproject"))


def test_the_last_stage_takes_only_what_the_builder_made() -> None:
    made = "\n".join(of("RUN", stage="builder"))
    taken = [words.split() for words in of("COPY") if "--from" in words]
    assert taken == [["--from=builder", "/app/.venv", "/app/.venv"]]
    assert "venv --without-pip /app/.venv" in made
    assert environment_of_the_image()["PATH"].startswith("/app/.venv/bin:")


def test_the_builder_installs_by_hash() -> None:
    (tools, packages, project) = of("RUN", stage="builder")
    assert "--require-hashes --requirement requirements-uv.lock" in tools
    assert "--require-hashes requirements.lock" in packages
    assert "--build-constraints requirements-dev.lock --require-hashes" in project
    assert "--no-deps --offline" in project


def test_nobody_is_root_in_the_image() -> None:
    (user,) = of("USER")
    uid, gid = user.split(":")
    assert int(uid) >= 10_000
    created = "\n".join(of("RUN"))
    assert f"--uid {uid}" in created
    assert f"groupadd --gid {gid}" in created


def test_the_migrations_lie_where_the_command_runs() -> None:
    assert of("WORKDIR") == ["/app"]
    assert "alembic.ini ./" in of("COPY")
    assert "migrations ./migrations" in of("COPY")
    assert "%(here)s/migrations" in (ROOT / "alembic.ini").read_text()


def test_the_image_sets_only_variables_that_the_program_reads() -> None:
    assert environment_of_the_image().keys() <= VARIABLES | INTERPRETERS_OWN


def test_one_port_everywhere() -> None:
    port = environment_of_the_image()["PORT"]
    assert of("EXPOSE") == [port]
    assert services()["api"]["ports"] == [f"127.0.0.1:${{API_PORT:-8000}}:{port}"]


@contextmanager
def answering(status: int) -> Iterator[int]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/livez" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  - its name there
            del format, args

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_tells_health(status: int, *, healthy: bool) -> None:
    (words,) = of("HEALTHCHECK")
    program, *arguments = json.loads(words.partition("CMD ")[2])
    assert program == "python"
    with answering(status) as port:
        ran = subprocess.run(  # noqa: S603  - the Dockerfile's own words
            (sys.executable, *arguments),
            env={**os.environ, "PORT": str(port), "http_proxy": "http://127.0.0.1:9"},
            check=False,
            capture_output=True,
        )
    assert (ran.returncode == 0) is healthy


def test_the_health_check_asks_a_route_of_ours() -> None:
    from billingone_api import main

    assert main.__file__
    sources = (ROOT / "src/billingone_api").rglob("*.py")
    assert any('"/livez"' in source.read_text() for source in sources)


def test_every_command_is_one_of_ours() -> None:
    commands = [json.loads(of("CMD")[0]), *(services()[name]["command"] for name in OURS)]
    for program, subcommand in commands:
        assert program == "billingone"
        assert subcommand in subcommands()


@pytest.mark.parametrize("name", OURS)
def test_a_service_sets_what_the_program_needs_and_nothing_it_does_not_read(name: str) -> None:
    given = services()[name]["environment"]
    assert {key for key, value in given.items() if value} >= NEEDED
    assert given.keys() <= VARIABLES
    assert {"PANELONE_JWKS_URL", "PANELONE_SHARED_SECRET"} <= given.keys()


def test_only_migrations_run_as_owner() -> None:
    holders = [name for name in OURS if "DATABASE_OWNER_URL" in services()[name]["environment"]]
    assert holders == ["migrate"]


@pytest.mark.parametrize(
    ("variable", "role"), [("DATABASE_URL", APPLICATION_ROLE), ("DATABASE_OWNER_URL", OWNER_ROLE)]
)
def test_the_databases_are_reached_as_the_right_role(variable: str, role: str) -> None:
    given = services()["migrate"]["environment"][variable]
    url = make_url(re.sub(r"\$\{[^}]*}", "secret", given))
    server = services()[url.host or ""]["environment"]
    assert (url.drivername, url.username) == ("postgresql+asyncpg", role)
    assert (url.database, OWNER_ROLE) == (server["POSTGRES_DB"], server["POSTGRES_USER"])


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "compose.yaml").read_text()
    secret = re.compile(r"\$\{(\w*(?:PASSWORD|KEYS|SECRET|TOKEN)\w*)(:[-?])?")
    uses = secret.findall(text)
    required = {name for name, operator in uses if operator == ":?"}
    assert {name for name, _ in uses} == required
    assert ":-" not in {operator for _, operator in uses}
    literal = r"(?m)^\s+\w*(?:PASSWORD|KEYS|SECRET|TOKEN|AUTH): (?!\$\{)\S"
    assert not re.search(literal, text)


def test_each_service_waits_for_something_that_can_come() -> None:
    for name, service in services().items():
        for other, waiting in service.get("depends_on", {}).items():
            if waiting["condition"] == "service_healthy":
                assert "test" in services()[other]["healthcheck"], (name, other)
            else:
                assert waiting["condition"] == "service_completed_successfully"
                assert services()[other]["restart"] == "no", "it would never be over"


def test_only_the_database_keeps_data_and_only_the_api_is_reached_from_outside() -> None:
    kept = {name for name, service in services().items() if service.get("volumes")}
    assert kept == {"postgres"}
    assert [service["volumes"] for service in services().values() if "volumes" in service] == [
        [f"{volume}:/var/lib/postgresql"] for volume in compose()["volumes"]
    ]
    assert {name for name, service in services().items() if "ports" in service} == {"api"}


def test_every_service_that_stays_has_time_to_stop() -> None:
    staying = {name for name, service in services().items() if service["restart"] != "no"}
    assert {name for name in staying if "stop_grace_period" in services()[name]} == staying
