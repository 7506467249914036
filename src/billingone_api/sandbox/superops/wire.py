"""Values as SuperOps writes them: money as text, instants without a zone, references as JSON."""

from datetime import date, datetime
from decimal import Decimal

from billingone_api.sandbox.wire import Record


def text(amount: Decimal) -> str:
    """`1250.25`, and `10000` without a point."""
    return f"{amount.normalize():f}"


def instant(moment: datetime) -> str:
    """`2022-11-29T15:54:16.270`: UTC, though nothing says so."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds")


def us_day(day: date) -> str:
    """`061422`, as numbers begin in an account of that locale."""
    return f"{day:%m%d%y}"


def reference(field: str, key: str, name: str, *, bare: bool = False) -> Record:
    """Another record inside a JSON field; `bare` writes its id as a number of up to 20 digits."""
    return {field: int(key) if bare else key, "name": name}
