"""PanelOne's signing keys: made on first use, kept in a folder, published as a JWKS document."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jose import jwk
from jose.backends.base import Key

from billingone_api.sandbox.wire import Record

_RSA_BITS: Final = 2048

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One private key with the algorithm it signs by and the id it is published under."""

    algorithm: str
    kid: str
    pem: bytes
    key: Key

    @classmethod
    def from_pem(cls, pem: bytes) -> "SigningKey":
        private = load_pem_private_key(pem, password=None)
        algorithm = "ES256" if isinstance(private, ec.EllipticCurvePrivateKey) else "RS256"
        public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        kid = sha256(public).hexdigest()[:16]
        return cls(algorithm, kid, pem, jwk.construct(pem.decode(), algorithm))

    @classmethod
    def generate(cls, algorithm: str) -> "SigningKey":
        private: PrivateKey
        match algorithm:
            case "RS256":
                private = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
            case "ES256":
                private = ec.generate_private_key(ec.SECP256R1())
            case _:
                raise ValueError(f"PanelOne signs by RS256 or ES256, not by {algorithm}")
        return cls.from_pem(
            private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )

    def public_record(self) -> Record:
        numbers: dict[str, Any] = self.key.public_key().to_dict()
        return numbers | {"kid": self.kid, "use": "sig", "alg": self.algorithm}


class KeyRing:
    """The keys in force: the newest of the first algorithm signs, all of them are published.

    With a folder, keys outlive the process, so that tokens given out yesterday still verify.
    """

    def __init__(
        self, algorithms: Sequence[str] = ("RS256",), *, folder: Path | None = None
    ) -> None:
        self._folder = folder
        self._keys = [] if folder is None else _load(folder)
        self.algorithms = tuple(algorithms)
        for algorithm in self.algorithms:
            if not any(key.algorithm == algorithm for key in self._keys):
                self._add(SigningKey.generate(algorithm))

    def signing(self, algorithm: str | None = None) -> SigningKey:
        wanted = algorithm or self.algorithms[0]
        return next(key for key in reversed(self._keys) if key.algorithm == wanted)

    def rotate(self, *, retire: bool = False) -> SigningKey:
        """A new signing key; the older ones stay published unless they are retired."""
        if retire:
            self._drop(self.algorithms[0])
        return self._add(SigningKey.generate(self.algorithms[0]))

    def published(self) -> list[Record]:
        """The JWKS members, EC keys before RSA keys: a verifier must cope with that order."""
        return [key.public_record() for key in sorted(self._keys, key=lambda key: key.algorithm)]

    def _add(self, key: SigningKey) -> SigningKey:
        self._keys.append(key)
        if self._folder is not None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._folder / f"{_next_number(self._folder):04d}-{key.algorithm}.pem"
            path.touch(mode=0o600)
            path.write_bytes(key.pem)
        return key

    def _drop(self, algorithm: str) -> None:
        self._keys = [key for key in self._keys if key.algorithm != algorithm]
        if self._folder is not None:
            for path in self._folder.glob(f"*-{algorithm}.pem"):
                path.unlink()


def _load(folder: Path) -> list[SigningKey]:
    return [SigningKey.from_pem(path.read_bytes()) for path in sorted(folder.glob("*.pem"))]


def _next_number(folder: Path) -> int:
    return 1 + max((int(path.name[:4]) for path in folder.glob("*.pem")), default=0)
