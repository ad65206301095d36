"""Attacks on keys, algorithms, and the values that they make."""

import base64
import re

from catalogue import around, refuse
from documents import ALICE, BOB, response, signed_assertion
from genuine import GENUINE_ASSERTION, bob, whole
from seals import (
    DS,
    DSA_SHA1,
    DSA_SHA256,
    ECDSA_SHA1,
    ECDSA_SHA256,
    HMAC_SHA1,
    HMAC_SHA256,
    KEYS,
    MD5,
    MORE,
    RSA_MD5,
    RSA_SHA1,
    RSA_SHA256,
    SHA1,
    certificate,
    fixed,
    reference,
    x509_data,
)

ALGORITHM = "signatureMethod"


def keys_and_algorithms():
    yield refuse("key-attacker", "unknownKey", "signed by the attacker's key", bob(key="attacker"))
    yield refuse("key-attacker-in-key-info", "unknownKey", "and his certificate is in KeyInfo",
        bob(key="attacker", key_info=x509_data("attacker")))
    yield refuse("key-attacker-response", "unknownKey", "the same for a signed Response",
        whole(key="attacker", key_info=x509_data("attacker")))
    yield refuse("key-attacker-first-provider-second", "unknownKey", "his certificate first, the provider's second",
        bob(key="attacker", key_info=x509_data("attacker") + x509_data("idp")))
    yield refuse("key-provider-first-attacker-second", "unknownKey", "in one X509Data, the provider's first",
        bob(key="attacker", key_info=f"<ds:X509Data><ds:X509Certificate>{certificate('idp')}</ds:X509Certificate>"
            f"<ds:X509Certificate>{certificate('attacker')}</ds:X509Certificate></ds:X509Data>"))
    yield refuse("key-attacker-claims-provider", "unknownKey",
        "signed by the attacker, KeyInfo has the provider's certificate",
        bob(key="attacker", key_info=x509_data("idp")))
    yield refuse("key-value", "unknownKey signatureShape malformed", "the attacker's key as a bare RSAKeyValue",
        bob(key="attacker", key_info="<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB"
            "</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"))
    yield refuse("key-by-name-from-file", "unknownKey", "KeyName is a path",
        bob(key="attacker", key_info="<ds:KeyName>/etc/hostname</ds:KeyName>"))
    yield refuse("key-retrieval-method", "unknownKey signatureShape malformed",
        "KeyInfo sends the verifier to fetch the attacker's certificate",
        bob(key="attacker",
            key_info=f'<ds:RetrievalMethod Type="{DS}rawX509Certificate" URI="http://127.0.0.1:9/attacker.der"/>'))
    yield refuse("key-retrieval-method-file", "unknownKey signatureShape malformed", "or to open a file",
        bob(key="attacker", key_info=f'<ds:RetrievalMethod Type="{DS}rawX509Certificate" URI="file:///etc/hostname"/>'))
    yield refuse("key-retrieval-method-loop", "unknownKey signatureShape malformed",
        "or to follow a RetrievalMethod to itself",
        bob(key="attacker", key_info='<ds:RetrievalMethod URI="#_loop" Id="_loop"/>'))
    yield refuse("key-info-huge-certificate", "unknownKey signatureShape malformed tooLarge",
        "4 KB of rubbish as certificate",
        bob(key="attacker",
            key_info=f"<ds:X509Data><ds:X509Certificate>{base64.b64encode(fixed('rubbish', 3000)).decode()}"
            "</ds:X509Certificate></ds:X509Data>"))
    marked = bob(key="attacker", key_info="<ds:X509Data>@HERE@</ds:X509Data>")
    yield refuse("key-info-many-certificates", "unknownKey signatureShape malformed tooLarge tooManyElements",
        "a hundred of the attacker's certificates",
        around("@HERE@", marked, f"<ds:X509Certificate>{certificate('attacker')}</ds:X509Certificate>", 100))
    yield refuse("key-of-another-provider", "unknownKey", "signed by the key of another provider of ours",
        bob(key="other-idp", key_info=x509_data("other-idp")))
    yield refuse("key-next-not-pinned", "unknownKey", "signed by the provider's next key before we know it",
        bob(key="idp-next"))
    yield refuse("key-rsa-1024", "weakKey unknownKey", "a pinned key of 1024 bits", bob(key="idp-rsa1024"),
        pinned=["idp-rsa1024"])
    public = (KEYS / "idp.crt").read_bytes()
    for method, name in ((HMAC_SHA1, "sha1"), (HMAC_SHA256, "sha256")):
        yield refuse(f"hmac-{name}-certificate-as-secret", ALGORITHM,
            f"HMAC-{name.upper()} with the provider's public certificate as secret", bob(method=method, key=public))
    yield refuse("hmac-truncated-to-nothing", ALGORITHM,
        "HMAC whose HMACOutputLength is 0: every value verifies (CVE-2009-0217)",
        bob(method=HMAC_SHA1, method_inside="<ds:HMACOutputLength>0</ds:HMACOutputLength>", value=""))
    yield refuse("hmac-empty-secret", ALGORITHM, "HMAC-SHA256 with an empty secret", bob(method=HMAC_SHA256, key=b""))
    yield refuse("dsa-sha1", "weakKey unreadableKey " + ALGORITHM, "DSA, truly signed, the key pinned",
        bob(method=DSA_SHA1, key="idp-dsa"), pinned=["idp", "idp-dsa"])
    yield refuse("dsa-sha256", "weakKey unreadableKey " + ALGORITHM, "DSA with SHA-256",
        bob(method=DSA_SHA256, key="idp-dsa"), pinned=["idp", "idp-dsa"])
    yield refuse("rsa-sha1", "sha1 signatureMethod", "RSA-SHA1, truly signed", bob(method=RSA_SHA1))
    yield refuse("rsa-sha1-response", "sha1 signatureMethod", "the same for a signed Response", whole(method=RSA_SHA1))
    yield refuse("sha1-digest", "sha1 digestMethod", "RSA-SHA256 over a SHA-1 digest", bob(digest=SHA1))
    yield refuse("ecdsa-sha1", "sha1 signatureMethod", "ECDSA with SHA-1", bob(method=ECDSA_SHA1, key="idp-p256"),
        pinned=["idp-p256"])
    yield refuse("rsa-sha1-allowed-yet-changed", "digestValue", "the setting allows RSA-SHA1, not an altered document",
        response(signed_assertion(BOB, method=RSA_SHA1, digest=SHA1).replace(BOB.email, ALICE.email)), allow_sha1=True)
    yield refuse("rsa-md5", ALGORITHM, "RSA-MD5, truly signed", bob(method=RSA_MD5), allow_sha1=True)
    yield refuse("md5-digest", "digestMethod", "RSA-SHA256 over an MD5 digest", bob(digest=MD5), allow_sha1=True)
    yield refuse("rsa-ripemd160", ALGORITHM, "RSA-RIPEMD160", bob(method=MORE + "rsa-ripemd160"))
    yield refuse("digest-unknown", "digestMethod", "a digest of nobody's", bob(digest="urn:example:digest"))
    yield refuse("method-none", ALGORITHM, "alg=none, in XML", bob(method="none", value=""))
    yield refuse("method-empty", ALGORITHM + " signatureShape malformed", "an empty Algorithm", bob(method=""))
    yield refuse("method-rsa-for-ec-key", "unknownKey signatureMethod",
        "RSA-SHA256 is claimed, the only pinned key is on P-256", bob(), pinned=["idp-p256"])
    yield refuse("method-ecdsa-for-rsa-key", "unknownKey signatureMethod",
        "ECDSA-SHA256 is claimed, the only pinned key is RSA", bob(method=ECDSA_SHA256, key="idp-p256"))
    yield refuse("method-other-hash-than-signed", "unknownKey", "signed with SHA-256, claimed to be SHA-512",
        response(GENUINE_ASSERTION.replace(RSA_SHA256, MORE + "rsa-sha512")))
    yield refuse("method-trailing-space", ALGORITHM + " unknownKey", "a listed algorithm with a blank after it",
        bob(method=RSA_SHA256 + " "))


