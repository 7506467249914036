import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from billingone_api.kit.http.bodies import read_json
from billingone_api.providers.panelone.payloads import ClientRecord
from billingone_api.providers.pax8.payloads import Company, Pricing, Product, Subscription
from billingone_api.providers.records import (
    Identifier,
    Number,
    Payload,
    RecordReader,
    Reject,
    Text,
    exact_number,
)

MODELS: list[type[Payload]] = [Company, Subscription, Product, Pricing, ClientRecord]
READERS: dict[type[Payload], RecordReader[Any]] = {model: RecordReader(model) for model in MODELS}
COMPANIES = RecordReader(Company)


class Licence(Payload):
    """A record of nobody's, with one field of each kind."""

    id: Identifier
    name: Text | None = None
    seats: Number = None
    tags: tuple[Text, ...] | None = None
    parent: Company | None = None
    trial: bool | None = None


LICENCES = RecordReader(Licence)

words = st.text(st.characters())  # lone surrogates and NUL among them
numbers = (
    st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        [
            Decimal("1E+9999999"),
            Decimal("-1E-9999999"),
            Decimal("0E+9999999"),
            Decimal("1E+999999999999999999"),
            10**3999,
            -(10**15),
        ]
    )
)
scalars = st.none() | st.booleans() | numbers | words
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


def aliases(model: type[BaseModel]) -> list[str]:
    fields = model.model_fields.items()
    return [str(found.validation_alias or name) for name, found in fields]


def rows_of(model: type[Payload]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(aliases(model))
    likely = (
        st.sampled_from(["", " ", "0", "Active", "2026-11-24", "a" * 501, {}, [], [{}], "NaN"])
        | numbers
    )
    fields = st.dictionaries(names | words, values | likely, max_size=6)
    with_id = st.builds(lambda row, found: row | {"id": found}, fields, words | numbers)
    return values | fields | with_id


def strings_in(record: object) -> list[str]:
    if isinstance(record, str):
        return [record]
    if isinstance(record, BaseModel):
        return strings_in(list(record.model_dump().values()))
    if isinstance(record, dict):
        return strings_in(list(record.values()))
    if isinstance(record, list | tuple):
        return [word for item in record for word in strings_in(item)]
    return []


def is_storable(text: str) -> bool:
    return "\x00" not in text.encode("utf-8").decode()


def assert_told(reject: Reject) -> None:
    assert reject.pointer == "" or reject.pointer.startswith("/")
    assert reject.sentence.endswith(".")
    assert is_storable(reject.reason)
    assert reject.excerpt.isascii()
    assert "\x00" not in reject.excerpt
    assert len(reject.excerpt) <= 2000
    assert reject.source_id is None or is_storable(reject.source_id)
    assert reject.source_id is None or 0 < len(reject.source_id) <= 200


@pytest.mark.parametrize("model", MODELS)
@given(data=st.data())
def test_no_record_of_any_shape_raises(model: type[Payload], data: st.DataObject) -> None:
    found = READERS[model].read_one(data.draw(rows_of(model)))
    if isinstance(found, Reject):
        assert_told(found)
    else:
        assert isinstance(found, model)
        assert all(is_storable(text) for text in strings_in(found))


@given(st.lists(rows_of(Company), max_size=8))
def test_every_record_is_read_or_put_aside_with_its_reason(rows: list[Any]) -> None:
    records, rejects = COMPANIES.read(rows)
    assert len(records) + len(rejects) == len(rows)


def test_what_is_read_and_what_is_not_stay_in_order() -> None:
    records, rejects = COMPANIES.read([{"id": "a"}, {}, {"id": "b"}, None, {"id": "c"}])
    assert [record.id for record in records] == ["a", "b", "c"]
    assert [reject.reason for reject in rejects] == [
        "/id: It is missing.",
        "/: It is not an object.",
    ]


@pytest.mark.parametrize(
    ("row", "source_id", "reason"),
    [
        (None, None, "/: It is not an object."),
        ("a", None, "/: It is not an object."),
        ([["id", "a"]], None, "/: It is not an object."),
        ({}, None, "/id: It is missing."),
        ({"id": None}, None, "/id: It is not text."),
        ({"id": ""}, None, "/id: It is empty."),
        ({"id": "a\x00"}, None, "/id: It holds characters that cannot be stored."),
        ({"id": "a\ud800"}, None, "/id: It holds characters that cannot be stored."),
        ({"id": "a" * 201}, None, "/id: It is longer than 200 characters."),
        ({"id": {"a": 1}}, None, "/id: It is not text."),
        ({"id": True}, None, "/id: It is not text."),
        ({"id": "a", "name": "b" * 501}, "a", "/name: It is longer than 500 characters."),
        ({"id": "a", "name": ["b"]}, "a", "/name: It is not text."),
        ({"id": "a", "seats": "many"}, "a", "/seats: It is not a number."),
        ({"id": "a", "seats": True}, "a", "/seats: It is not a number."),
        ({"id": "a", "seats": 10**15}, "a", "/seats: It is beyond any amount we keep."),
        ({"id": "a", "tags": "b"}, "a", "/tags: It is not a list."),
        ({"id": "a", "tags": ["b", []]}, "a", "/tags/1: It is not text."),
        ({"id": "a", "parent": "b"}, "a", "/parent: It is not an object."),
        ({"id": "a", "parent": {"id": "b", "updatedDate": "soon"}}, "a",
         "/parent/updatedDate: It is not a date."),
        ({"id": "a", "trial": "perhaps"}, "a", "/trial: It is neither true nor false."),
        ({"id": 7, "trial": []}, "7", "/trial: It is neither true nor false."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_where_and_why(
    row: object, source_id: str | None, reason: str
) -> None:
    found = LICENCES.read_one(row)
    assert isinstance(found, Reject)
    assert (found.source_id, found.reason) == (source_id, reason)


def test_a_reject_carries_the_record_as_it_came() -> None:
    row = read_json(b'{"id": "a", "seats": "many", "price": 86.4560, "name": "\\u00e9\\u0000"}')
    found = LICENCES.read_one(row)
    assert isinstance(found, Reject)
    assert found.excerpt == (
        '{"id": "a", "seats": "many", "price": "86.4560", "name": "\\u00e9\\u0000"}'
    )


def test_a_reject_is_named_by_what_the_wire_calls_its_id() -> None:
    reader = RecordReader(Licence, id_name="LicenceID")
    found = reader.read_one({"LicenceID": "L1", "id": None})
    assert isinstance(found, Reject)
    assert found.source_id == "L1"


def test_a_long_record_is_cut_and_a_bottomless_one_left_out() -> None:
    long = LICENCES.read_one({"seats": "many", "note": "x" * 10_000})
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    bottomless = LICENCES.read_one({"seats": deep})
    assert isinstance(long, Reject)
    assert isinstance(bottomless, Reject)
    assert (len(long.excerpt), bottomless.excerpt) == (2000, "")


def test_a_record_deep_within_a_field_nobody_reads_is_read() -> None:
    row = read_json(b'{"id": "a", "extra": ' + b"[" * 900 + b"]" * 900 + b"}")
    assert isinstance(LICENCES.read_one(row), Licence)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Acacia\x00 Dental", "Acacia Dental"),
        ("Acacia\ud800 Dental", "Acacia Dental"),
        ("  Acacia ", "Acacia"),
        ("", None),
        ("   ", None),
        ("\x00\ud800", None),
        (None, None),
        (365, "365"),
        (Decimal("3.50"), "3.50"),
        ("Zoë 牙科 🦷", "Zoë 牙科 🦷"),
    ],
)
def test_a_name_is_tidied_rather_than_lost(sent: object, kept: str | None) -> None:
    found = LICENCES.read_one({"id": "a", "name": sent, "tags": [sent, "b"] if kept else ["b"]})
    assert isinstance(found, Licence)
    assert found.name == kept
    assert found.tags == ((kept, "b") if kept else ("b",))


def test_an_id_is_kept_to_the_letter() -> None:
    found = LICENCES.read_one({"id": " A-b "})
    assert isinstance(found, Licence)
    assert found.id == " A-b "


def test_a_field_goes_by_its_name_on_the_wire_alone() -> None:
    found = COMPANIES.read_one({"id": "a", "externalId": "CW-1", "external_id": "no"})
    assert isinstance(found, Company)
    assert found.external_id == "CW-1"


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        (None, None),
        (0, "0"),
        (42, "42"),
        (-3, "-3"),
        (Decimal("86.456"), "86.456"),
        (Decimal("1.10"), "1.10"),
        (Decimal("1E+2"), "1E+2"),
        ("27.64", "27.64"),
        (" 27.64 ", "27.64"),
        ("-.5", "-0.5"),
        ("+7.", "7"),
        ("1e3", "1E+3"),
        (Decimal("1E-20"), "1E-20"),
        (999_999_999_999_999, "999999999999999"),
        (Decimal("999999999999999.99999999999999999999"), "999999999999999.99999999999999999999"),
    ],
)
def test_a_number_is_kept_as_it_was_sent(sent: object, number: str | None) -> None:
    found = exact_number(sent)
    assert found is None if number is None else str(found) == number


