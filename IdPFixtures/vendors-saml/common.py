"""What all vendors' fixtures share: names, instants, keys, and signing and encrypting that gives the same bytes each time."""

import base64
import dataclasses
import datetime
import hashlib
import pathlib
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEYS = pathlib.Path(__file__).resolve().parent / "keys"

SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XS = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = XENC + "sha256"
ENVELOPED = DS + "enveloped-signature"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:"
EMAIL_NAME_ID = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
UNSPECIFIED_NAME_ID = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
PERSISTENT_NAME_ID = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT_NAME_ID = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
CONTEXT = "urn:oasis:names:tc:SAML:2.0:ac:classes:"

NOW = datetime.datetime(2026, 3, 2, 8, 15, 30, tzinfo=datetime.timezone.utc)


def instant(seconds=0.0, digits=3):
    """A time so many seconds from NOW, as xs:dateTime with so many decimals."""
    time = NOW + datetime.timedelta(seconds=seconds)
    fraction = f"{time.microsecond:06d}0"[:digits]
    return time.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if digits else "") + "Z"


def hexadecimal(text, length):
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def uuid(text):
    h = hexadecimal(text, 32)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


@dataclasses.dataclass
class ServiceProvider:
    """Our side, as one vendor's administrator registered it."""

    vendor: str

    @property
    def entity_id(self):
        return f"https://ztna.example.com/saml/{self.vendor}/metadata"

    @property
    def acs_url(self):
        return f"https://ztna.example.com/saml/{self.vendor}/acs"

    @property
    def request_id(self):
        """Of the shape that commits to a device key: 32 bytes in hexadecimal."""
        return "_" + hexadecimal(f"request of {self.vendor}", 64)


class Key:
    """A test key of `keys/`; its certificate is there too."""

    def __init__(self, name):
        self.name = name
        self.path = KEYS / f"{name}.key.der"
        self.certificate_path = KEYS / f"{name}.crt.pem"
        self.certificate = x509.load_pem_x509_certificate(self.certificate_path.read_bytes())

    def base64(self):
        return base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()

    def numbers(self):
        return self.certificate.public_key().public_numbers()


def wrapped(text, width, end="\n"):
    """Base64 in lines, the last without an end."""
    return end.join(text[at : at + width] for at in range(0, len(text), width))


def number_base64(number):
    return base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode()


def signature(identifier, key_info, p="ds:", declare=True, prefixes=None, end=""):
    """An enveloped signature whose two values `sign` fills in. `p` is the prefix, `end` what stands between elements."""
    declaration = f' xmlns:{p[:-1]}="{DS}"' if p else f' xmlns="{DS}"'
    inclusive = f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="{prefixes}"/>' if prefixes else ""
    c14n = (
        f'<{p}Transform Algorithm="{EXC_C14N}">{inclusive}</{p}Transform>'
        if inclusive
        else f'<{p}Transform Algorithm="{EXC_C14N}"/>'
    )
    return (
        f'<{p}Signature{declaration if declare else ""}>{end}<{p}SignedInfo>{end}'
        f'<{p}CanonicalizationMethod Algorithm="{EXC_C14N}"/>{end}<{p}SignatureMethod Algorithm="{RSA_SHA256}"/>{end}'
        f'<{p}Reference URI="#{identifier}">{end}<{p}Transforms>{end}<{p}Transform Algorithm="{ENVELOPED}"/>{end}'
        f"{c14n}{end}</{p}Transforms>{end}"
        f'<{p}DigestMethod Algorithm="{SHA256}"/>{end}<{p}DigestValue>@digest {identifier}@</{p}DigestValue>{end}'
        f"</{p}Reference>{end}</{p}SignedInfo>{end}<{p}SignatureValue>{end}@value {identifier}@{end}</{p}SignatureValue>{end}"
        f"{key_info}{end}</{p}Signature>"
    )


def sign(document, identifier, element, namespace, key, lines=lambda text: text):
    """The document with the signature over the element of that ID filled in; xmlsec1 computes both values."""
    # Without this signature's KeyInfo, in which xmlsec1 would look for a key.
    blank = re.sub(rf"(@value {identifier}@\s*</[^>]*>).*?(</[a-z:]*Signature>)", r"\1\2", document, flags=re.DOTALL)
    blank = re.sub(r"@(digest|value) [^@]*@", "", blank)
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        file.write(blank.encode())
        file.flush()
        signed = subprocess.run(
            ["xmlsec1", "--sign", "--privkey-der", str(key.path), "--id-attr:ID", f"{namespace}:{element}"]
            + ["--node-xpath", f"//*[@ID='{identifier}']/*[local-name()='Signature']", file.name],
            check=True,
            capture_output=True,
        ).stdout
    owner = next(e for e in ElementTree.fromstring(signed).iter() if e.get("ID") == identifier)
    made = owner.find(f"{{{DS}}}Signature")
    digest = "".join(made.find(f".//{{{DS}}}DigestValue").text.split())
    value = "".join(made.find(f"{{{DS}}}SignatureValue").text.split())
    return document.replace(f"@digest {identifier}@", digest).replace(f"@value {identifier}@", lines(value))


def encrypt(plain, key, label):
    """AES-128-GCM and RSA-OAEP (MGF1 and digest SHA-1) with random values made from `label`: never outside fixtures.

    Gives the ciphertext (12 bytes of IV before, 16 of tag behind) and the encrypted key, both in base64.
    Source: XML Encryption 1.1 §5.2.4; RFC 8017 §7.1.1.
    """
    session = hashlib.sha256(f"key {label}".encode()).digest()[:16]
    vector = hashlib.sha256(f"iv {label}".encode()).digest()[:12]
    seed = hashlib.sha256(f"seed {label}".encode()).digest()[:20]
    ciphertext = vector + AESGCM(session).encrypt(vector, plain.encode(), None)

    def mask(source, length):
        made = b"".join(
            hashlib.sha1(source + counter.to_bytes(4, "big")).digest() for counter in range(length // 20 + 1)
        )
        return made[:length]

    def mixed(one, other):
        return bytes(a ^ b for a, b in zip(one, other))

    size = key.certificate.public_key().key_size // 8
    padding = b"\0" * (size - len(session) - 42)
    block = hashlib.sha1(b"").digest() + padding + b"\1" + session
    masked_block = mixed(block, mask(seed, len(block)))
    masked_seed = mixed(seed, mask(masked_block, 20))
    number = pow(int.from_bytes(b"\0" + masked_seed + masked_block, "big"), key.numbers().e, key.numbers().n)
    return base64.b64encode(ciphertext).decode(), base64.b64encode(number.to_bytes(size, "big")).decode()


@dataclasses.dataclass
class Fixture:
    """What one vendor's module gives: three files' worth."""

    metadata: str
    response: str
    expected: dict
    # Documents and pages that it was rebuilt from.
    sources: list
    notes: list
