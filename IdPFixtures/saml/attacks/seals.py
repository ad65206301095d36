"""Signing and encrypting for the corpus: real, and the same bytes each time.

Canonical octets come from lxml, keys from keys/. A signature is written as a template with `@digest@` and `@value@`
in it, and completed where it stands, so that a document keeps every octet that a case put there.
Source: XML Signature 1.1; XML Encryption 1.1; RFC 8017 (OAEP, PKCS#1 v1.5).
"""

import base64
import hashlib
import hmac
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from lxml import etree

KEYS = Path(__file__).parent / "keys"

DS = "http://www.w3.org/2000/09/xmldsig#"
DSIG11 = "http://www.w3.org/2009/xmldsig11#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"

EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
EXCLUSIVE_COMMENTS = EXCLUSIVE + "WithComments"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
INCLUSIVE_COMMENTS = INCLUSIVE + "#WithComments"
INCLUSIVE_11 = "http://www.w3.org/2006/12/xml-c14n11"
ENVELOPED = DS + "enveloped-signature"

RSA_SHA1, RSA_MD5 = DS + "rsa-sha1", MORE + "rsa-md5"
RSA_SHA256, RSA_SHA384, RSA_SHA512 = MORE + "rsa-sha256", MORE + "rsa-sha384", MORE + "rsa-sha512"
ECDSA_SHA1, ECDSA_SHA256, ECDSA_SHA384 = MORE + "ecdsa-sha1", MORE + "ecdsa-sha256", MORE + "ecdsa-sha384"
HMAC_SHA1, HMAC_SHA256 = DS + "hmac-sha1", MORE + "hmac-sha256"
DSA_SHA1, DSA_SHA256 = DS + "dsa-sha1", "http://www.w3.org/2009/xmldsig11#dsa-sha256"

SHA1, MD5 = DS + "sha1", MORE + "md5"
SHA256, SHA384, SHA512 = XENC + "sha256", MORE + "sha384", XENC + "sha512"

_DIGESTS = {SHA1: "sha1", MD5: "md5", SHA256: "sha256", SHA384: "sha384", SHA512: "sha512"}
_HASHES = {"md5": hashes.MD5, "sha1": hashes.SHA1, "sha256": hashes.SHA256}
_HASHES |= {"sha384": hashes.SHA384, "sha512": hashes.SHA512}

AES128_GCM, AES256_GCM = XENC11 + "aes128-gcm", XENC11 + "aes256-gcm"
AES128_CBC, AES256_CBC, TRIPLE_DES = XENC + "aes128-cbc", XENC + "aes256-cbc", XENC + "tripledes-cbc"
OAEP, OAEP11, RSA_1_5 = XENC + "rsa-oaep-mgf1p", XENC11 + "rsa-oaep", XENC + "rsa-1_5"
_KEY_SIZES = {AES128_GCM: 16, AES256_GCM: 32, AES128_CBC: 16, AES256_CBC: 32, TRIPLE_DES: 24}


@cache
def private_key(name):
    return serialization.load_pem_private_key((KEYS / f"{name}.key.pem").read_bytes(), None)


@cache
def certificate(name):
    """The certificate's DER in base64, as X509Certificate holds it."""
    loaded = x509.load_pem_x509_certificate((KEYS / f"{name}.crt").read_bytes())
    return base64.b64encode(loaded.public_bytes(serialization.Encoding.DER)).decode()


def fixed(name, count):
    """Octets that look random and are the same each time."""
    return hashlib.shake_256(name.encode()).digest(count)


# Templates


def transform(algorithm, inside=""):
    return f'<ds:Transform Algorithm="{algorithm}">{inside}</ds:Transform>'


def reference(uri, transforms=(ENVELOPED, EXCLUSIVE), digest=SHA256, value="@digest@"):
    """`uri` None leaves the attribute out; a transform is an algorithm or its element."""
    attribute = "" if uri is None else f' URI="{uri}"'
    elements = "".join(one if one.startswith("<") else transform(one) for one in transforms)
    around = f"<ds:Transforms>{elements}</ds:Transforms>" if transforms else ""
    return (
        f'<ds:Reference{attribute}>{around}<ds:DigestMethod Algorithm="{digest}"/>'
        f"<ds:DigestValue>{value}</ds:DigestValue></ds:Reference>"
    )


def signature(
    uri="",
    method=RSA_SHA256,
    c14n=EXCLUSIVE,
    references=None,
    key_info="",
    objects="",
    value="@value@",
    method_inside="",
    c14n_inside="",
    attributes="",
    **one_reference,
):
    """A ds:Signature to be completed; `references` in place of the one that `uri` and the rest describe."""
    inside = references if references is not None else reference(uri, **one_reference)
    key_info = f"<ds:KeyInfo>{key_info}</ds:KeyInfo>" if key_info else ""
    return (
        f'<ds:Signature xmlns:ds="{DS}"{attributes}><ds:SignedInfo>'
        f'<ds:CanonicalizationMethod Algorithm="{c14n}">{c14n_inside}</ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{method}">{method_inside}</ds:SignatureMethod>{inside}</ds:SignedInfo>'
        f"<ds:SignatureValue>{value}</ds:SignatureValue>{key_info}{objects}</ds:Signature>"
    )


