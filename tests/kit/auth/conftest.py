import pytest
from tests.kit.auth.mint import NOW, Mint
from tests.support.clock import SetClock


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture(scope="session")
def mint() -> Mint:
    return Mint()
