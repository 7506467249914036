"""Devices that SuperOps' agent reports: workstations, servers, some asleep and some long gone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from billingone_api.sandbox.superops.customers import Customer
from billingone_api.sandbox.superops.wire import instant, reference
from billingone_api.sandbox.wire import Record

# class, device category, platform, family, category
_KINDS: Final = (
    ("Windows Machine", "Windows Workstation", "Microsoft Windows 11 Pro", "Standalone Workstation",
     "WORKSTATION"),
    ("Windows Machine", "Windows Server", "Microsoft Windows Server 2025 Standard", "Server",
     "SERVER"),
    ("Mac Machine", "Mac Workstation", "macOS 26.1", "Standalone Workstation", "WORKSTATION"),
)  # fmt: skip
_PREFIXES: Final = ("DESKTOP", "SRV", "MAC")
_SERVERS_OF: Final = 12
_MACS_OF: Final = 8


class Machines:
    """Writes the asset of an ordinal: each customer's follow those of the one before."""

    def __init__(self, customers: Sequence[Customer], *, now: datetime) -> None:
        self._places = [(one, place) for one in customers for place in range(one.devices)]
        self._now = now

    def keys(self) -> list[str]:
        return [one.named("asset", one.number, place) for one, place in self._places]

    def asset(self, ordinal: int) -> Record:
        customer, place = self._places[ordinal]
        kind = 1 if place % _SERVERS_OF == 5 else 2 if place % _MACS_OF == 3 else 0  # noqa: PLR2004 - any of them
        made, category, platform, family, class_ = _KINDS[kind]
        name = f"{_PREFIXES[kind]}-{customer.number:03d}{place:03d}"
        key = customer.named("asset", customer.number, place)
        return {
            "assetId": key,
            "name": name,
            "assetClass": {"classId": str(kind + 1), "name": made},
            "client": customer.reference(bare=ordinal % 4 == 1),
            "site": customer.site,
            "requester": reference(
                "userId", customer.named("user", customer.number, 0), "Reception"
            ),
            "primaryMac": None,
            "loggedInUser": None if kind == 1 else "reception",
            "serialNumber": key[-12:] if place % 9 else None,
            "manufacturer": "Apple" if made.startswith("Mac") else "HP",
            "model": None,
            "hostName": name,
            "publicIp": "203.0.113.7",
            "gateway": "10.2.236.1",
            "platform": platform,
            "domain": "WORKGROUP",
            **self._state(ordinal),
            "sysUptime": "1 hour 38 minutes",
            "agentVersion": "202611151251",
            "platformFamily": family,
            "platformCategory": class_,
            "platformVersion": "10.0.26200",
            "patchStatus": "Fully Patched" if ordinal % 5 else "Missing Critical Patches",
            "warrantyExpiryDate": None,
            "purchasedDate": None,
            "customFields": {},
            "deviceCategory": reference("id", customer.named("category", kind), category),
        }

    def _state(self, ordinal: int) -> Record:
        """Mostly online; one in six off since yesterday, one in 31 for months or for ever."""
        if ordinal % 31 == 17:  # noqa: PLR2004 - any of them
            seen = None if ordinal % 2 else self._now - timedelta(days=120)
        else:
            seen = self._now - timedelta(hours=20 if ordinal % 6 == 4 else 0, minutes=ordinal % 60)  # noqa: PLR2004 - any sixth
        online = seen is not None and self._now - seen < timedelta(hours=1)
        written = instant(seen) if seen else None
        return {
            "status": "ONLINE" if online else "OFFLINE",
            "lastCommunicatedTime": written,
            "lastReportedTime": written,
        }
