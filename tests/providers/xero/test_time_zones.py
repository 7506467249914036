import pytest

from billingone_api.kit.clock import time_zones
from billingone_api.providers.xero.time_zones import IANA, iana_zone


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("AUSEASTERNSTANDARDTIME", "Australia/Sydney"),
        ("EAUSTRALIASTANDARDTIME", "Australia/Brisbane"),
        ("NEWZEALANDSTANDARDTIME", "Pacific/Auckland"),
        ("GMTSTANDARDTIME", "Europe/London"),
        ("CENTRALSTANDARDTIME(MEXICO)", "America/Mexico_City"),
        ("UTC", "Etc/UTC"),
        ("AUS Eastern Standard Time", "Australia/Sydney"),
        ("MOONSTANDARDTIME", None),
        ("", None),
        (None, None),
    ],
)
def test_a_zone_of_theirs_is_one_of_the_iana_database(theirs: str | None, ours: str | None) -> None:
    assert iana_zone(theirs) == ours


def test_every_zone_they_know_is_one_that_python_knows() -> None:
    assert len(IANA) == 141
    assert set(IANA.values()) <= time_zones()
