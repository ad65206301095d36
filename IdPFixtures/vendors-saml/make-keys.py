#!/usr/bin/env python3
"""Makes the test keys of keys/, those that are missing. They are public, so they protect nothing: never use them."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from common import KEYS

UNIT = "Test key - public - not for use"
# Name, what the certificate says (as the vendor words it), valid from, years, whether the private key is kept.
CERTIFICATES = [
    ("sp", [("CN", "ztna.example.com")], 2026, 10, True),
    ("entra", [("CN", "Microsoft Azure Federated SSO Certificate")], 2025, 3, True),
    ("entra-next", [("CN", "Microsoft Azure Federated SSO Certificate")], 2026, 3, False),
    ("okta", [("C", "US"), ("ST", "California"), ("L", "San Francisco"), ("O", "Okta"), ("CN", "example")], 2025, 10, True),
    ("google", [("O", "Google Inc."), ("L", "Mountain View"), ("CN", "Google"), ("C", "US"), ("ST", "California")], 2025, 5, True),
    ("adfs", [("CN", "ADFS Signing - sts.example.com")], 2026, 1, True),
    ("adfs-next", [("CN", "ADFS Signing - sts.example.com")], 2026, 2, False),
    ("adfs-encryption", [("CN", "ADFS Encryption - sts.example.com")], 2026, 1, False),
    ("shibboleth", [("CN", "idp.example.edu")], 2020, 20, True),
    ("shibboleth-encryption", [("CN", "idp.example.edu")], 2020, 20, False),
    ("shibboleth-other", [("CN", "login.college.example")], 2021, 20, False),
    ("federation", [("CN", "Example Federation metadata signer")], 2020, 30, True),
    ("keycloak", [("CN", "corp")], 2024, 10, True),
]
NAMES = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "CN": NameOID.COMMON_NAME,
}


def make(name, words, year, years, keep):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name(
        [x509.NameAttribute(NAMES[kind], text) for kind, text in words]
        + [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, UNIT)]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(year, 1, 15))
        .not_valid_after(datetime.datetime(year + years, 1, 15))
        .sign(key, hashes.SHA256())
    )
    (KEYS / f"{name}.crt.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    if keep:
        # DER, so that nothing that looks for keys in text takes them for secrets.
        (KEYS / f"{name}.key.der").write_bytes(
            key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


KEYS.mkdir(exist_ok=True)
for name, words, year, years, keep in CERTIFICATES:
    if not (KEYS / f"{name}.crt.pem").exists():
        make(name, words, year, years, keep)
