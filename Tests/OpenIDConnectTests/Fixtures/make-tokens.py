"""Writes tokens.json beside this file: ID tokens by OpenSSL (python3-cryptography 41 or newer) with fresh keys.

`jwks` is the provider's key set; `tokens` maps a name to a token over CLAIMS, dated 2027-01-15. The private keys are not
kept. Names: an algorithm is a good token by it; the others say what is wrong.
"""

import base64
import hashlib
import hmac
import json
import pathlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ACCESS_TOKEN = "an-access-token"
CLAIMS = {
    "iss": "https://idp.example.com", "aud": "ztna", "sub": "248289761001", "nonce": "the-nonce",
    "iat": 1800000000, "exp": 1800003600, "auth_time": 1799999990, "amr": ["pwd", "mfa"], "acr": "2",
}
HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512, "SA": hashes.SHA512}


def text(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def number(value):
    return text(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def rsa_jwk(key, **members):
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), **members}


def ec_jwk(key, curve, **members):
    numbers = key.public_key().public_numbers()
    size = (key.curve.key_size + 7) // 8
    return {"kty": "EC", "crv": curve, "x": text(numbers.x.to_bytes(size, "big")),
            "y": text(numbers.y.to_bytes(size, "big")), **members}


def sign(key, algorithm, message):
    digest = HASHES[algorithm[-3:] if algorithm != "EdDSA" else "SA"]()
    if algorithm.startswith("RS"):
        return key.sign(message, padding.PKCS1v15(), digest)
    if algorithm.startswith("PS"):
        return key.sign(message, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    if algorithm.startswith("ES"):
        size = (key.curve.key_size + 7) // 8
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(digest)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    return key.sign(message)


def token(algorithm, key_id, signer, stated=None):
    name = {"256": "sha256", "384": "sha384"}.get(algorithm[-3:], "sha512")
    digest = hashlib.new(name, ACCESS_TOKEN.encode()).digest()
    claims = {**CLAIMS, "at_hash": text(digest[: len(digest) // 2])}
    header = {"alg": stated or algorithm, "typ": "JWT"}
    if key_id:
        header["kid"] = key_id
    message = text(json.dumps(header).encode()) + "." + text(json.dumps(claims).encode())
    return message + "." + text(signer(message.encode()))


small = rsa.generate_private_key(65537, 1024)
rs, ps = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 3072)
p256, p384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
p521 = ec.generate_private_key(ec.SECP521R1())
ed = ed25519.Ed25519PrivateKey.generate()
ed_x = ed.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
pem = rs.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

keys = {"RS256": (rs, "rs"), "RS384": (rs, "rs"), "RS512": (rs, "rs"), "PS256": (ps, "ps"), "ES256": (p256, "p256"),
        "ES384": (p384, "p384"), "EdDSA": (ed, "ed")}
tokens = {}
for algorithm, (key, key_id) in keys.items():
    tokens[algorithm] = token(algorithm, key_id, lambda m, k=key, a=algorithm: sign(k, a, m))
tokens["hs256-with-public-key-as-secret"] = token(
    "HS256", "rs", lambda m: hmac.new(pem, m, hashlib.sha256).digest())
tokens["none"] = token("none", "rs", lambda m: b"")
tokens["none-in-capitals"] = token("NONE", "rs", lambda m: b"")
tokens["none-with-signature"] = token("RS256", "rs", lambda m: sign(rs, "RS256", m), stated="none")
tokens["es256-key-named-by-rs256"] = token("ES256", "p256", lambda m: sign(p256, "ES256", m), stated="RS256")
tokens["rs256-key-named-by-es256"] = token("RS256", "rs", lambda m: sign(rs, "RS256", m), stated="ES256")
tokens["es384-with-p256-key"] = token("ES384", "p256", lambda m: sign(p256, "ES384", m))
tokens["rs256-with-ps256-only-key"] = token("RS256", "ps", lambda m: sign(ps, "RS256", m))
tokens["ps256-taken-for-rs256"] = token("PS256", "rs", lambda m: sign(rs, "PS256", m), stated="RS256")
tokens["ps384"] = token("PS384", "rs", lambda m: sign(rs, "PS384", m))
tokens["es512"] = token("ES512", "p521", lambda m: sign(p521, "ES512", m))
tokens["rs1"] = token("RS256", "rs", lambda m: rs.sign(m, padding.PKCS1v15(), hashes.SHA1()), stated="RS1")
tokens["small-rsa"] = token("RS256", "small", lambda m: sign(small, "RS256", m))
tokens["another-key-under-a-known-kid"] = token("RS256", "rs", lambda m: sign(ps, "RS256", m))
tokens["unknown-kid"] = token("RS256", "another", lambda m: sign(rs, "RS256", m))
tokens["no-kid-es256"] = token("ES256", None, lambda m: sign(p256, "ES256", m))

jwks = {"keys": [
    rsa_jwk(rs, kid="rs", use="sig"),
    rsa_jwk(ps, kid="ps", alg="PS256", key_ops=["verify"]),
    ec_jwk(p256, "P-256", kid="p256"),
    ec_jwk(p384, "P-384", kid="p384", use="sig", alg="ES384"),
    {"kty": "OKP", "crv": "Ed25519", "x": text(ed_x), "kid": "ed", "alg": "EdDSA"},
    rsa_jwk(small, kid="small", use="sig"),
    ec_jwk(p521, "P-521", kid="p521", use="sig"),
    rsa_jwk(rs, kid="encryption", use="enc", alg="RSA-OAEP"),
]}
pathlib.Path(__file__).with_name("tokens.json").write_text(json.dumps({"jwks": jwks, "tokens": tokens}, indent=1) + "\n")
