"""Over real sockets: what a mocked transport would never notice."""

import asyncio
import datetime as dt
import gzip
import itertools
import ssl
import zlib
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.kit.http.conftest import Serve
from tests.support.clock import SetClock
from tests.support.outside import Turns, Waits

from billingone_api.kit.http.answers import LARGEST_ANSWER
from billingone_api.kit.http.calls import JsonCalls
from billingone_api.kit.http.client import create_http_client
from billingone_api.kit.http.errors import HttpGarbled, HttpOversized, HttpUnavailable

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ENDLESS = HEAD + b"Connection: close\r\n"


async def take_request(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def answer_well(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await take_request(reader)
    writer.write(HEAD + b"Content-Length: 2\r\n\r\n{}")
    await writer.drain()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_a_proxy_in_the_environment_is_not_trusted(
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    serve: Serve,
    clock: SetClock,
    waits: Waits,
    turns: Turns,
) -> None:
    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pytest.fail("the proxy was asked")

    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with serve(proxy) as elsewhere, serve(answer_well) as there:
        monkeypatch.setenv(name, f"http://{elsewhere}")
        async with create_http_client() as http:
            calls = JsonCalls(http, limiter=turns, clock=clock, sleep=waits)
            assert await calls.get(f"http://{there}/") == {}


async def test_a_line_that_breaks_in_the_middle_is_tried_again(
    calls: JsonCalls, serve: Serve, turns: Turns
) -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(HEAD + b'Content-Length: 100\r\n\r\n{"content": [')
        await writer.drain()

    async with serve(break_off) as there:
        with pytest.raises(HttpUnavailable):
            await calls.get(f"http://{there}/")
    assert turns.taken == 4


async def test_a_body_that_does_not_unpack_is_tried_again(
    calls: JsonCalls, serve: Serve, turns: Turns
) -> None:
    async def pack_badly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(ENDLESS + b"Content-Encoding: gzip\r\n\r\n{}")
        await writer.drain()

    async with serve(pack_badly) as there:
        with pytest.raises(HttpUnavailable, match="DecodingError"):
            await calls.get(f"http://{there}/")
    assert turns.taken == 4


async def test_a_slow_drip_ends(serve: Serve, calls: JsonCalls, clock: SetClock) -> None:
    gone = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(ENDLESS + b"\r\n")
        try:
            while not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            pass
        gone.set()

    hasty = JsonCalls(
        calls._http, limiter=calls._limiter, clock=clock, sleep=calls._sleep, seconds=0.1
    )
    # The longest that a call without `seconds` of its own would wait is thirty.
    async with asyncio.timeout(15), serve(drip) as there:
        with pytest.raises(HttpUnavailable, match="TimeoutError"):
            await hasty.post_json(f"http://{there}/", body={})
        await gone.wait()


async def test_a_body_without_end_is_left(serve: Serve, calls: JsonCalls, turns: Turns) -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(ENDLESS + b"\r\n")
        try:
            while not writer.is_closing():
                writer.write(b" " * 65_536)
                await writer.drain()
        except ConnectionError:
            pass

    async with serve(pour) as there:
        with pytest.raises(HttpOversized, match=f"more than {LARGEST_ANSWER} bytes"):
            await calls.get(f"http://{there}/")
    assert turns.taken == 1


async def test_a_small_body_that_unpacks_without_end_is_left(
    serve: Serve, calls: JsonCalls, turns: Turns
) -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(ENDLESS + b"Content-Encoding: gzip\r\n\r\n")
        packer = zlib.compressobj(wbits=31)
        try:
            for _ in itertools.count():
                writer.write(packer.compress(b" " * 1_000_000))
                writer.write(packer.flush(zlib.Z_SYNC_FLUSH))
                await writer.drain()
                # Where the line is wide, drain alone never lets the reader have its turn.
                await asyncio.sleep(0)
        except ConnectionError:
            pass

    async with serve(pour) as there:
        with pytest.raises(HttpOversized, match=f"more than {LARGEST_ANSWER} bytes"):
            await calls.get(f"http://{there}/")
    assert turns.taken == 1


@pytest.mark.parametrize("encoding", ["gzip, gzip", "deflate", "br", "zstd", "gzip, identity"])
async def test_a_packing_we_did_not_ask_for_is_not_unpacked(
    encoding: str, serve: Serve, calls: JsonCalls, turns: Turns
) -> None:
    async def pack_twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        body = gzip.compress(gzip.compress(b"{}"))
        writer.write(ENDLESS + b"Content-Encoding: %s\r\n\r\n%s" % (encoding.encode(), body))
        await writer.drain()

    async with serve(pack_twice) as there:
        with pytest.raises(HttpGarbled):
            await calls.get(f"http://{there}/")
    assert turns.taken == 1


async def test_gzip_is_unpacked(serve: Serve, calls: JsonCalls) -> None:
    async def pack(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(ENDLESS + b"Content-Encoding: GZip\r\n\r\n" + gzip.compress(b'{"a": 0.10}'))
        await writer.drain()

    async with serve(pack) as there:
        assert str((await calls.get(f"http://{there}/"))["a"]) == "0.10"


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    serve: Serve, calls: JsonCalls, tmp_path: Path
) -> None:
    async with serve(answer_well, tls=own_certificate(tmp_path)) as there:
        with pytest.raises(HttpUnavailable, match="ConnectError"):
            await calls.get(f"https://{there}/")


def own_certificate(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "own.pem"
    path.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
