"""Rules for products that most MSPs resell: proposals, which count nothing until confirmed.

A preset finds products by name; `*` stands for any letters. What a person confirms are products,
so that a name that is misread here licenses nobody.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from billingone_api.billing.counts.models import DEVICES, SERVERS, USERS, WORKSTATIONS


@dataclass(frozen=True, slots=True)
class Preset:
    """What to call the rule, what it counts, and how its products are recognised."""

    key: str
    name: str
    metric: str
    patterns: tuple[str, ...]
    ratio: Decimal = Decimal(1)


PRESETS: Final = (
    Preset(
        "microsoft_365",
        "Microsoft 365 suites",
        USERS,
        (
            "*365 business basic*", "*365 business standard*", "*365 business premium*",
            "*365 apps for*", "*365 e3*", "*365 e5*", "*365 f1*", "*365 f3*", "*office 365 e*",
            "*exchange online (plan*", "*exchange online kiosk*",
        ),
    ),
    Preset(
        "google_workspace", "Google Workspace", USERS, ("*google workspace*", "*g suite*")
    ),
    Preset(
        "endpoint_protection",
        "Endpoint protection",
        DEVICES,
        (
            "*sentinelone*", "*defender for business*", "*defender for endpoint*", "*huntress*edr*",
            "*huntress managed edr*", "*bitdefender*", "*webroot*endpoint*", "*sophos*intercept*",
            "*sophos central*endpoint*", "*crowdstrike*", "*eset *protect*", "*malwarebytes*",
            "*threatdown*",
        ),
    ),
    Preset(
        "server_protection",
        "Server protection",
        SERVERS,
        ("*defender for servers*", "*sophos*server*", "*bitdefender*server*"),
    ),
    Preset(
        "rmm_agents",
        "RMM agents",
        DEVICES,
        (
            "*ninjaone*", "*ninjarmm*", "*syncro*", "*atera*", "*datto rmm*", "*n-able*n-sight*",
            "*n-central*", "*connectwise rmm*", "*superops*endpoint*",
        ),
    ),
    Preset(
        "device_backup",
        "Server backup",
        SERVERS,
        ("*veeam*server*", "*acronis*server*", "*datto*siris*", "*axcient*", "*cove*server*"),
    ),
    Preset(
        "workstation_backup",
        "Workstation backup",
        WORKSTATIONS,
        ("*acronis*workstation*", "*veeam*workstation*", "*cove*workstation*"),
    ),
    Preset(
        "cloud_backup",
        "Backup of mailboxes and files",
        USERS,
        (
            "*dropsuite*", "*datto saas*", "*backup for microsoft 365*", "*m365 backup*",
            "*backup*google workspace*", "*keepit*", "*skykick*backup*", "*afi *backup*",
        ),
    ),
    Preset(
        "mail_security",
        "Mail security",
        USERS,
        (
            "*proofpoint*", "*mimecast*", "*barracuda*email*", "*avanan*", "*ironscales*",
            "*mailprotector*", "*defender for office 365*", "*harmony email*",
        ),
    ),
    Preset(
        "password_manager",
        "Password managers",
        USERS,
        ("*keeper*", "*1password*", "*bitwarden*", "*lastpass*", "*dashlane*", "*passportal*"),
    ),
    Preset(
        "awareness_training",
        "Security awareness",
        USERS,
        ("*knowbe4*", "*usecure*", "*phin *", "*huntress*sat*", "*awareness training*"),
    ),
    Preset(
        "identity_protection",
        "Identity protection",
        USERS,
        ("*entra id p*", "*duo *", "*huntress*itdr*", "*okta*"),
    ),
    Preset("remote_access", "Remote access", DEVICES, ("*splashtop*", "*screenconnect*")),
)  # fmt: skip
