"""What a benchmark prints: each figure beside the ceiling of the same run."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    what: str
    measured: str
    ceiling: str
    ratio: float | None
    aim: str


def show(figures: Sequence[Figure]) -> None:
    table = Table("What", "Measured", "Ceiling of the same run", "Ratio", "Aim")
    for figure in figures:
        ratio = "-" if figure.ratio is None else f"{figure.ratio:.2f}"
        table.add_row(figure.what, figure.measured, figure.ceiling, ratio, figure.aim)
    Console(width=160).print(table)
