"""The service provider's side of SAML 2.0, for tests: it makes messages and checks them with the command xmlsec1.

Python's standard library, Debian's python3-cryptography and xmlsec1. It proves that a provider works and records what
it says; it is no model of a careful service provider, which Sources/SAML is.
"""

import base64
import datetime
import secrets
import subprocess
import tempfile
import zlib
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit
from xml.etree import ElementTree

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
ENCRYPTION = "http://www.w3.org/2001/04/xmlenc#"
NAMES = {"saml": ASSERTION, "samlp": PROTOCOL, "md": METADATA, "ds": SIGNATURE, "xenc": ENCRYPTION}
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
HASHES = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}

SIGNATURE_TEMPLATE = f"""<ds:Signature xmlns:ds="{SIGNATURE}"><ds:SignedInfo>\
<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>\
<ds:SignatureMethod Algorithm="{RSA_SHA256}"/><ds:Reference URI="#%s"><ds:Transforms>\
<ds:Transform Algorithm="{SIGNATURE}enveloped-signature"/>\
<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>\
<ds:DigestMethod Algorithm="{ENCRYPTION}sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>\
<ds:SignatureValue/><ds:KeyInfo><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo></ds:Signature>"""


def instant(time=None):
    return (time or datetime.datetime.now(datetime.timezone.utc)).strftime("%Y-%m-%dT%H:%M:%SZ")


