"""What the README says in tables is what the code says."""

import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from billingone_api.billing.access.models import PERMISSIONS, SCOPES, Permission, Role
from billingone_api.config import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def configuration_line(name: str) -> str:
    field = Settings.model_fields[name]
    default = field.default
    if default is PydanticUndefined:
        shown = "needed"
    elif default is None:
        shown = "-"
    else:
        text = ",".join(default) if isinstance(default, tuple) else str(default)
        shown = f"`{text.lower() if isinstance(default, bool) else text}`"
    return f"| `{name.upper()}` | {shown} | {field.description or ''} |"


def roles_table() -> list[str]:
    lines = [f"| Permission | {' | '.join(Role)} | PanelOne's services |"]
    for permission in Permission:
        marks = ["yes" if permission in PERMISSIONS[role] else "" for role in Role]
        marks.append("by scope" if permission in SCOPES else "")
        lines.append(f"| `{permission}` | {' | '.join(marks)} |")
    return lines


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_variable_stands_in_the_readme_with_its_default_and_reason(name: str) -> None:
    assert configuration_line(name) in README.splitlines()


def test_the_readme_names_no_variable_that_the_program_does_not_read() -> None:
    named = set(re.findall(r"(?m)^\| `([A-Z][A-Z0-9_]+)` \|", README))
    assert named == {name.upper() for name in Settings.model_fields}


def test_the_table_of_roles_is_the_one_in_code() -> None:
    lines = README.splitlines()
    assert [line for line in roles_table() if line not in lines] == []
