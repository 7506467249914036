"""JSON as a third party writes it."""

import json
from decimal import Decimal
from typing import Any


def written(value: Any) -> str:
    """JSON with each Decimal as the number it is."""

    def literal(item: Any) -> Any:
        if isinstance(item, Decimal):
            return f"<<{item}>>"
        if isinstance(item, dict):
            return {name: literal(inner) for name, inner in item.items()}
        if isinstance(item, list | tuple):
            return [literal(inner) for inner in item]
        return item

    return json.dumps(literal(value)).replace('"<<', "").replace('>>"', "")
