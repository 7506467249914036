from pathlib import Path

import pytest

from billingone_api.embedded.errors import EmbeddedServerError, advice, explained

FOLDER = Path("/demo")


@pytest.mark.parametrize(
    ("symptom", "expected"),
    [
        ("could not write file: No space left on device", "Free some space on the disk"),
        ("mkdir: Disk quota exceeded", "Free some of your disk quota"),
        ("[Errno 13] Permission denied: '/demo'", "may write to instead of /demo"),
        ("[Errno 30] Read-only file system", "can be written instead of /demo"),
        ("FATAL:  database files are incompatible with server", "Move /demo away"),
        ("something nobody has seen", ""),
    ],
)
def test_a_symptom_gets_the_advice_that_helps(symptom: str, expected: str) -> None:
    found = advice(symptom, FOLDER)

    assert expected in found
    assert bool(found) == bool(expected)


def test_a_refusal_of_the_system_becomes_a_sentence_that_says_what_to_do() -> None:
    with (
        pytest.raises(EmbeddedServerError, match=r"^Writing failed: .*Free some space") as caught,
        explained("Writing", FOLDER),
    ):
        raise OSError(28, "No space left on device")

    assert isinstance(caught.value.__cause__, OSError)


def test_an_error_of_ours_passes_unchanged() -> None:
    with pytest.raises(EmbeddedServerError, match=r"^as it was$"), explained("Writing", FOLDER):
        raise EmbeddedServerError("as it was")