def xmlsec(*words, document):
    """What xmlsec1 prints on standard output; AssertionError when it refuses. Only same-document references count."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "document.xml"
        file.write_bytes(document)
        kinds = [word for kind in KINDS for word in ("--id-attr:ID", kind)]
        references = [] if words[0] == "--decrypt" else ["--enabled-reference-uris", "empty,same-doc"]
        command = ["xmlsec1", words[0], *references, *kinds, *map(str, words[1:]), file]
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    assert run.returncode == 0, f"xmlsec1 {words[0]} refuses:\n{run.stderr.decode()}"
    return run.stdout


KINDS = [f"{ASSERTION}:Assertion", f"{METADATA}:EntityDescriptor"]
KINDS += [f"{PROTOCOL}:{name}" for name in ("Response", "AuthnRequest", "LogoutRequest", "LogoutResponse")]


class IdentityProvider:
    """What its metadata says."""

    def __init__(self, document):
        root = ElementTree.fromstring(document)
        role = root.find("md:IDPSSODescriptor", NAMES)
        self.document, self.entity_id = document, root.get("entityID")
        self.certificates = [
            "".join((certificate.text or "").split())
            for descriptor in role.findall("md:KeyDescriptor", NAMES)
            if descriptor.get("use") != "encryption"
            for certificate in descriptor.findall(".//ds:X509Certificate", NAMES)
        ]
        self.sso, self.slo = {}, {}
        for name, endpoints in (("SingleSignOnService", self.sso), ("SingleLogoutService", self.slo)):
            for endpoint in role.findall(f"md:{name}", NAMES):
                answers = endpoint.get("ResponseLocation") or endpoint.get("Location")
                endpoints.setdefault(endpoint.get("Binding"), (endpoint.get("Location"), answers))

    def verify_element(self, document, parent):
        """The signature that is a direct child of `parent` ("samlp:Response", "saml:Assertion", "samlp:Logout…")."""
        prefix, name = parent.split(":")
        space = f"[local-name()='{name}' and namespace-uri()='{NAMES[prefix]}']"
        signature = f"//*{space}/*[local-name()='Signature' and namespace-uri()='{SIGNATURE}']"
        failure = None
        for certificate in self.certificates:
            with tempfile.NamedTemporaryFile(suffix=".pem") as file:
                file.write(pem(certificate))
                file.flush()
                key = ("--enabled-key-data", "raw-x509-cert", "--pubkey-cert-pem", file.name)
                try:
                    return xmlsec("--verify", *key, "--node-xpath", signature, document=document)
                except AssertionError as refused:
                    failure = refused
        raise failure or AssertionError("the metadata holds no certificate to verify with")

    def verify_query(self, address):
        """The signature over the query's own octets. Source: SAML 2.0 Bindings §3.4.4.1."""
        raw = dict(pair.partition("=")[::2] for pair in urlsplit(address).query.split("&"))
        names = [name for name in ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg") if name in raw]
        fields = dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
        assert "Signature" in fields, f"unsigned: {address}"
        algorithm = HASHES[fields["SigAlg"].rpartition("-")[2]]()
        data = "&".join(f"{name}={raw[name]}" for name in names).encode()
        signature = base64.b64decode(fields["Signature"])
        for certificate in self.certificates:
            key = x509.load_pem_x509_certificate(pem(certificate)).public_key()
            try:
                return key.verify(signature, data, padding.PKCS1v15(), algorithm)
            except InvalidSignature:
                continue
        raise AssertionError(f"no key of the metadata verifies {address}")


def pem(certificate):
    lines = [certificate[start : start + 64] for start in range(0, len(certificate), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""]).encode()


class ServiceProvider:
    """As our server presents itself: entity ID, ACS and SLO below one address, and one RSA key for everything.

    `key`: PKCS#8 in DER; `certificate`: PEM.
    """

    def __init__(self, base, key, certificate, name_id_format=PERSISTENT):
        self.base, self.certificate_file = base, Path(certificate)
        self.entity_id, self.acs, self.slo = base + "/metadata", base + "/acs", base + "/slo"
        self.key = serialization.load_der_private_key(Path(key).read_bytes(), None)
        # xmlsec1 reads no unencrypted PKCS#8 in DER.
        self.key_file = tempfile.NamedTemporaryFile(suffix=".pem")
        plain = serialization.NoEncryption()
        self.key_file.write(
            self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        )
        self.key_file.flush()
        self.name_id_format = name_id_format

    def signed(self, document):
        keys = f"{self.key_file.name},{self.certificate_file}"
        return xmlsec("--sign", "--privkey-pem", keys, document=document.encode())

    def metadata(self):
        parsed = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
        certificate = base64.b64encode(parsed.public_bytes(serialization.Encoding.DER)).decode()
        identifier = "_" + secrets.token_hex(16)
        keys = "".join(
            f'<md:KeyDescriptor use="{use}"><ds:KeyInfo xmlns:ds="{SIGNATURE}"><ds:X509Data><ds:X509Certificate>'
            f"{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            for use in ("signing", "encryption")
        )
        logout = "".join(
            f'<md:SingleLogoutService Binding="{binding}" Location="{self.slo}"/>' for binding in (REDIRECT, POST)
        )
        return self.signed(
            f'<md:EntityDescriptor xmlns:md="{METADATA}" ID="{identifier}" entityID="{self.entity_id}">'
            f"{SIGNATURE_TEMPLATE % identifier}"
            f'<md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true"'
            f' protocolSupportEnumeration="{PROTOCOL}">{keys}{logout}'
            f"<md:NameIDFormat>{self.name_id_format}</md:NameIDFormat>"
            f'<md:AssertionConsumerService Binding="{POST}" Location="{self.acs}" index="0" isDefault="true"/>'
            f"</md:SPSSODescriptor></md:EntityDescriptor>"
        )

    def message(self, kind, destination, rest, attributes="", signature=False):
        """A request or response with its ID."""
        identifier = "_" + secrets.token_hex(20)
        return identifier, (
            f'<samlp:{kind} xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}" ID="{identifier}" Version="2.0"'
            f' IssueInstant="{instant()}" Destination="{destination}"{attributes}>'
            f"<saml:Issuer>{self.entity_id}</saml:Issuer>{SIGNATURE_TEMPLATE % identifier if signature else ''}"
            f"{rest}</samlp:{kind}>"
        )

    def authn_request(self, destination, force=False, passive=False, signature=False):
        attributes = f' ProtocolBinding="{POST}" AssertionConsumerServiceURL="{self.acs}"'
        attributes += ' ForceAuthn="true"' if force else ""
        attributes += ' IsPassive="true"' if passive else ""
        policy = f'<samlp:NameIDPolicy Format="{self.name_id_format}" AllowCreate="true"/>'
        return self.message("AuthnRequest", destination, policy, attributes, signature)

    def logout_request(self, destination, name_id, session_index, signature=False):
        """`name_id` is the element as the assertion has it."""
        rest = f"{name_id}<samlp:SessionIndex>{session_index}</samlp:SessionIndex>"
        return self.message("LogoutRequest", destination, rest, signature=signature)

    def logout_response(self, destination, in_response_to):
        status = f'<samlp:Status><samlp:StatusCode Value="{SUCCESS}"/></samlp:Status>'
        return self.message("LogoutResponse", destination, status, f' InResponseTo="{in_response_to}"')

    def redirect(self, field, document, destination, relay_state=None):
        """The address of the HTTP-Redirect binding, signed. Source: SAML 2.0 Bindings §3.4.4.1."""
        deflated = zlib.compressobj(wbits=-15)
        data = base64.b64encode(deflated.compress(document.encode()) + deflated.flush()).decode()
        fields = [(field, data)] + ([("RelayState", relay_state)] if relay_state else []) + [("SigAlg", RSA_SHA256)]
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields)
        signature = self.key.sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())
        query += "&Signature=" + quote(base64.b64encode(signature).decode(), safe="")
        return destination + ("&" if "?" in destination else "?") + query

    def decrypted(self, document):
        """`document` with its first encrypted assertion in clear."""
        node = f"//*[local-name()='EncryptedData' and namespace-uri()='{ENCRYPTION}']"
        return xmlsec("--decrypt", "--privkey-pem", self.key_file.name, "--node-xpath", node, document=document)


def from_query(address):
    """Field name, message and RelayState of an address of the HTTP-Redirect binding."""
    fields = dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
    field = "SAMLRequest" if "SAMLRequest" in fields else "SAMLResponse"
    document = zlib.decompressobj(-15).decompress(base64.b64decode(fields[field]), 1 << 20)
    return field, document, fields.get("RelayState")
