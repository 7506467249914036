"""What answers of the inventory look like."""

from typing import Any, Final

_CLIENT: Final = {"id": "0192f0c1-0000-7000-8000-0000000000aa", "name": "Harbour Dental"}
_COMPANY: Final = {"source_id": "7929754851606401024", "name": "Harbour Dental Pty Ltd"}
_STANDING: Final[dict[str, Any]] = {
    "source": "superops",
    "is_connected": True,
    "last_success_at": "2026-11-29T15:04:00Z",
    "never_synced": False,
    "is_partial": False,
    "quarantined": 0,
    "counted_at": "2026-11-29T15:04:00Z",
}
_RULE: Final[dict[str, Any]] = {
    "idle_device_days": 90,
    "idle_since": "2026-08-31T15:04:00Z",
    "ignored_device_names": ["*-VDI-*"],
}
DEVICES: Final[dict[str, Any]] = {
    "items": [
        {
            "source": "superops",
            "source_id": "9001114136934215681",
            "client": _CLIENT,
            "company": _COMPANY,
            "name": "HD-BACKUP-01",
            "host_name": "hd-backup-01",
            "serial_number": "VMware-56 4d 1a",
            "asset_class": "Windows Machine",
            "device_category": "Server",
            "platform": "Microsoft Windows Server 2022 Standard",
            "source_status": "ONLINE",
            "last_seen_at": "2026-11-29T14:58:11Z",
            "metrics": ["devices", "servers", "windows_devices"],
            "counted": True,
            "reason": None,
        },
        {
            "source": "superops",
            "source_id": "9001114136934215702",
            "client": _CLIENT,
            "company": _COMPANY,
            "name": "RECEPTION-OLD",
            "host_name": "reception-old",
            "serial_number": None,
            "asset_class": "Mac",
            "device_category": None,
            "platform": "macOS 12",
            "source_status": "OFFLINE",
            "last_seen_at": "2026-03-02T03:20:00Z",
            "metrics": ["devices", "workstations", "mac_devices"],
            "counted": False,
            "reason": "idle",
        },
    ],
    "next_cursor": None,
    "total": 2,
    "standing": _STANDING,
    "rule": _RULE,
}
COUNTS: Final[dict[str, Any]] = {
    "metrics": [
        {"metric": metric, "counted": counted, "unmapped": unmapped, "idle": idle, "ignored": 3}
        for metric, counted, unmapped, idle in (
            ("devices", 180, 41, 12),
            ("servers", 22, 5, 1),
            ("workstations", 151, 36, 11),
            ("windows_devices", 160, 38, 10),
            ("mac_devices", 11, 2, 2),
            ("linux_devices", 4, 1, 0),
        )
    ],
    "standing": _STANDING,
    "rule": _RULE,
}
USERS: Final[dict[str, Any]] = {
    "items": [
        {
            "source": "superops",
            "source_id": "7928838372746166271",
            "client": _CLIENT,
            "company": _COMPANY,
            "name": "Clara Simmons",
            "counted": True,
        }
    ],
    "next_cursor": None,
    "total": 1,
    "standing": _STANDING,
}
