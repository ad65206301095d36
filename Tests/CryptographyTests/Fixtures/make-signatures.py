"""Writes signatures.tsv beside this file: signatures by OpenSSL (python3-cryptography 41 or newer) with fresh keys.

Columns, tab-separated, octets in base64url: name, kind, first and second half of the key (n and e, or x and y), message,
signature. A name that starts with "bad-" must be refused. The private keys are not kept.
"""

import base64
import pathlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

MESSAGE = b"eyJhbGciOiJSUzI1NiJ9.e30"
DIGESTS = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
rows = []


def text(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def octets(number):
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def row(name, kind, first, second, signature):
    rows.append("\t".join([name, kind, text(first), text(second), text(MESSAGE), text(signature)]))


def rsa_rows(bits):
    key = rsa.generate_private_key(65537, bits)
    numbers = key.public_key().public_numbers()
    n, e = octets(numbers.n), octets(numbers.e)
    for name, digest in DIGESTS.items():
        row(f"pkcs1-{bits}-{name}", f"pkcs1-{name}", n, e, key.sign(MESSAGE, padding.PKCS1v15(), digest))
        salted = padding.PSS(padding.MGF1(digest), digest.digest_size)
        signature = key.sign(MESSAGE, salted, digest)
        row(f"pss-{bits}-{name}", f"pss-{name}", n, e, signature)
        row(f"bad-pss-taken-for-pkcs1-{bits}-{name}", f"pkcs1-{name}", n, e, signature)
    if bits != 2048:
        return
    digest = DIGESTS["sha256"]
    for name, salt in [("short", 20), ("empty", 0), ("longest", bits // 8 - 2 - digest.digest_size)]:
        salted = padding.PSS(padding.MGF1(digest), salt)
        row(f"bad-pss-salt-{name}", "pss-sha256", n, e, key.sign(MESSAGE, salted, digest))
    salted = padding.PSS(padding.MGF1(hashes.SHA384()), digest.digest_size)
    row("bad-pss-mgf1-of-another-digest", "pss-sha256", n, e, key.sign(MESSAGE, salted, digest))
    row("bad-pkcs1-sha1", "pkcs1-sha256", n, e, key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA1()))
    row("bad-pkcs1-sha512-taken-for-sha256", "pkcs1-sha256", n, e,
        key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA512()))


def ec_rows(name, curve, digest):
    key = ec.generate_private_key(curve)
    numbers = key.public_key().public_numbers()
    size = curve.key_size // 8
    x, y = numbers.x.to_bytes(size, "big"), numbers.y.to_bytes(size, "big")
    der = key.sign(MESSAGE, ec.ECDSA(digest))
    r, s = decode_dss_signature(der)
    raw = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    row(name, name, x, y, raw)
    row(f"bad-{name}-der", name, x, y, der)
    row(f"bad-{name}-one-octet-short", name, x, y, raw[:-1])
    row(f"bad-{name}-one-octet-long", name, x, y, b"\0" + raw)
    row(f"bad-{name}-halves-swapped", name, x, y, raw[size:] + raw[:size])
    row(f"bad-{name}-all-zero", name, x, y, bytes(2 * size))
    other = hashes.SHA512()
    r, s = decode_dss_signature(key.sign(MESSAGE, ec.ECDSA(other)))
    row(f"bad-{name}-another-digest", name, x, y, r.to_bytes(size, "big") + s.to_bytes(size, "big"))
    # Halves with leading zero octets: the DER integers are shorter.
    while not (raw[0] == 0 or raw[size] == 0):
        r, s = decode_dss_signature(key.sign(MESSAGE, ec.ECDSA(digest)))
        raw = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    row(f"{name}-leading-zero", name, x, y, raw)


for size in (2048, 3072, 4096):
    rsa_rows(size)
ec_rows("p256", ec.SECP256R1(), hashes.SHA256())
ec_rows("p384", ec.SECP384R1(), hashes.SHA384())
pathlib.Path(__file__).with_name("signatures.tsv").write_text("\n".join(rows) + "\n")
