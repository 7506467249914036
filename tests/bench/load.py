"""A caller that costs little: keep-alive connections that ask the same thing again and again."""

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Load:
    """What came of it: the latencies in milliseconds, sorted, and the size of an answer."""

    latencies: tuple[float, ...]
    answer_bytes: int

    def percentile(self, share: float) -> float:
        return self.latencies[min(int(len(self.latencies) * share), len(self.latencies) - 1)]


async def ask(url: str, *, token: str, requests: int, connections: int) -> Load:
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    head = (
        f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Authorization: Bearer {token}\r\nAccept: application/json\r\n\r\n"
    ).encode()
    share = requests // connections
    host, port = parts.hostname or "", parts.port or 80
    lots = await asyncio.gather(
        *(_one_connection(host, port, head, share) for _ in range(connections))
    )
    latencies = sorted(latency for lot, _ in lots for latency in lot)
    return Load(tuple(latencies), lots[0][1])


async def _one_connection(
    host: str, port: int, head: bytes, requests: int
) -> tuple[list[float], int]:
    reader, writer = await asyncio.open_connection(host, port, limit=2**22)
    latencies, size = [], 0
    try:
        for _ in range(requests):
            started = time.perf_counter()
            writer.write(head)
            size = await _answer(reader)
            latencies.append((time.perf_counter() - started) * 1000)
    finally:
        writer.close()
        await writer.wait_closed()
    return latencies, size


async def _answer(reader: asyncio.StreamReader) -> int:
    header = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status, *lines = header.split("\r\n")
    if " 200 " not in f"{status} ":
        raise RuntimeError(f"The benchmark was answered: {status}")
    lengths = [line for line in lines if line.lower().startswith("content-length:")]
    length = int(lengths[0].partition(":")[2])
    await reader.readexactly(length)
    return length
