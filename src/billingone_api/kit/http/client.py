"""The HTTP client every call goes out on: no redirects, no cookies, no environment."""

from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import version
from ssl import SSLContext
from typing import Final

import httpx

_TIME_OUTS: Final = httpx.Timeout(connect=5, read=30, write=10, pool=10)
_LIMITS: Final = httpx.Limits(max_connections=50, max_keepalive_connections=20, keepalive_expiry=30)


def create_http_client(*, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """One per process, for all third parties; the caller closes it."""
    return httpx.AsyncClient(
        transport=transport,
        verify=_trusting_the_usual(),
        follow_redirects=False,
        trust_env=False,
        timeout=_TIME_OUTS,
        limits=_LIMITS,
        cookies=_no_cookies(),
        headers={
            "User-Agent": f"BillingOne/{version('billingone-api')}",
            # gzip expands a chunk a thousandfold at most; what others may do is not bounded.
            "Accept-Encoding": "gzip",
        },
    )


@cache
def _trusting_the_usual() -> SSLContext:
    """Read once: it takes 30 ms, and tests make a client each."""
    return httpx.create_ssl_context(trust_env=False)


def _no_cookies() -> CookieJar:
    # The client is shared: a cookie set for one organisation would go out with the next one's.
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))