def values():
    yield refuse("signature-empty-value", "unknownKey signatureShape malformed", "an empty SignatureValue",
        value_changed(lambda _: ""))
    yield refuse("value-truncated", "unknownKey signatureShape malformed", "SignatureValue lacks its last octet",
        octets_changed(lambda octets: octets[:-1]))
    yield refuse("value-extended", "unknownKey signatureShape malformed", "SignatureValue has an octet more",
        octets_changed(lambda octets: octets + b"\0"))
    yield refuse("value-leading-zero", "unknownKey signatureShape malformed",
        "a zero before it: the same number, another length", octets_changed(lambda octets: b"\0" + octets))
    yield refuse("value-one-bit", "unknownKey", "one bit is other",
        octets_changed(lambda octets: bytes([octets[0] ^ 1]) + octets[1:]))
    yield refuse("value-zero", "unknownKey", "all zeros", octets_changed(lambda octets: bytes(256)))
    yield refuse("value-all-ones", "unknownKey", "larger than the modulus",
        octets_changed(lambda octets: b"\xff" * 256))
    yield refuse("value-huge", "unknownKey signatureShape malformed", "2 KB of value for a key of 256 octets",
        octets_changed(lambda octets: octets * 8))
    yield refuse("value-not-base64", "unknownKey signatureShape malformed", "characters that base64 lacks",
        value_changed(lambda text: "!!!!" + text))
    yield refuse("value-base64url", "unknownKey signatureShape malformed", "the URL alphabet",
        value_changed(lambda text: text.replace("+", "-").replace("/", "_")))
    yield refuse("value-inside-element", "unknownKey signatureShape malformed",
        "the value is in an element inside SignatureValue", value_changed(lambda text: f"<ds:x>{text}</ds:x>"))
    yield refuse("value-twice", "signatureShape malformed unknownKey",
        "two SignatureValue elements: rubbish, then the true one",
        response(GENUINE_ASSERTION.replace("<ds:SignatureValue>",
            "<ds:SignatureValue>AAAA</ds:SignatureValue><ds:SignatureValue>")))
    yield refuse("digest-truncated", "digestValue signatureShape unknownKey",
        "DigestValue is the first 16 octets of the true one, and signed",
        bob(references=reference("#_assertion", value=_digest_of_bob()[:20] + "==")))
    yield refuse("digest-empty", "digestValue signatureShape malformed", "an empty DigestValue, signed",
        bob(references=reference("#_assertion", value="")))
    yield refuse("digest-one-octet", "digestValue", "one octet", bob(references=reference("#_assertion", value="AA==")))
    yield refuse("digest-of-other-length", "digestValue", "SHA-256 is claimed, 64 octets are there",
        bob(references=reference("#_assertion", value=base64.b64encode(fixed("long", 64)).decode())))
    yield refuse("ecdsa-der", "unknownKey signatureShape malformed", "an ECDSA value in DER, not r and s side by side",
        _ecdsa(lambda octets: bytes.fromhex("30440220") + octets[:32] + bytes.fromhex("0220") + octets[32:]),
        pinned=["idp-p256"])
    yield refuse("ecdsa-odd-length", "unknownKey signatureShape malformed", "an odd number of octets",
        _ecdsa(lambda octets: octets[:-1]), pinned=["idp-p256"])
    yield refuse("ecdsa-empty", "unknownKey signatureShape malformed", "no octets", _ecdsa(lambda octets: b""),
        pinned=["idp-p256"])
    yield refuse("ecdsa-zero", "unknownKey", "r and s are zero: the “psychic signature” (CVE-2022-21449)",
        _ecdsa(lambda octets: bytes(64)), pinned=["idp-p256"])
    yield refuse("ecdsa-padded", "unknownKey signatureShape malformed", "r and s of 48 octets for a curve of 32",
        _ecdsa(lambda octets: bytes(16) + octets[:32] + bytes(16) + octets[32:]), pinned=["idp-p256"])
    yield refuse("ecdsa-wrong-curve", "unknownKey", "signed on P-384, the pinned key is on P-256",
        bob(method=ECDSA_SHA256, key="idp-p384"), pinned=["idp-p256"])


def value_changed(change, text=GENUINE_ASSERTION, name="SignatureValue"):
    """The response around an assertion of which one base64 value was changed."""
    pattern = rf"(<ds:{name}>)([^<]*)(</ds:{name}>)"
    return response(re.sub(pattern, lambda found: found[1] + change(found[2]) + found[3], text, count=1))


def octets_changed(change, name="SignatureValue"):
    return value_changed(lambda text: base64.b64encode(change(base64.b64decode(text))).decode(), name=name)


def _digest_of_bob():
    return re.search(r"<ds:DigestValue>([^<]*)", GENUINE_ASSERTION)[1]


def _ecdsa(change):
    text = signed_assertion(BOB, method=ECDSA_SHA256, key="idp-p256")
    return value_changed(lambda value: base64.b64encode(change(base64.b64decode(value))).decode(), text)


def cases():
    yield from keys_and_algorithms()
    yield from values()
