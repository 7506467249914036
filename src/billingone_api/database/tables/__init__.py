"""The tables of each area; no behaviour."""

import pkgutil
from importlib import import_module


def load() -> None:
    """Import every table, so that the metadata is complete (for migrations and their check)."""
    for module in pkgutil.iter_modules(__path__, prefix=f"{__name__}."):
        import_module(module.name)
