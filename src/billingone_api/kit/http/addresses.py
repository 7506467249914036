"""Addresses of third parties: the operator's alone, and never in clear over a network."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def check_address(url: str, *, of: str) -> None:
    """ValueError, which never repeats the address, if no request should go there."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{of} is not a URL.") from error
    if not host:
        raise ValueError(f"{of} names no host.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError(f"{of} carries neither credentials nor a fragment.")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ValueError(f"{of} is https, or http on this machine alone.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
