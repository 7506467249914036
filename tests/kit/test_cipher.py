import copy
import json
import pickle
from base64 import b64encode
from dataclasses import asdict, dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingone_api.kit.cipher import Cipher, DecryptionFailed, KeyRing, Secret, parse_key_ring

OLD = bytes.fromhex("3f5e0c9a71d2b84416e7a05bc8932fd1664a7e0db1c5f32890ab4d17e25c6f88")
NEW = bytes.fromhex("a81c4e7702f9d35b6e10cb84973ad52f0e61b3c87d4952fa18e6037bdc95a241")
PLACE = ("018f7a52-4c1e-7000-9d3b-2a5c8e6f1b07", "pax8", "client_secret")
CIPHER = Cipher({"k1": OLD}, "k1")
ROTATED = Cipher({"k2": NEW, "k1": OLD}, "k2")


def text(*entries: tuple[str, bytes]) -> str:
    return ",".join(f"{key_id}:{b64encode(key).decode()}" for key_id, key in entries)


@given(st.binary(), st.lists(st.text(), min_size=1).map(tuple))
def test_what_is_encrypted_for_a_place_is_decrypted_there(
    plaintext: bytes, context: tuple[str, ...]
) -> None:
    sealed = CIPHER.encrypt(plaintext, context=context)
    assert CIPHER.decrypt(sealed, context=context) == plaintext


def test_the_same_secret_never_looks_the_same() -> None:
    sealed = {CIPHER.encrypt(b"secret", context=PLACE) for _ in range(50)}
    assert len(sealed) == 50
    assert not any(b"secret" in one for one in sealed)


@pytest.mark.parametrize(
    "context",
    [
        ("another", *PLACE[1:]),
        (PLACE[0], "xero", PLACE[2]),
        (*PLACE[:2], "client_id"),
        PLACE[:2],
        (*PLACE, ""),
        ("", *PLACE),
        tuple(reversed(PLACE)),
        (PLACE[0] + "pax8", "", PLACE[2]),
        ("".join(PLACE),),
        (PLACE[0], "pax8client_secret"),
        (PLACE[0].upper(), *PLACE[1:]),
    ],
)
def test_a_ciphertext_moved_elsewhere_does_not_decrypt(context: tuple[str, ...]) -> None:
    sealed = CIPHER.encrypt(b"secret", context=PLACE)
    with pytest.raises(DecryptionFailed):
        CIPHER.decrypt(sealed, context=context)


