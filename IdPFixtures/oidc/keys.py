"""Signing keys and JSON Web Signatures of the fixture provider.

Source: RFC 7515 (JWS), RFC 7517 (JWK), RFC 7518 (algorithms), RFC 7638 (thumbprints), RFC 8037 (EdDSA).
"""

import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")

_HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
_CURVES = {"ES256": ("P-256", ec.SECP256R1, 32), "ES384": ("P-384", ec.SECP384R1, 48)}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def base64url_decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact_json(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def left_half_hash(algorithm, text):
    """at_hash: the left half of the hash that goes with `algorithm`. Source: OpenID Connect Core §3.1.3.6."""
    name = "sha512" if algorithm == "EdDSA" else "sha" + algorithm[2:]
    digest = hashlib.new(name, text.encode("ascii")).digest()
    return base64url(digest[: len(digest) // 2])


class SigningKey:
    """One private key, bound to one algorithm, named by its thumbprint."""

    def __init__(self, algorithm, rsa_bits=2048):
        self.algorithm = algorithm
        if algorithm[:2] in ("RS", "PS"):
            self.private = rsa.generate_private_key(public_exponent=65537, key_size=rsa_bits)
        elif algorithm in _CURVES:
            self.private = ec.generate_private_key(_CURVES[algorithm][1]())
        elif algorithm == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            raise ValueError(f"no such algorithm: {algorithm}")
        self.kid = base64url(hashlib.sha256(compact_json(dict(sorted(self._members().items())))).digest())

    def jwk(self):
        return {**self._members(), "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    def public_pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, data):
        if self.algorithm == "EdDSA":
            return self.private.sign(data)
        digest = _HASHES[self.algorithm[2:]]()
        if self.algorithm in _CURVES:
            size = _CURVES[self.algorithm][2]
            r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(digest)))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        if self.algorithm.startswith("PS"):
            return self.private.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        return self.private.sign(data, padding.PKCS1v15(), digest)

    def _members(self):
        public = self.private.public_key()
        if self.algorithm == "EdDSA":
            raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            return {"kty": "OKP", "crv": "Ed25519", "x": base64url(raw)}
        numbers = public.public_numbers()
        if self.algorithm in _CURVES:
            curve, _, size = _CURVES[self.algorithm]
            x, y = numbers.x.to_bytes(size, "big"), numbers.y.to_bytes(size, "big")
            return {"kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y)}
        n = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
        return {"kty": "RSA", "n": base64url(n), "e": base64url(numbers.e.to_bytes(3, "big"))}


def compact_jws(header, payload, sign):
    """Header and payload as bytes of JSON; `sign` makes the signature over the signing input."""
    signing_input = f"{base64url(header)}.{base64url(payload)}".encode("ascii")
    return f"{signing_input.decode('ascii')}.{base64url(sign(signing_input))}"


def hmac_sha256(secret):
    return lambda data: hmac.new(secret, data, hashlib.sha256).digest()