def x509_data(name):
    return f"<ds:X509Data><ds:X509Certificate>{certificate(name)}</ds:X509Certificate></ds:X509Data>"


# Completing


def complete(text, key="idp", octets=None):
    """Fills digests, then value, of the one unfinished signature in `text`. `octets` replaces what is digested."""
    while "@digest@" in text:
        element = _unfinished(text, "DigestValue", "@digest@").getparent()
        algorithm = element.find(f"{{{DS}}}DigestMethod").get("Algorithm")
        data = octets if octets is not None else _referenced(element)
        digest = hashlib.new(_DIGESTS.get(algorithm, "sha256"), data).digest()
        text = text.replace("@digest@", base64.b64encode(digest).decode(), 1)
    if "@value@" in text:
        signed_info = _signed_info(text)
        c14n = signed_info.find(f"{{{DS}}}CanonicalizationMethod").get("Algorithm")
        method = signed_info.find(f"{{{DS}}}SignatureMethod").get("Algorithm")
        text = text.replace("@value@", base64.b64encode(value_of(canonical(signed_info, c14n), method, key)).decode())
    return text


def _parsed(text):
    # What a case does to the parser must not happen here: entities stay, nothing is fetched.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    return etree.fromstring(text.encode() if isinstance(text, str) else text, parser)


def _unfinished(text, name, mark):
    return next(one for one in _parsed(text).iter(f"{{{DS}}}{name}") if (one.text or "").strip() == mark)


def _signed_info(text):
    """Exclusive canonicalization may take the signature out of its document, which may be beyond canonicalization."""
    start = text.rindex("<ds:Signature ", 0, text.index("@value@"))
    end = text.index("</ds:Signature>", start) + len("</ds:Signature>")
    alone = _parsed(text[start:end]).find(f"{{{DS}}}SignedInfo")
    if alone.find(f"{{{DS}}}CanonicalizationMethod").get("Algorithm", "") in (
        INCLUSIVE,
        INCLUSIVE_COMMENTS,
        INCLUSIVE_11,
    ):
        return _unfinished(text, "SignatureValue", "@value@").getparent().find(f"{{{DS}}}SignedInfo")
    return alone


def _referenced(element):
    """The octets that a Reference covers, with the enveloped signature taken out where its transforms say so."""
    root = element.getroottree().getroot()
    uri = element.get("URI", "")
    holder = element.getparent().getparent()
    target = root
    if uri.startswith("#"):
        found = [one for one in root.iter() if isinstance(one.tag, str) and one.get("ID", one.get("Id")) == uri[1:]]
        target = found[0] if found else holder.getparent()
    algorithms = [one.get("Algorithm", "") for one in element.iter(f"{{{DS}}}Transform")]
    c14n = next((one for one in algorithms if "c14n" in one), EXCLUSIVE)
    prefixes = next(
        (one.get("PrefixList").split() for one in element.iter(f"{{{EXCLUSIVE}}}InclusiveNamespaces")), None
    )
    if (not algorithms or ENVELOPED in algorithms) and target in holder.iterancestors():
        _detach(holder)
    return canonical(target, c14n, prefixes)


def _detach(element):
    """Removes an element, not the text after it."""
    parent, before = element.getparent(), element.getprevious()
    tail, element.tail = element.tail or "", None
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


def canonical(element, algorithm=EXCLUSIVE, prefixes=None):
    return etree.tostring(
        element,
        method="c14n",
        exclusive=algorithm.startswith(EXCLUSIVE) or "c14n" not in algorithm,
        with_comments=algorithm.endswith("WithComments"),
        inclusive_ns_prefixes=prefixes,
    )


