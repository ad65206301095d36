"""Making, signing, encrypting and reading SAML messages, with pysaml2 and the xmlsec1 that it runs.

Source: SAML Core 2.0 §5; Bindings §3.4 (Redirect) and §3.5 (POST).
"""

import base64
import tempfile
import warnings
import zlib
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, unquote_plus, urlencode

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

# pysaml2 names a cipher that cryptography is about to move; nothing here uses it.
warnings.filterwarnings("ignore", module=r"saml2\.")

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, class_name, saml
from saml2.sigver import pre_encryption_part, pre_signature_part

POST, REDIRECT = BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
MOST_MESSAGE_BYTES = 256 * 1024

_RSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha"
SIGNATURES = {
    "rsa-sha256": (_RSA + "256", "http://www.w3.org/2001/04/xmlenc#sha256"),
    "rsa-sha384": (_RSA + "384", "http://www.w3.org/2001/04/xmldsig-more#sha384"),
    "rsa-sha512": (_RSA + "512", "http://www.w3.org/2001/04/xmlenc#sha512"),
    "rsa-sha1": ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"),
}
# By name: the algorithm and the kind of session key that xmlsec1 makes for it.
CIPHERS = {
    "aes128-gcm": ("http://www.w3.org/2009/xmlenc11#aes128-gcm", "aes-128"),
    "aes256-gcm": ("http://www.w3.org/2009/xmlenc11#aes256-gcm", "aes-256"),
    "aes128-cbc": ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "aes-128"),
    "aes256-cbc": ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "aes-256"),
}
# What a service provider may sign a query string with.
_QUERY_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


class BadMessage(Exception):
    """What arrived is not a message that can be answered."""


class SigningKey:
    """An RSA key with its certificate, in two files of `folder`, because xmlsec1 reads files."""

    def __init__(self, folder, name):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"fixture identity provider, {name}")])
        now = datetime.now(timezone.utc)
        certificate = (
            x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .sign(key, hashes.SHA256())
        )
        pkcs8 = serialization.PrivateFormat.PKCS8
        self.private = key
        self.key_file, self.certificate_file = f"{folder}/{name}.key", f"{folder}/{name}.crt"
        with open(self.key_file, "wb") as file:
            file.write(key.private_bytes(serialization.Encoding.PEM, pkcs8, serialization.NoEncryption()))
        with open(self.certificate_file, "wb") as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
        self.certificate = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def signed(security, message, key, algorithm, key_info=True):
    """The text of a pysaml2 message with an enveloped signature. `security` is pysaml2's context."""
    prepare_signature(message, key, algorithm, key_info)
    return complete_signature(security, str(message), message, key)


def prepare_signature(message, key, algorithm, key_info=True):
    """Puts a signature in its place whose values are still empty."""
    method, digest = SIGNATURES[algorithm]
    message.signature = pre_signature_part(
        message.id, key.certificate if key_info else None, digest_alg=digest, sign_alg=method
    )


def complete_signature(security, text, message, key):
    return security.sign_statement(text, class_name(message), key_file=key.key_file, node_id=message.id)


def without_declaration(text):
    """The text of an element, to be put inside another."""
    return text.partition("?>")[2].strip() if text.startswith("<?xml") else text.strip()


def with_last_children(text, children):
    """The document, with texts of elements put at the end of its root."""
    head, mark, tail = text.rstrip().rpartition("</")
    return head + "".join(children) + mark + tail


def encrypted(security, assertion, certificate, cipher):
    """The text of an EncryptedAssertion around the text of an assertion. Source: Core §2.3.4."""
    algorithm, session_key = CIPHERS[cipher]
    template = pre_encryption_part(msg_enc=algorithm)
    opening = f'<saml:EncryptedAssertion xmlns:saml="{saml.NAMESPACE}">'
    document = f"{opening}{without_declaration(assertion)}</saml:EncryptedAssertion>"
    with open_certificate(certificate) as file:
        text = security.crypto.encrypt_assertion(
            document,
            file.name,
            template,
            key_type=session_key,
            node_xpath='/*[local-name()="EncryptedAssertion"]/*[local-name()="Assertion"]',
        )
    return without_declaration(text)


def open_certificate(base64_text):
    """A temporary PEM file, gone when it is closed."""
    file = tempfile.NamedTemporaryFile("w", suffix=".crt")
    body = "\n".join(base64_text.split())
    file.write(f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    file.flush()
    return file


def redirect_address(address, name, text, relay_state, key, algorithm="rsa-sha256"):
    """Where to send the browser with a message signed over the query. Source: Bindings §3.4.4.1."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    message = deflate.compress(text.encode()) + deflate.flush()
    parameters = {name: base64.b64encode(message).decode()}
    if relay_state:
        parameters["RelayState"] = relay_state
    parameters["SigAlg"] = SIGNATURES[algorithm][0]
    query = urlencode(parameters, quote_via=quote, safe="")
    signature = key.private.sign(query.encode(), padding.PKCS1v15(), _QUERY_HASHES[algorithm[-3:]])
    query += "&Signature=" + quote(base64.b64encode(signature).decode(), safe="")
    return address + ("&" if "?" in address else "?") + query


def unpacked(message, binding):
    """The octets of a message as its binding carries them, within limits."""
    try:
        octets = base64.b64decode("".join(message.split()), validate=True)
        if binding == POST:
            return octets
        inflate = zlib.decompressobj(-15)
        octets = inflate.decompress(octets, MOST_MESSAGE_BYTES)
    except (ValueError, zlib.error) as error:
        raise BadMessage(f"The message cannot be unpacked: {error}") from None
    if inflate.unconsumed_tail or not inflate.eof:
        raise BadMessage("The message is too large, or cut off.")
    return octets


def check_query_signature(raw_query, name, certificates):
    """Refuses a query that none of the certificates signed, octet by octet. Source: Bindings §3.4.4.1."""
    raw = dict(pair.partition("=")[::2] for pair in raw_query.split("&"))
    if "SigAlg" not in raw or "Signature" not in raw:
        raise BadMessage("The message is not signed.")
    octets = "&".join(f"{part}={raw[part]}" for part in (name, "RelayState", "SigAlg") if part in raw).encode()
    hash_name = unquote_plus(raw["SigAlg"])[-3:]
    if hash_name not in _QUERY_HASHES:
        raise BadMessage("The signature's algorithm is not accepted.")
    try:
        signature = base64.b64decode(unquote_plus(raw["Signature"]).replace(" ", "+"), validate=True)
    except ValueError:
        raise BadMessage("The signature is not base64.") from None
    for certificate in certificates:
        if verifies(certificate, signature, octets, _QUERY_HASHES[hash_name]):
            return
    raise BadMessage("The signature is wrong.")


def verifies(certificate, signature, octets, algorithm):
    key = x509.load_der_x509_certificate(base64.b64decode(certificate)).public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, octets, padding.PKCS1v15(), algorithm)
        else:
            key.verify(signature, octets, ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    return True
