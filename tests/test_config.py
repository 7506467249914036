import pytest
from tests.support.api import KEYS
from tests.support.people import ISSUER, SECRET

from billingone_api.config import ConfigurationError, Settings

GOOD = {
    "DATABASE_URL": "postgresql://billingone_app:secret@db.example/billingone",
    "REDIS_URL": "redis://redis.example/0",
    "ENCRYPTION_KEYS": KEYS,
    "PANELONE_ISSUER": ISSUER,
    "PANELONE_ALGORITHMS": "HS256",
    "PANELONE_SHARED_SECRET": SECRET,
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, text in GOOD.items():
        monkeypatch.setenv(name, text)
    return monkeypatch


def complaint() -> str:
    with pytest.raises(ConfigurationError) as caught:
        Settings.load()
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ENCRYPTION_KEYS": "k1:AAAA"}, ["ENCRYPTION_KEYS", "3 bytes"]),
        ({"ENCRYPTION_KEYS": "planted-2b7e", "PORT": "x"}, ["ENCRYPTION_KEYS", "PORT"]),
        ({"DATABASE_URL": "mysql://root:planted-2b7e@db/x"}, ["DATABASE_URL", "postgresql://"]),
        ({"DATABASE_URL": "postgresql://u:planted-2b7e@[/x"}, ["DATABASE_URL"]),
        ({"DATABASE_URL": "postgresql://u:planted-2b7e@h:x/x"}, ["DATABASE_URL"]),
        ({"DATABASE_URL": "planted-2b7e"}, ["DATABASE_URL"]),
        ({"DATABASE_URL": ""}, ["DATABASE_URL"]),
        ({"DATABASE_OWNER_URL": "planted-2b7e"}, ["DATABASE_OWNER_URL"]),
        ({"REDIS_URL": "http://planted-2b7e"}, ["REDIS_URL", "redis://"]),
        ({"PANELONE_ISSUER": " "}, ["PanelOne's tokens", "issuer"]),
        ({"PANELONE_SHARED_SECRET": "planted-2b7e"}, ["PanelOne's tokens"]),
        ({"PANELONE_ROLE_CLAIM": "user_metadata.role"}, ["user_metadata"]),
        ({"PANELONE_JWKS_URL": "https://a.example/jwks"}, ["not both"]),
        ({"PANELONE_ALGORITHMS": "none"}, ["PanelOne's tokens"]),
        ({"PANELONE_API_URL": "https://a.example/api"}, ["PANELONE_TOKEN_URL", "come together"]),
        ({"PANELONE_CLIENT_SECRET": "planted-2b7e"}, ["PANELONE_API_URL", "come together"]),
        ({"PAX8_API_URL": "http://planted-2b7e.example/v1"}, ["PAX8_API_URL", "is https"]),
        ({"PAX8_API_URL": "planted-2b7e"}, ["PAX8_API_URL", "names no host"]),
        ({"PAX8_TOKEN_URL": "https://u:planted-2b7e@a.example/"}, ["PAX8_TOKEN_URL"]),
        ({"PAX8_TOKEN_URL": "file:///planted-2b7e"}, ["PAX8_TOKEN_URL"]),
        ({"LOG_LEVEL": "loud", "PORT": "70000"}, ["LOG_LEVEL", "PORT"]),
    ],
)
def test_a_setting_that_cannot_work_is_named_and_not_repeated(
    environment: pytest.MonkeyPatch, changes: dict[str, str], words: list[str]
) -> None:
    for name, text in changes.items():
        environment.setenv(name, text)
    said = complaint()
    assert [word for word in words if word not in said] == []
    assert "planted" not in said


def test_what_is_missing_is_said_all_at_once_and_why_it_is_needed(
    environment: pytest.MonkeyPatch,
) -> None:
    for name in GOOD:
        environment.delenv(name)
    lines = complaint().splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "DATABASE_URL",
        "REDIS_URL",
        "ENCRYPTION_KEYS",
        "PANELONE_ISSUER",
    ]
    assert lines[0] == (
        "DATABASE_URL: Is missing. PostgreSQL 16 or newer, as the role billingone_app, "
        "which owns nothing."
    )


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_a_database_is_named_however_the_platform_writes_it(
    environment: pytest.MonkeyPatch, scheme: str
) -> None:
    environment.setenv("DATABASE_URL", f"{scheme}://u:p@h:5433/d?ssl=require")
    url = Settings.load().database_url.get_secret_value()
    assert url == "postgresql+asyncpg://u:p@h:5433/d?ssl=require"


def test_a_database_may_be_named_by_its_socket(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", "postgresql://u:p@/d?host=/var/run/postgresql")
    url = Settings.load().database_url.get_secret_value()
    assert url == "postgresql+asyncpg://u:p@/d?host=/var/run/postgresql"


def test_lists_are_read_as_people_write_them(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CORS_ORIGINS", " https://a.example, https://b.example ,")
    assert Settings.load().cors_origins == ("https://a.example", "https://b.example")


def test_settings_print_no_secret(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_OWNER_URL", "postgresql://o:planted-2b7e@h/d")
    shown = repr(Settings.load())
    assert "planted" not in shown
    assert SECRET not in shown
    assert KEYS not in shown