def value_of(octets, method, key):
    """A signature value as XML Signature writes it; `key` is a name, or the secret of an HMAC."""
    name = method.rpartition("-")[2]
    if method in (HMAC_SHA1, HMAC_SHA256):
        return hmac.new(key, octets, name).digest()
    private = private_key(key)
    if isinstance(private, rsa.RSAPrivateKey):
        if name == "md5":
            return _rsa_md5(private, octets)
        return private.sign(octets, PKCS1v15(), _HASHES.get(name, hashes.SHA256)())
    if isinstance(private, ec.EllipticCurvePrivateKey):
        der = private.sign(octets, ec.ECDSA(_HASHES[name](), deterministic_signing=True))
        return _concatenated(*utils.decode_dss_signature(der), (private.key_size + 7) // 8)
    return _dsa(private, hashlib.new(name, octets).digest())


def _concatenated(r, s, size):
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _dsa(private, digest):
    """DSA with a fixed k: the key protects nothing. Source: FIPS 186-4 §4.6."""
    numbers = private.private_numbers()
    p, q, g = (getattr(numbers.public_numbers.parameter_numbers, name) for name in "pqg")
    k = int.from_bytes(fixed("dsa k", 20), "big") % q
    r = pow(g, k, p) % q
    z = int.from_bytes(digest[: (q.bit_length() + 7) // 8], "big")
    return _concatenated(r, pow(k, -1, q) * (z + numbers.x * r) % q, (q.bit_length() + 7) // 8)


def _rsa_md5(private, octets):
    """RSASSA-PKCS1-v1_5 with MD5, which libraries no longer offer. Source: RFC 8017 §9.2."""
    info = bytes.fromhex("3020300c06082a864886f70d020505000410") + hashlib.md5(octets).digest()
    size = private.key_size // 8
    block = b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
    numbers = private.private_numbers()
    return pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n).to_bytes(size, "big")


# Encrypting


def encrypted_data(
    plaintext,
    cipher=AES128_GCM,
    transport=OAEP,
    recipient="sp-encryption",
    cipher_data=None,
    key_info=None,
    change=lambda octets: octets,
    change_key=lambda octets: octets,
    label="",
    oaep_inside="",
):
    """An xenc:EncryptedData around octets. `change` sees IV, ciphertext and tag; the rest replace parts."""
    session_key = fixed("session key", _KEY_SIZES.get(cipher, 16))
    octets = change(_encrypted(plaintext, cipher, session_key))
    if cipher_data is None:
        cipher_data = f"<xenc:CipherValue>{base64.b64encode(octets).decode()}</xenc:CipherValue>"
    if key_info is None:
        key_info = encrypted_key(change_key(_transported(session_key, transport, recipient)), transport, oaep_inside)
    return (
        f'<xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element"{label}>'
        f'<xenc:EncryptionMethod Algorithm="{cipher}"/><ds:KeyInfo xmlns:ds="{DS}">{key_info}</ds:KeyInfo>'
        f"<xenc:CipherData>{cipher_data}</xenc:CipherData></xenc:EncryptedData>"
    )


def encrypted_key(octets, transport=OAEP, inside="", attributes="", key_info=""):
    if transport == OAEP and not inside:
        inside = f'<ds:DigestMethod Algorithm="{SHA1}"/>'
    return (
        f'<xenc:EncryptedKey{attributes}><xenc:EncryptionMethod Algorithm="{transport}">{inside}'
        f"</xenc:EncryptionMethod>{key_info}<xenc:CipherData>"
        f"<xenc:CipherValue>{base64.b64encode(octets).decode()}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedKey>"
    )


def _encrypted(plaintext, cipher, key):
    if cipher in (AES128_GCM, AES256_GCM):
        iv = fixed("iv", 12)
        encryptor = Cipher(AES(key), modes.GCM(iv)).encryptor()
        return iv + encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag
    algorithm = TripleDES(key) if cipher == TRIPLE_DES else AES(key)
    iv = fixed("iv", algorithm.block_size // 8)
    padder = padding.ANSIX923(algorithm.block_size).padder()
    padded = padder.update(plaintext) + padder.finalize()
    encryptor = Cipher(algorithm, modes.CBC(iv)).encryptor()
    return iv + encryptor.update(padded) + encryptor.finalize()


def _transported(secret, transport, recipient):
    """The session key under the recipient's public key, with padding that is the same each time."""
    numbers = private_key(recipient).public_key().public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    if transport == RSA_1_5:
        filler = bytes(octet or 1 for octet in fixed("filler", size - len(secret) - 3))
        block = b"\x00\x02" + filler + b"\x00" + secret
    else:
        block = _oaep(secret, size)
    return pow(int.from_bytes(block, "big"), numbers.e, numbers.n).to_bytes(size, "big")


def _oaep(secret, size):
    """EME-OAEP with SHA-1, MGF1 with SHA-1 and a fixed seed. Source: RFC 8017 §7.1.1."""
    count = 20
    data = hashlib.sha1(b"").digest() + bytes(size - len(secret) - 2 * count - 2) + b"\x01" + secret
    seed = fixed("seed", count)
    masked_data = _xor(data, _mgf1(seed, len(data)))
    return b"\x00" + _xor(seed, _mgf1(masked_data, count)) + masked_data


def _mgf1(seed, count):
    blocks = (hashlib.sha1(seed + number.to_bytes(4, "big")).digest() for number in range(count // 20 + 1))
    return b"".join(blocks)[:count]


def _xor(left, right):
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
