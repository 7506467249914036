import pytest
from pydantic import TypeAdapter, ValidationError

from billingone_api.kit.instants import Day, Instant

DAYS: TypeAdapter[object] = TypeAdapter(Day)
INSTANTS: TypeAdapter[object] = TypeAdapter(Instant)


@pytest.mark.parametrize(
    "text", ["", "0", "0.5", "1795482000", "-1", "1e9", "2026-11", "2026-11-31", "today"]
)
def test_what_is_not_written_out_is_no_day_and_no_instant(text: str) -> None:
    for kind in (DAYS, INSTANTS):
        with pytest.raises(ValidationError):
            kind.validate_python(text)


@pytest.mark.parametrize("number", [0, 0.5, 1795482000, None, True])
def test_a_number_is_no_day_and_no_instant(number: object) -> None:
    for kind in (DAYS, INSTANTS):
        with pytest.raises(ValidationError):
            kind.validate_python(number)