@pytest.mark.parametrize(
    "sent",
    [
        "", " ", "many", "1,234.50", "$5", "1 000", "0x10", "1e99999", "NaN", "Infinity", "-",
        "--1", "1.2.3", "٣", True, False, [], {}, [1], 1.5, b"1",
        10**15, -(10**15), 10**3999, Decimal("1E+15"), Decimal("1E-21"), Decimal("0E-21"),
        Decimal("1E+9999999"), Decimal("-1E+9999999"), Decimal("1E-9999999"),
        Decimal("0E+9999999"), Decimal("1E+999999999999999999"), Decimal("NaN"),
        Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity"), "1" * 37, "0." + "1" * 37,
        "1e9999",
    ],
    ids=lambda sent: repr(sent)[:24],
)  # fmt: skip
def test_what_is_no_number_or_beyond_any_amount_is_refused(sent: object) -> None:
    with pytest.raises(PydanticCustomError):
        exact_number(sent)


@given(values | st.floats() | words.map(lambda word: f"1{word}"))
@example(Decimal("1E+9999999"))
def test_a_number_is_exact_and_bounded_or_refused(sent: Any) -> None:
    try:
        number = exact_number(sent)
    except PydanticCustomError:
        return
    if number is None:
        assert sent is None
    else:
        assert -(10**15) < number < 10**15
        assert number == (sent if isinstance(sent, int | Decimal) else Decimal(sent.strip()))
        assert len(format(number, "f")) <= 60


@given(st.decimals(min_value=-(10**14), max_value=10**14, places=4))
def test_four_decimals_survive_the_whole_way(price: Decimal) -> None:
    row = read_json(json.dumps({"id": "a", "seats": "?"}).replace('"?"', str(price)).encode())
    found = LICENCES.read_one(row)
    assert isinstance(found, Licence)
    assert str(found.seats) == str(price)
