"""Takes a page of Pax8's apart: what is in it, and whether it is the one that was asked for."""

from typing import Any, TypeVar

from billingone_api.providers.pax8.payloads import Page
from billingone_api.providers.pax8.tokens import PAX8
from billingone_api.providers.records import Payload, RecordReader, whole

T = TypeVar("T", bound=Payload)


def page(answer: Any, reader: RecordReader[T], *, number: int, size: int) -> Page[T]:
    """The page, if it is the one asked for and says how many there are."""
    found = content(answer)
    block = answer.get("page")
    if not isinstance(block, dict):
        raise PAX8.malformed("a page does not say which one it is")
    total_pages, total_records = whole(block.get("totalPages")), whole(block.get("totalElements"))
    if whole(block.get("number")) != number:
        raise PAX8.malformed("a page is not the one asked for")
    if total_pages is None or total_records is None:
        raise PAX8.malformed("a page does not say how many there are")
    if not found and total_records > number * (whole(block.get("size")) or size):
        raise PAX8.malformed("a page is empty that should not be")
    records, rejects = reader.read(found)
    return Page(records, rejects, number, total_pages, total_records)


def content(answer: Any) -> list[Any]:
    found = answer.get("content") if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise PAX8.malformed("there is no list in it")
    return found
