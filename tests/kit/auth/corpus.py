"""Every malformed and forged token we could think of, each with the one flaw it is named for.

`corpus(mint)` is for an installation that trusts `mint.jwks()` for RS256 and ES256;
`secret_corpus(mint, secret)` for one that shares a secret. Issue by issue, the same tables are
run against the verifier and over HTTP.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.kit.auth.mint import (
    OMIT,
    Json,
    Mint,
    Signer,
    ec_key,
    encode,
    es256,
    es_der,
    hs256,
    rs256,
    rsa_key,
    rsa_record,
)

GOOD: Final = None
INVALID: Final = "token_invalid"
EXPIRED: Final = "token_expired"
# The verifier lets these pass with `role` None or foreign; the access area answers 403.
ROLE_UNKNOWN: Final = "role_unknown"

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_FULLWIDTH_ONE: Final = chr(0xFF11)


@dataclass(frozen=True, slots=True)
class Case:
    """A token, what is wrong with it, and the code it must get; None means that it is good."""

    name: str
    token: str
    code: str | None

    @property
    def fits_header(self) -> bool:
        """Whether an HTTP client can send it at all, unchanged."""
        return self.token.isascii() and self.token.isprintable() and " " not in self.token


def corpus(mint: Mint) -> Iterator[Case]:
    yield from _good(mint)
    yield from _structure(mint)
    yield from _encoding(mint)
    yield from _json_text(mint)
    yield from _headers(mint)
    yield from _algorithms(mint)
    yield from _key_ids(mint)
    yield from _signatures(mint)
    yield from _times(mint)
    yield from _who(mint)
    yield from _organisations(mint)
    yield from _roles(mint)
    yield from _services(mint)


def secret_corpus(mint: Mint, secret: str) -> Iterator[Case]:
    """For an installation whose only algorithm is HS256."""
    right, claims = hs256(secret.encode()), mint.claims()

    def signed(signer: Signer, **header: Any) -> str:
        return mint.token(claims, header={"alg": "HS256"} | header, signer=signer)

    yield Case("hs256 good", signed(right), GOOD)
    yield Case("hs256 with any key id", signed(right, kid="whatever"), GOOD)
    yield Case("hs256 wrong secret", signed(hs256(b"w" * 32)), INVALID)
    yield Case("hs256 empty secret", signed(hs256(b"")), INVALID)
    yield Case("hs256 secret with a newline", signed(hs256(secret.encode() + b"\n")), INVALID)
    yield Case("hs256 numeric key id", signed(right, kid=7), INVALID)
    yield Case("hs256 stripped", signed(right).rpartition(".")[0] + ".", INVALID)
    for alg in ("none", "hs256", "HS384", "HS512", "RS256", "ES256", "HS256 ", ["HS256"], None):
        yield Case(f"hs256 install, alg {alg!r}", signed(right, alg=alg), INVALID)
    yield Case("hs256 install, rs256 token", mint.token(), INVALID)
    expired = mint.claims(iat=mint.now - 7200, exp=mint.now - 3600)
    token = mint.token(expired, header={"alg": "HS256"}, signer=right)
    yield Case("hs256 expired", token, EXPIRED)


def _good(mint: Mint) -> Iterator[Case]:
    second, elliptic = rs256(rsa_key("second")), es256(ec_key("main"))

    def by(signer: Signer, **header: Any) -> str:
        return mint.token(header=mint.header | header, signer=signer)

    yield Case("good rs256", mint.token(), GOOD)
    yield Case("good es256", by(elliptic, alg="ES256", kid="ec-1"), GOOD)
    yield Case("good by a key without alg and use", by(second, kid="rsa-plain"), GOOD)
    yield Case("good by a key with key_ops", by(second, kid="rsa-ops"), GOOD)
    yield Case("good without typ", mint.with_header(typ=OMIT), GOOD)
    yield Case("good with several audiences", _with(mint, aud=["x", mint.audience]), GOOD)
    yield Case("good with fractions", _with(mint, iat=mint.now - 0.5, exp=mint.now + 60.25), GOOD)
    yield Case("good with an nbf", _with(mint, nbf=mint.now), GOOD)
    yield Case("good without e-mail", _with(mint, email=OMIT), GOOD)
    yield Case("good without session", _with(mint, session_id=OMIT), GOOD)
    yield Case("good without a name", _with(mint, user_metadata={}), GOOD)
    yield Case("good with a name that is no text", _name(mint, 7), GOOD)
    yield Case("good with a lone surrogate for a name", _name(mint, "\ud800"), GOOD)
    yield Case("good, a jku is not followed", mint.with_header(jku="https://evil.example"), GOOD)
    yield Case("good, an x5u is not followed", mint.with_header(x5u="https://evil.example"), GOOD)
    yield Case("good, brackets in text are no depth", _with(mint, note="[{" * 500), GOOD)
    yield Case("good, 15 deep", mint.with_raw("deep", "[" * 15 + "]" * 15), GOOD)
    yield Case("good, just under 16 KB", _of_size(mint, 16 * 1024), GOOD)


def _structure(mint: Mint) -> Iterator[Case]:
    head, body, seal = mint.token().split(".")
    tokens = {
        "empty": "",
        "one part": body,
        "two parts": f"{head}.{body}",
        "four parts": f"{head}.{body}.{seal}.{seal}",
        "five parts, like a JWE": f"{head}.{body}.{seal}.{seal}.{seal}",
        "only dots": "..",
        "a thousand dots": "." * 1000,
        "leading dot": f".{head}.{body}.{seal}",
        "trailing dot": f"{head}.{body}.{seal}.",
        "empty header": f".{body}.{seal}",
        "empty payload": f"{head}..{seal}",
        "parts in another order": f"{body}.{head}.{seal}",
        "a word": "undefined",
        "null": "null",
        "JSON serialisation": json.dumps({"protected": head, "payload": body, "signature": seal}),
        "with its scheme": f"Bearer {head}.{body}.{seal}",
        "quoted": f'"{head}.{body}.{seal}"',
        "not ASCII": "é.ü.ö",
        "an emoji": chr(0x1F511) * 3,
        "a lone surrogate": f"{head}.{body}.\ud800",
        "a NUL": f"{head}.{body}.{seal}\0",
        "just over 16 KB": _of_size(mint, 16 * 1024 + 1),
        "a megabyte": f"{head}.{'A' * 1_000_000}.{seal}",
    }
    yield from (Case(name, token, INVALID) for name, token in tokens.items())


def _encoding(mint: Mint) -> Iterator[Case]:
    # Two letters in the last group of every part, so that padding and spare bits exist.
    header = json.dumps(mint.header).encode()
    payload = json.dumps(mint.claims()).encode()
    token = mint.token(
        payload + b" " * (-(len(payload) - 1) % 3), header=header + b" " * (-(len(header) - 1) % 3)
    )
    parts = token.split(".")
    yield Case("good, with spare bits unset", token, GOOD)
    for index, part in enumerate(("header", "payload", "signature")):
        spellings = {
            "padded": parts[index] + "==",
            "half padded": parts[index] + "=",
            "with spare bits set": parts[index][:-1] + _next_letter(parts[index][-1]),
            "cut to an impossible length": parts[index][:-1],
            "led by a space": " " + parts[index],
            "ended by a newline": parts[index] + "\n",
            "broken by a newline": parts[index][:8] + "\n" + parts[index][8:],
            "with a tab": parts[index][:8] + "\t" + parts[index][8:],
            "with a foreign letter": parts[index][:8] + "!" + parts[index][8:],
            "with a percent escape": "%65" + parts[index][1:],
            "with a Cyrillic letter": chr(0x430) + parts[index][1:],
            "in base64's other alphabet": parts[index][:-2] + "+/",
        }
        for name, spelling in spellings.items():
            bent = ".".join([*parts[:index], spelling, *parts[index + 1 :]])
            yield Case(f"{part} {name}", bent, INVALID)
    yield from _signed_after_bending(mint)


def _signed_after_bending(mint: Mint) -> Iterator[Case]:
    """Slack that a lenient decoder reads like the real thing, under a signature that matches it."""
    header, payload = json.dumps(mint.header), json.dumps(mint.claims())
    while len(header) % 3 != 1:
        header += " "
    while len(payload) % 3 != 1:
        payload += " "
    head, body = encode(header.encode()), encode(payload.encode())
    for name, bent in {
        "payload padded": f"{head}.{body}==",
        "header padded": f"{head}==.{body}",
        "payload with spare bits": f"{head}.{body[:-1]}{_next_letter(body[-1])}",
        "header with spare bits": f"{head[:-1]}{_next_letter(head[-1])}.{body}",
        "payload with a newline": f"{head}.{body}\n",
        "payload with foreign letters": f"{head}.!{body}!",
    }.items():
        seal = encode(mint.signer(bent.encode()))
        yield Case(f"{name}, signed so", f"{bent}.{seal}", INVALID)


def _json_text(mint: Mint) -> Iterator[Case]:
    header, payload = json.dumps(mint.header), json.dumps(mint.claims())
    bends: dict[str, Callable[[str], bytes]] = {
        "no JSON": lambda _: b"no JSON",
        "cut short": lambda text: text[:-1].encode(),
        "followed by more": lambda text: text.encode() + b"{}",
        "in an array": lambda text: f"[{text}]".encode(),
        "a string": lambda text: json.dumps(text).encode(),
        "null": lambda _: b"null",
        "a number": lambda _: b"42",
        "true": lambda _: b"true",
        "in single quotes": lambda text: text.replace('"', "'").encode(),
        "with a comment": lambda text: text.encode() + b"/* */",
        "with a trailing comma": lambda text: f"{text[:-1]},}}".encode(),
        "UTF-16": lambda text: text.encode("utf-16"),
        "UTF-32": lambda text: text.encode("utf-32"),
        "with a byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
        "with invalid UTF-8": lambda text: text.encode()[:-1] + b', "x": "\xff"}',
        "with an overlong UTF-8": lambda text: text.encode()[:-1] + b', "x": "\xc0\xaf"}',
        "with a control character": lambda text: text.encode()[:-1] + b', "x": "\x01"}',
        "with NaN": lambda text: _with_more(text, "NaN"),
        "with Infinity": lambda text: _with_more(text, "[-Infinity]"),
        "with 1e400": lambda text: _with_more(text, "1e400"),
        "with 5,000 digits": lambda text: _with_more(text, "9" * 5000),
        "17 deep": lambda text: _with_more(text, "[" * 16 + "]" * 16),
        "4,000 arrays deep": lambda text: _with_more(text, "[" * 4000 + "]" * 4000),
        "1,500 objects deep": lambda text: _with_more(text, '{"a":' * 1500 + "1" + "}" * 1500),
        "8,000 brackets open": lambda _: b"[" * 8000,
        "an open string of escapes": lambda _: b'["' + b'\\"' * 4000,
        "with a member twice": lambda text: _with_more(text, '1, "x": 1'),
        "with a nested member twice": lambda text: _with_more(text, '{"y": 1, "y": 2}'),
        "with a member twice, once escaped": lambda text: _with_more(text, '1, "\\u0078": 2'),
    }
    for name, bend in bends.items():
        yield Case(f"header {name}", mint.token(header=bend(header)), INVALID)
        yield Case(f"payload {name}", mint.token(bend(payload)), INVALID)


def _with_more(text: str, raw: str) -> bytes:
    return f'{text[:-1]}, "x": {raw}}}'.encode()


def _headers(mint: Mint) -> Iterator[Case]:
    text = json.dumps(mint.header)[:-1]
    stranger = rs256(rsa_key("stranger"))
    own_key = rsa_record(rsa_key("stranger"), "rsa-1")
    critical: dict[str, Json] = {
        "crit names exp": {"crit": ["exp"]},
        "crit is empty": {"crit": []},
        "crit is null": {"crit": None},
        "crit b64": {"crit": ["b64"], "b64": False},
        "crit of our own": {"crit": ["billingone"], "billingone": 1},
    }
    for name, header in critical.items():
        yield Case(name, mint.with_header(**header), INVALID)
    foreign: dict[str, Json] = {
        "brings its own key": {"jwk": own_key},
        "brings its own key by jku": {"jku": "https://evil.example/jwks.json"},
        "brings its own key by x5u": {"x5u": "https://evil.example/cert.pem"},
        "brings its own certificate": {"x5c": ["MIIB"]},
    }
    for name, header in foreign.items():
        token = mint.token(header=mint.header | header, signer=stranger)
        yield Case(name, token, INVALID)
    yield Case("header empty object", mint.token(header={}), INVALID)
    for member in ('"alg": "RS256"', '"alg": "none"', '"kid": "rsa-1"', '"\\u0061lg": "HS256"'):
        token = mint.token(header=f"{text}, {member}}}".encode())
        yield Case(f"header says {member} again", token, INVALID)


def _algorithms(mint: Mint) -> Iterator[Case]:
    for alg in (
        "none", "None", "NONE", "nOnE", "none ", "", " ", "rs256", "Rs256", "RS256 ", " RS256",
        "RS256\n", "RS256\0", "S256", "RS", "RS256,ES256", "RS384", "RS512", "PS256", "ES384",
        "ES256K", "ES512", "EdDSA", "HS256", "HS384", "HS512", "dir", "RSA1_5", "A256GCM",
        None, True, 256, 2.56, ["RS256"], [], {"RS256": 1}, {}, OMIT,
    ):  # fmt: skip
        name = "missing" if alg is OMIT else repr(alg)
        yield Case(f"alg {name}", mint.with_header(alg=alg), INVALID)
        if isinstance(alg, str) and "none" in alg.lower():
            bare = mint.with_header(alg=alg).rpartition(".")[0]
            yield Case(f"alg {name}, unsigned", f"{bare}.", INVALID)
            yield Case(f"alg {name}, no third part", bare, INVALID)
    yield from _confusions(mint)


def _confusions(mint: Mint) -> Iterator[Case]:
    """Public keys as HMAC secrets, in every form an attacker can download or derive."""
    public = rsa_key("main").public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    secrets = {
        "PEM": pem,
        "PEM without its last newline": pem.strip(),
        "PKCS1 PEM": public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "PKCS1 DER": public.public_bytes(Encoding.DER, PublicFormat.PKCS1),
        "SSH": public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        "JWK": json.dumps(rsa_record(rsa_key("main"), "rsa-1")).encode(),
        "modulus": public.public_numbers().n.to_bytes(256, "big"),
        "nothing": b"",
    }
    for name, secret in secrets.items():
        for alg in ("HS256", "RS256"):
            token = mint.token(header=mint.header | {"alg": alg}, signer=hs256(secret))
            yield Case(f"{name} as HMAC secret under {alg}", token, INVALID)
    yield Case("alg ES256 with an RSA key", mint.with_header(alg="ES256"), INVALID)
    for name, header in {
        "alg RS256 with an EC key": {"alg": "RS256", "kid": "ec-1"},
        "alg HS256 with the set's own secret": {"alg": "HS256", "kid": "oct"},
    }.items():
        signer = hs256(b"k" * 32) if "HS256" in name else es256(ec_key("main"))
        yield Case(name, mint.token(header=header, signer=signer), INVALID)


def _key_ids(mint: Mint) -> Iterator[Case]:
    for kid in (
        OMIT, None, "", " ", 0, 7, 1.5, True, [], ["rsa-1"], {"kid": "rsa-1"}, "unknown", "RSA-1",
        "rsa-1 ", " rsa-1", "rsa-1\0", "rsa-1\n", "\ud800", "../../../../dev/null",
        "' OR 1=1 --", "k" * 257, "https://evil.example/jwks.json", "*", "null", "0", "keys",
    ):  # fmt: skip
        name = "missing" if kid is OMIT else repr(kid)[:40]
        yield Case(f"kid {name}", mint.with_header(kid=kid), INVALID)
    second, elliptic = rs256(rsa_key("second")), es256(ec_key("main"))
    for kid in (
        "for-encryption", "for-wrapping", "rs512", "null-alg", "private", "called-ec", "padded",
        "twice", "twice-across-kinds", 7, "7", "",
    ):  # fmt: skip
        header = {"alg": "RS256", "kid": kid}
        yield Case(f"key {kid!r} does not fit", mint.token(header=header, signer=second), INVALID)
    for kid in ("twice-across-kinds", "called-rsa", "off-curve", "okp"):
        header = {"alg": "ES256", "kid": kid}
        yield Case(f"key {kid} does not fit", mint.token(header=header, signer=elliptic), INVALID)
    for kid, bits in (("weak", 1024), ("nearly", 2047)):
        token = mint.token(
            header={"alg": "RS256", "kid": kid}, signer=rs256(rsa_key(kid, bits=bits))
        )
        yield Case(f"key of {bits:,} bits", token, INVALID)
    p384 = es256(ec_key("p384"))
    for alg in ("ES256", "ES384"):
        token = mint.token(header={"alg": alg, "kid": "p384"}, signer=p384)
        yield Case(f"key on P-384 under {alg}", token, INVALID)


def _signatures(mint: Mint) -> Iterator[Case]:
    head, body, seal = mint.token().split(".")
    text = json.dumps(mint.claims())
    other = mint.token(mint.claims(sub="somebody-else")).split(".")
    richer = encode(json.dumps(mint.claims(sub="somebody-else")).encode())
    retyped = encode(json.dumps(mint.header | {"typ": "at+jwt"}).encode())
    flipped = ("B" if seal[0] == "A" else "A") + seal[1:]
    for name, token in {
        "stripped": f"{head}.{body}.",
        "a single letter": f"{head}.{body}.A",
        "cut in half": f"{head}.{body}.{seal[: len(seal) // 2]}",
        "lengthened": f"{head}.{body}.{seal[:-2]}AAAA",
        "of zeros": f"{head}.{body}.{encode(bytes(256))}",
        "of ones": f"{head}.{body}.{encode(bytes([255]) * 256)}",
        "with a flipped bit": f"{head}.{body}.{flipped}",
        "of another token": f"{head}.{body}.{other[2]}",
        "under another payload": f"{head}.{richer}.{seal}",
        "under another header": f"{retyped}.{body}.{seal}",
        "of the payload alone": f"{head}.{body}.{encode(mint.signer(body.encode()))}",
        "of the decoded text": f"{head}.{body}.{encode(mint.signer(text.encode()))}",
        "by a key we never published": mint.token(signer=rs256(rsa_key("stranger"))),
        "by another of our keys": mint.token(signer=rs256(rsa_key("second"))),
    }.items():
        yield Case(f"signature {name}", token, INVALID)
    for name, signer in {
        "in DER": es_der(ec_key("main")),
        "by a strange EC key": es256(ec_key("stranger")),
        "of zeros": lambda _: bytes(64),
        "by RSA": rs256(rsa_key("main")),
        "cut": lambda message: es256(ec_key("main"))(message)[:63],
        "lengthened": lambda message: es256(ec_key("main"))(message) + b"\0",
        "with r = s = the order": lambda _: _P256_ORDER.to_bytes(32, "big") * 2,
    }.items():
        token = mint.token(header={"alg": "ES256", "kid": "ec-1"}, signer=signer)
        yield Case(f"es256 signature {name}", token, INVALID)


_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

# What no moment can be, as text, for `json.dumps` cannot write all of it.
_NO_MOMENTS: Final = (
    "null", "true", "false", '""', '"1790000000"', '"2026-11-24T03:00:00Z"', "[]", "[1790000000]",
    "{}", "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e300", "-1", "-0.5", "-1e300",
    "1" + "0" * 30, "-1" + "0" * 30, "9" * 4000, "9" * 5000, "253402300800", "1790000000000",
    "0x6AB13B80", "1790000000L", "01790000000", "+1790000000", ".5", "1.", "1e", '"NaN"',
)  # fmt: skip


def _times(mint: Mint) -> Iterator[Case]:
    for name in ("exp", "iat", "nbf"):
        for raw in _NO_MOMENTS:
            yield Case(f"{name} {raw[:24]} ({len(raw)})", mint.with_raw(name, raw), INVALID)
    for name in ("exp", "iat"):
        yield Case(f"{name} missing", _with(mint, **{name: OMIT}), INVALID)
    now = mint.now
    for name, changes, code in (
        ("expired an hour ago", {"iat": now - 7200, "exp": now - 3600}, EXPIRED),
        ("expired 61 s ago", {"iat": now - 3661, "exp": now - 61}, EXPIRED),
        ("expired 60 s ago, all the leeway", {"iat": now - 3660, "exp": now - 60}, EXPIRED),
        ("expired 59 s ago, within the leeway", {"iat": now - 3659, "exp": now - 59}, GOOD),
        ("expires now", {"exp": now}, GOOD),
        ("issued in 60 s", {"iat": now + 60}, GOOD),
        ("issued in 61 s", {"iat": now + 61}, INVALID),
        ("issued tomorrow", {"iat": now + 86_400, "exp": now + 90_000}, INVALID),
        ("not before in 60 s", {"nbf": now + 60}, GOOD),
        ("not before in 61 s", {"nbf": now + 61}, INVALID),
        ("not before 1970", {"nbf": 0}, GOOD),
        ("lives 24 h", {"iat": now - 10, "exp": now - 10 + 86_400}, GOOD),
        ("lives 24 h and 1 s", {"iat": now - 10, "exp": now - 10 + 86_401}, INVALID),
        ("lives for ever", {"exp": 253_402_214_399}, INVALID),
        ("issued in 1970", {"iat": 0}, INVALID),
        ("expired before it was issued", {"iat": now - 10, "exp": now - 20}, INVALID),
        ("expires as it is issued", {"iat": now, "exp": now}, INVALID),
        ("expired and of another issuer",
         {"iat": now - 7200, "exp": now - 3600, "iss": "x"}, INVALID),
        ("expired and without organisation",
         {"iat": now - 7200, "exp": now - 3600, "app_metadata": {}}, INVALID),
    ):  # fmt: skip
        yield Case(name, _with(mint, **changes), code)
    old = mint.claims(iat=now - 7200, exp=now - 3600)
    yield Case("expired and forged", mint.token(old, signer=rs256(rsa_key("stranger"))), INVALID)


def _who(mint: Mint) -> Iterator[Case]:
    issuer, audience = mint.issuer, mint.audience
    bad = {
        "iss": (
            OMIT, None, "", 0, True, [issuer], {"iss": issuer}, issuer + "/", issuer.upper(),
            issuer[:-1], " " + issuer, issuer + "\0", "https://evil.example",
        ),
        "aud": (
            OMIT, None, "", 0, True, [], [None], [audience, None], [audience, 7], [[audience]],
            {audience: 1}, audience.upper(), audience + " ", audience[:-1], "anon", ["anon"],
        ),
        "sub": (
            OMIT, None, "", 0, True, 12, 1.5, [], ["x"], {}, "x\0", "x\n", "\ud800", "x" * 256,
            chr(0x202E) + "x",
        ),
        "session_id": ("", 0, True, 12, [], {}, "x\0", "\udfff", "x" * 256),
    }  # fmt: skip
    for name, values in bad.items():
        for value in values:
            shown = "missing" if value is OMIT else repr(value)[:40]
            yield Case(f"{name} {shown}", _with(mint, **{name: value}), INVALID)
    text = json.dumps(mint.claims())[:-1]
    for member in ('"sub": "x"', f'"exp": {mint.now + 1}', '"\\u0069ss": "x"', '"aud": "x"'):
        token = mint.token(f"{text}, {member}}}".encode())
        yield Case(f"payload says {member[:12]} again", token, INVALID)
    yield Case("payload empty object", mint.token({}), INVALID)


def _organisations(mint: Mint) -> Iterator[Case]:
    right = mint.organisation_id
    for value in (
        OMIT, None, "", " ", 0, 7, True, [], [right], {"id": right}, "*", "bluegum-it", right[:-1],
        right + "0", right.replace("-", ""), f"{{{right}}}", f"urn:uuid:{right}", right + "\n",
        " " + right, right + "\0", "g" + right[1:], _FULLWIDTH_ONE + right[1:],
        right.replace("-", "_"), f"{right},{right}", f"{right}' OR 1=1 --",
    ):  # fmt: skip
        shown = "missing" if value is OMIT else repr(value)[:60]
        yield Case(f"organisation {shown}", _about(mint, org_id=value), INVALID)
    for value in (OMIT, None, [], "x", 7, [{"org_id": right}]):
        shown = "missing" if value is OMIT else repr(value)[:40]
        yield Case(f"app_metadata {shown}", _with(mint, app_metadata=value), INVALID)
    written = {"org_id": right, "role": "Owner"}
    nobody = {"role": "Finance"}
    elsewhere: dict[str, Json] = {
        "in user_metadata": {"app_metadata": nobody, "user_metadata": written},
        "at the top": {"app_metadata": nobody, "org_id": right},
        "under a dotted name": {"app_metadata": nobody, "app_metadata.org_id": right},
    }
    for name, changes in elsewhere.items():
        yield Case(f"organisation {name} alone", _with(mint, **changes), INVALID)
    twice = json.dumps(mint.claims()).replace('"org_id"', f'"org_id": "{right}", "org_id"')
    yield Case("organisation twice", mint.token(twice.encode()), INVALID)
    yield Case("organisation in capitals", _about(mint, org_id=right.upper()), GOOD)


def _roles(mint: Mint) -> Iterator[Case]:
    for value in (OMIT, None, "", 0, True, [], ["Owner"], {"Owner": 1}, "Own\0er", "x" * 321):
        shown = "missing" if value is OMIT else repr(value)[:40]
        yield Case(f"role {shown}", _about(mint, role=value), ROLE_UNKNOWN)
    for value in (
        "authenticated",
        "Superuser",
        "service_role",
        "Service",
        "service ",
        "OWNER\u200b",
    ):
        yield Case(f"role {value!r}", _about(mint, role=value), ROLE_UNKNOWN)
    only = {"org_id": mint.organisation_id}
    elsewhere: dict[str, Json] = {
        "in user_metadata": {"user_metadata": {"role": "Owner", "app_metadata": {"role": "Owner"}}},
        "at the top": {"role": "Owner"},
        "service at the top": {"role": "service", "scope": "organisations:write"},
    }
    for name, changes in elsewhere.items():
        yield Case(f"role {name} alone", _with(mint, app_metadata=only, **changes), ROLE_UNKNOWN)


def _services(mint: Mint) -> Iterator[Case]:
    def service(**changes: Any) -> str:
        return mint.token(mint.service_claims(**changes))

    yield Case("service of all organisations", service(), GOOD)
    yield Case("service of one", service(organisation_id=mint.organisation_id), GOOD)
    yield Case("service without scope", service(scope=OMIT), GOOD)
    for organisation in ("**", " *", "* ", ["*"], OMIT, None, "all", ""):
        shown = "missing" if organisation is OMIT else repr(organisation)
        about = {"org_id": organisation, "role": "service"}
        token = service(app_metadata={k: v for k, v in about.items() if v is not OMIT})
        yield Case(f"service of organisation {shown}", token, INVALID)
    for scope in (None, 7, True, ["organisations:write"], {"organisations:write": 1}, "a\nb"):
        yield Case(f"service with scope {scope!r}", service(scope=scope), INVALID)
    impostor = {"org_id": "*", "role": "Service"}
    yield Case("a person of all organisations", service(app_metadata=impostor), INVALID)


def _with(mint: Mint, **changes: Any) -> str:
    return mint.token(mint.claims(**changes))


def _about(mint: Mint, **changes: Any) -> str:
    usual: Json = {"org_id": mint.organisation_id, "role": "Finance"}
    kept = {name: value for name, value in (usual | changes).items() if value is not OMIT}
    return _with(mint, app_metadata=kept)


def _name(mint: Mint, value: object) -> str:
    return _with(mint, user_metadata={"full_name": value})


def _of_size(mint: Mint, size: int) -> str:
    """A good token of so many letters; base64 skips lengths, which the header makes up for."""
    for kind in ("J", "JW", "JWT", "JWTS"):
        header = mint.header | {"typ": kind}
        bare = len(mint.token(mint.claims(note=""), header=header, signer=_unsigned))
        near = (size - bare) * 3 // 4
        for letters in range(near - 2, near + 3):
            claims = mint.claims(note="n" * letters)
            if len(mint.token(claims, header=header, signer=_unsigned)) == size:
                return mint.token(claims, header=header)
    raise AssertionError("no token of that size")


def _unsigned(_: bytes) -> bytes:
    return bytes(256)


def _next_letter(letter: str) -> str:
    """The same leading bits, with one of the spare ones set."""
    return _ALPHABET[_ALPHABET.index(letter) ^ 1]
