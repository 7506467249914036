"""Tax numbers, domains and foreign ids as they are compared; None for what says nothing."""

import re
from functools import lru_cache
from typing import Final

_TAX_PREFIX: Final = re.compile(r"^(?:ABN|ACN|NZBN|GST|VAT|TFN|EIN|TAX)(?:NO|NUMBER)?(?=[0-9A-Z])")
_SHORTEST_NUMBER: Final = 8
_HOST: Final = re.compile(r"^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)+[a-z][a-z0-9-]+$")
_PREFIXES: Final = ("www.", "www2.", "mail.")
_MAILERS: Final = re.compile(
    r"(?:yahoo|ymail|hotmail|outlook|live|msn|gmx|icloud|protonmail|yandex|web)"
    r"\.(?:[a-z]{2,3})(?:\.[a-z]{2})?"
)
# Mail that anybody may have, then providers that give it to their customers, then pages.
_HOSTS: Final = """
gmail.com googlemail.com me.com mac.com aol.com aim.com proton.me pm.me mail.com email.com
fastmail.com fastmail.fm zoho.com hushmail.com tutanota.com inbox.com rocketmail.com qq.com
163.com 126.com mail.ru duck.com hey.com usa.net
bigpond.com bigpond.net.au telstra.com optusnet.com.au optus.com.au iinet.net.au tpg.com.au
tpg.net.au internode.on.net adam.com.au westnet.com.au dodo.com.au ozemail.com.au
iprimus.com.au aapt.net.au exetel.com.au netspace.net.au spin.net.au xtra.co.nz
slingshot.co.nz orcon.net.nz vodafone.co.nz btinternet.com sky.com talktalk.net
virginmedia.com ntlworld.com blueyonder.co.uk tiscali.co.uk comcast.net verizon.net att.net
sbcglobal.net bellsouth.net cox.net charter.net earthlink.net shaw.ca rogers.com telus.net
bell.net sympatico.ca
facebook.com fb.com instagram.com linkedin.com twitter.com x.com youtube.com tiktok.com
google.com sites.google.com goo.gl bit.ly linktr.ee wixsite.com wordpress.com blogspot.com
squarespace.com weebly.com myshopify.com shopify.com godaddysites.com business.site
yellowpages.com.au github.io onmicrosoft.com
"""
_ANYBODYS: Final = frozenset(_HOSTS.split())


def tax_number(said: str | None) -> str | None:
    """Letters and digits alone; nothing for what is too short or one digit over and over."""
    if said is None:
        return None
    number = _TAX_PREFIX.sub("", re.sub(r"[^0-9A-Z]", "", said.upper()))
    digits = [sign for sign in number if sign.isdigit()]
    if len(number) < _SHORTEST_NUMBER or len(set(digits)) <= 1 or number in "01234567890123456789":
        return None
    return number


@lru_cache(200_000)
def domain(said: str | None) -> str | None:
    """Of a web address, an e-mail address or a bare name; nothing for one that anybody may use."""
    if said is None:
        return None
    host = said.strip().casefold().rpartition("@")[2].partition("://")[2 if "://" in said else 0]
    host = re.split(r"[/?#:\s,;]", host, maxsplit=1)[0].rstrip(".")
    for prefix in _PREFIXES:
        host = host.removeprefix(prefix)
    if not _HOST.match(host) or host in _ANYBODYS or _MAILERS.fullmatch(host):
        return None
    return host


def external_id(said: str | None) -> str | None:
    """Short ones, such as a customer number, mean one thing here and another there."""
    plain = (said or "").strip().casefold()
    return plain if len(plain) >= _SHORTEST_NUMBER else None