@given(st.lists(st.text(), min_size=1).map(tuple), st.lists(st.text(), min_size=1).map(tuple))
def test_two_places_are_never_one(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    sealed = CIPHER.encrypt(b"secret", context=one)
    if one != other:
        with pytest.raises(DecryptionFailed):
            CIPHER.decrypt(sealed, context=other)


@pytest.mark.parametrize("context", [(), "pax8"])
def test_a_secret_without_a_place_is_refused(context: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="place"):
        CIPHER.encrypt(b"secret", context=context)


def test_every_changed_byte_is_noticed() -> None:
    sealed = CIPHER.encrypt(b"secret", context=PLACE)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(DecryptionFailed):
            CIPHER.decrypt(bytes(changed), context=PLACE)


def test_every_cut_is_noticed() -> None:
    sealed = CIPHER.encrypt(b"secret", context=PLACE)
    for length in range(len(sealed)):
        with pytest.raises(DecryptionFailed):
            CIPHER.decrypt(sealed[:length], context=PLACE)


@given(st.binary() | st.binary().map(lambda tail: b"\x01\x02k1" + tail))
def test_random_bytes_do_not_decrypt(data: bytes) -> None:
    with pytest.raises(DecryptionFailed):
        CIPHER.decrypt(data, context=PLACE)


def test_rotation_reads_the_old_and_writes_the_new() -> None:
    old = CIPHER.encrypt(b"secret", context=PLACE)
    assert (old.startswith(CIPHER.mark), old.startswith(ROTATED.mark)) == (True, False)
    new = ROTATED.encrypt(ROTATED.decrypt(old, context=PLACE), context=PLACE)
    assert new.startswith(ROTATED.mark)
    assert Cipher({"k2": NEW}, "k2").decrypt(new, context=PLACE) == b"secret"


def test_a_key_that_left_the_ring_is_named_as_the_reason() -> None:
    old = CIPHER.encrypt(b"secret", context=PLACE)
    retired = Cipher({"k2": NEW}, "k2")
    assert not old.startswith(retired.mark)
    with pytest.raises(DecryptionFailed, match="not in the key ring"):
        retired.decrypt(old, context=PLACE)


def test_the_same_id_over_another_key_does_not_decrypt() -> None:
    sealed = CIPHER.encrypt(b"secret", context=PLACE)
    with pytest.raises(DecryptionFailed):
        Cipher({"k1": NEW}, "k1").decrypt(sealed, context=PLACE)


def test_a_key_ring_is_read_with_the_current_key_first() -> None:
    ring = parse_key_ring(f" {text(('k2', NEW))} , {text(('k1', OLD))} ")
    assert (ring.current, dict(ring.keys)) == ("k2", {"k2": NEW, "k1": OLD})
    assert Cipher.of(ring).encrypt(b"", context=PLACE).startswith(b"\x01\x02k2")


def test_a_key_ring_shows_no_key() -> None:
    ring = parse_key_ring(text(("k1", OLD)))
    assert repr(ring) == "KeyRing(current='k1')"


def test_a_derived_key_differs_by_purpose_and_by_ring() -> None:
    old, new = parse_key_ring(text(("k1", OLD))), parse_key_ring(text(("k2", NEW)))
    derived = {old.derive("cursors"), old.derive("tickets"), new.derive("cursors"), OLD, NEW}
    assert len(derived) == 5
    assert old.derive("cursors") == KeyRing({"other": OLD}, "other").derive("cursors")


@pytest.mark.parametrize(
    ("ring", "word"),
    [
        ("", "Key 1 .* not written"),
        (b64encode(OLD).decode(), "Key 1 .* not written"),
        (text(("k1", OLD)) + ",", "Key 2 .* not written"),
        (":" + b64encode(OLD).decode(), "Key 1 .* needs an id"),
        (text(("k 1", OLD)), "Key 1 .* needs an id"),
        (text(("é", OLD)), "Key 1 .* needs an id"),
        (text(("k" * 33, OLD)), "Key 1 .* needs an id"),
        ("k1:", "0 bytes long"),
        ("k1:changeme", "bytes long"),
        ("k1:not base64!", "Key 1 .* not base64"),
        ("k1:é", "Key 1 .* not base64"),
        ("k1:" + b64encode(OLD).decode().rstrip("="), "Key 1 .* not base64"),
        (text(("k1", OLD[:16])), "16 bytes long, not 32"),
        (text(("k1", OLD + b"x")), "33 bytes long, not 32"),
        (text(("k1", bytes(32))), "can be guessed"),
        (text(("k1", b"\xff" * 32)), "can be guessed"),
        (text(("k1", OLD[:8] * 4)), "can be guessed"),
        (text(("k1", bytes(range(32)))), "can be guessed"),
        (text(("k1", bytes(range(255, 223, -1)))), "can be guessed"),
        (text(("k1", bytes((7 * number) % 256 for number in range(32)))), "can be guessed"),
        (text(("k1", b"correct horse battery staple, ok")), "can be guessed"),
        (text(("k1", b"0123456789abcdef0123456789ABCDEF")), "can be guessed"),
        (text(("k1", OLD), ("k1", NEW)), "Key 2 .* taken"),
        (text(("k1", OLD), ("k2", OLD)), "same key"),
    ],
)
def test_a_ring_that_protects_nothing_is_refused(ring: str, word: str) -> None:
    with pytest.raises(ValueError, match=word) as caught:
        parse_key_ring(ring)
    assert b64encode(OLD).decode()[:12] not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_current_key_is_one_of_the_ring() -> None:
    with pytest.raises(ValueError, match="current"):
        Cipher({"k1": OLD}, "k2")


PLANTED = "planted-c1d2e3"


@dataclass
class Credentials:
    """Something that carries a secret about."""

    secret: Secret


@pytest.mark.parametrize(
    "shown",
    [
        str(Secret(PLANTED)),
        repr(Secret(PLANTED)),
        f"{Secret(PLANTED)}",
        f"{Secret(PLANTED)!r:>20}".strip(),
        f"{Secret(PLANTED):>20}",
        "%s" % Secret(PLANTED),  # noqa: UP031 - one of the ways a log formats
        json.dumps(Secret(PLANTED), default=str).strip('"'),
    ],
)
def test_a_secret_prints_as_stars(shown: str) -> None:
    assert shown == "***"


def test_a_secret_inside_something_prints_as_stars() -> None:
    inside = Credentials(Secret(PLANTED))
    for shown in (repr(inside), repr(asdict(inside)), repr([inside]), str({"a": Secret(PLANTED)})):
        assert PLANTED not in shown
        assert "***" in shown


def test_a_secret_is_revealed_on_request_alone() -> None:
    assert Secret(PLANTED).reveal() == PLANTED


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not serialised"):
        pickle.dumps(Credentials(Secret(PLANTED)), protocol=protocol)


def test_a_secret_is_not_json() -> None:
    with pytest.raises(TypeError):
        json.dumps({"secret": Secret(PLANTED)})
    with pytest.raises(TypeError):
        vars(Secret(PLANTED))


def test_secrets_compare_by_what_they_hold_and_with_secrets_alone() -> None:
    assert Secret("é") == Secret("é")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert (bool(Secret("")), bool(Secret("a"))) == (False, True)


def test_a_copy_of_a_secret_is_the_secret() -> None:
    secret = Secret(PLANTED)
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret
