"""Makes the test keys in keys/. Run once; the corpus changes with them. They protect nothing: never use them.

`NAME.crt` is a self-signed certificate (PEM), `NAME.key.pem` its private key (PKCS#8, PEM).
"""

from datetime import datetime, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import NameOID

KEYS = Path(__file__).parent / "keys"
NAMES = {
    "idp": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "idp-next": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "idp-p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "idp-p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "idp-rsa1024": lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024),
    "idp-dsa": lambda: dsa.generate_private_key(key_size=2048),
    "other-idp": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "attacker": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "sp-encryption": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
}


def main():
    KEYS.mkdir(exist_ok=True)
    for serial, (name, make) in enumerate(NAMES.items(), start=1):
        key = make()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"TEST KEY {name}, protects nothing")])
        certificate = (
            x509.CertificateBuilder(subject, subject, key.public_key(), serial)
            .not_valid_before(datetime(2026, 1, 1, tzinfo=timezone.utc))
            .not_valid_after(datetime(2056, 1, 1, tzinfo=timezone.utc))
            .sign(key, hashes.SHA256())
        )
        (KEYS / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (KEYS / f"{name}.key.pem").write_bytes(private)


if __name__ == "__main__":
    main()
