"""Attacks on encrypted assertions. Whatever fails in decrypting is one refusal, which says nothing about why."""

from catalogue import around, refuse
from documents import ALICE, BOB, assertion, encrypted_assertion, response, signed_assertion, signed_response
from genuine import GENUINE_ASSERTION, evil_assertion
from seals import (
    AES128_CBC,
    AES128_GCM,
    AES256_CBC,
    DS,
    OAEP,
    OAEP11,
    RSA_1_5,
    SHA1,
    TRIPLE_DES,
    XENC,
    encrypted_key,
    fixed,
)

METHOD = "encryptionMethod undecryptable"
FAILS = "undecryptable"
KEY_METHOD = f'<xenc:EncryptionMethod Algorithm="{OAEP}"><ds:DigestMethod Algorithm="{SHA1}"/></xenc:EncryptionMethod>'


def sealed(text=GENUINE_ASSERTION, **options):
    return response(encrypted_assertion(text, **options))


def methods():
    yield refuse("encryption-3des", METHOD, "3DES, correctly encrypted", sealed(cipher=TRIPLE_DES))
    yield refuse("encryption-rsa-1_5", METHOD, "RSA PKCS#1 v1.5: the oracle of Bleichenbacher",
        sealed(transport=RSA_1_5))
    yield refuse("encryption-cbc-switched-off", METHOD, "AES-CBC where it is switched off", sealed(cipher=AES128_CBC),
        allow_cbc=False)
    yield refuse("encryption-cbc-256-switched-off", METHOD, "the same with 256 bits", sealed(cipher=AES256_CBC),
        allow_cbc=False)
    yield refuse("encryption-arcfour", METHOD, "a cipher of nobody's list",
        sealed().replace(AES128_GCM, "urn:example:arcfour"))
    yield refuse("encryption-method-missing", METHOD + " malformed", "no EncryptionMethod",
        sealed().replace(f'<xenc:EncryptionMethod Algorithm="{AES128_GCM}"/>', ""))
    yield refuse("encryption-key-method-missing", METHOD + " malformed", "no EncryptionMethod of the key",
        sealed().replace(KEY_METHOD, ""))
    yield refuse("encryption-aes-key-wrap", METHOD, "the session key by AES key wrap: with which key?",
        sealed().replace(OAEP, XENC + "kw-aes128"))
    yield refuse("encryption-gcm-called-cbc", FAILS + " encryptionMethod",
        "GCM octets called CBC: an oracle of padding", sealed().replace(AES128_GCM, AES128_CBC))
    yield refuse("encryption-oaep-other-digest", FAILS + " encryptionMethod",
        "OAEP with SHA-1 called xmlenc 1.1 with another mask",
        sealed(transport=OAEP11, oaep_inside='<xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" '
            'Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha512"/>'))


def ciphertexts():
    yield refuse("ciphertext-empty", FAILS, "no octets", sealed(change=lambda octets: b""))
    yield refuse("ciphertext-only-iv", FAILS, "the IV alone", sealed(change=lambda octets: octets[:12]))
    yield refuse("ciphertext-without-tag", FAILS, "GCM without its tag", sealed(change=lambda octets: octets[:-16]))
    yield refuse("ciphertext-short-tag", FAILS, "GCM with a tag of four octets",
        sealed(change=lambda octets: octets[:-12]))
    yield refuse("ciphertext-wrong-tag", FAILS, "the tag's last bit is other",
        sealed(change=lambda octets: octets[:-1] + bytes([octets[-1] ^ 1])))
    yield refuse("ciphertext-one-bit", FAILS, "one bit of the ciphertext is other",
        sealed(change=lambda octets: octets[:40] + bytes([octets[40] ^ 1]) + octets[41:]))
    yield refuse("ciphertext-cut-in-half", FAILS, "half of it",
        sealed(change=lambda octets: octets[: len(octets) // 2]))
    yield refuse("ciphertext-cbc-not-whole-blocks", FAILS, "CBC that is no multiple of 16",
        sealed(cipher=AES128_CBC, change=lambda octets: octets[:-1]))
    yield refuse("ciphertext-cbc-only-iv", FAILS, "CBC with no block",
        sealed(cipher=AES128_CBC, change=lambda octets: octets[:16]))
    yield refuse("ciphertext-cbc-bad-padding", FAILS,
        "CBC whose padding says 200: another answer than for bad XML would be an oracle",
        sealed(cipher=AES128_CBC, change=lambda octets: octets[:-17] + bytes([octets[-17] ^ 0xC8]) + octets[-16:]))
    yield refuse("ciphertext-cbc-bit-flipped", FAILS + " digestValue malformed", "CBC with a bit flipped in the middle",
        sealed(cipher=AES128_CBC, change=lambda octets: octets[:100] + bytes([octets[100] ^ 1]) + octets[101:]))
    yield refuse("ciphertext-not-base64", FAILS + " malformed", "a CipherValue that is not base64",
        sealed(cipher_data="<xenc:CipherValue>!!</xenc:CipherValue>"))
    yield refuse("cipher-reference-http", FAILS + " encryptionMethod malformed",
        "CipherReference: an address to fetch, before any signature is checked",
        sealed(cipher_data='<xenc:CipherReference URI="http://127.0.0.1:9/cipher"/>'))
    yield refuse("cipher-reference-file", FAILS + " encryptionMethod malformed", "CipherReference: a file",
        sealed(cipher_data='<xenc:CipherReference URI="file:///etc/hostname"/>'))
    yield refuse("cipher-reference-transforms", FAILS + " encryptionMethod malformed transform",
        "CipherReference to this document, by XPath",
        sealed(cipher_data=f'<xenc:CipherReference URI=""><xenc:Transforms><ds:Transform xmlns:ds="{DS}" '
            'Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>//text()</ds:XPath></ds:Transform>'
            "</xenc:Transforms></xenc:CipherReference>"))
    yield refuse("cipher-data-missing", FAILS + " malformed", "no CipherData",
        sealed(cipher_data="").replace("<xenc:CipherData></xenc:CipherData>", "", 1))
    yield refuse("cipher-data-twice", FAILS + " malformed", "two CipherValues",
        sealed(cipher_data="<xenc:CipherValue>AAAA</xenc:CipherValue>" * 2))


def keys():
    yield refuse("encrypted-key-for-somebody-else", FAILS, "the session key is encrypted for another service provider",
        sealed(recipient="other-idp"))
    yield refuse("encrypted-key-truncated", FAILS, "the encrypted key lacks an octet",
        sealed(change_key=lambda octets: octets[:-1]))
    yield refuse("encrypted-key-one-bit", FAILS, "one bit of it is other",
        sealed(change_key=lambda octets: octets[:-1] + bytes([octets[-1] ^ 1])))
    yield refuse("encrypted-key-zero", FAILS, "256 zeros", sealed(change_key=lambda octets: bytes(256)))
    yield refuse("encrypted-key-one", FAILS, "the number one, its own encryption",
        sealed(change_key=lambda octets: bytes(255) + b"\1"))
    yield refuse("encrypted-key-missing", FAILS + " malformed", "no EncryptedKey", sealed(key_info=""))
    yield refuse("encrypted-key-by-name", FAILS, "a KeyName instead",
        sealed(key_info="<ds:KeyName>sp-encryption</ds:KeyName>"))
    yield refuse("encrypted-key-retrieved-http", FAILS + " malformed",
        "RetrievalMethod: an address to fetch the key from",
        sealed(key_info=f'<ds:RetrievalMethod Type="{XENC}EncryptedKey" URI="http://127.0.0.1:9/key"/>'))
    yield refuse("encrypted-key-retrieved-file", FAILS + " malformed", "RetrievalMethod: a file",
        sealed(key_info=f'<ds:RetrievalMethod Type="{XENC}EncryptedKey" URI="file:///etc/hostname"/>'))
    inner = encrypted_key(
        b"x",
        OAEP,
        key_info=f'<ds:KeyInfo><ds:RetrievalMethod Type="{XENC}EncryptedKey" URI="#_loop"/></ds:KeyInfo>',
        attributes=' Id="_loop"',
    )
    yield refuse("encrypted-key-loop", FAILS + " malformed", "a key that is encrypted with itself",
        sealed(key_info=inner))
    two = "".join(
        encrypted_key(
            b"x",
            OAEP,
            attributes=f' Id="_k{n}"',
            key_info=f'<ds:KeyInfo><ds:RetrievalMethod Type="{XENC}EncryptedKey" URI="#_k{1 - n}"/></ds:KeyInfo>',
        )
        for n in (0, 1)
    )
    yield refuse("encrypted-key-loop-of-two", FAILS + " malformed", "two keys, each encrypted with the other",
        sealed(key_info=two))
    nested = "@HERE@"
    for _ in range(20):
        nested = encrypted_key(b"x", OAEP, key_info=f"<ds:KeyInfo>{nested}</ds:KeyInfo>")
    yield refuse("encrypted-key-nested-20", FAILS + " tooDeep malformed",
        "twenty keys, each inside the other's KeyInfo", sealed(key_info=nested.replace("@HERE@", "")))
    marked = sealed(key_info="@HERE@")
    yield refuse("encrypted-keys-200", FAILS + " tooManyElements tooLarge malformed",
        "two hundred keys to try, each an RSA operation",
        around("@HERE@", marked, encrypted_key(fixed("no key", 256), OAEP), 200))
    yield refuse("encrypted-key-carries-private-name", FAILS, "CarriedKeyName is a path",
        sealed(key_info=encrypted_key(b"x", OAEP).replace("</xenc:EncryptedKey>",
            "<xenc:CarriedKeyName>/etc/hostname</xenc:CarriedKeyName></xenc:EncryptedKey>")))


def plaintexts():
    bad = FAILS + " malformed"
    yield refuse("plaintext-empty", bad + " assertionCount", "nothing was encrypted", sealed(b""))
    yield refuse("plaintext-text", bad + " assertionCount", "text, no element", sealed("alice"))
    yield refuse("plaintext-not-utf8", bad + " encoding", "octets that are no UTF-8", sealed(b"\xff\xfe<"))
    yield refuse("plaintext-response", bad + " assertionCount wrongRoot", "a whole Response",
        sealed(response(GENUINE_ASSERTION)))
    yield refuse("plaintext-name-id", bad + " assertionCount wrongRoot", "a NameID, where an assertion is due",
        sealed('<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">alice-19c4</saml:NameID>'))
    yield refuse("plaintext-unsigned", "unsigned noSignature",
        "an unsigned assertion about Alice: anybody can encrypt for us", sealed(evil_assertion()))
    yield refuse("plaintext-attacker-signed", "unknownKey", "signed by the attacker",
        sealed(signed_assertion(ALICE, key="attacker")))
    yield refuse("plaintext-changed", "digestValue unknownKey", "changed after signing",
        sealed(GENUINE_ASSERTION.replace(BOB.email, ALICE.email)))
    yield refuse("plaintext-doctype", "doctype " + bad, "a document type inside the encryption",
        sealed("<!DOCTYPE x>" + GENUINE_ASSERTION))
    yield refuse("plaintext-entity", "doctype " + bad, "an external entity inside the encryption",
        sealed('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + GENUINE_ASSERTION.replace("bob-7f3a",
            "&a;")))
    yield refuse("plaintext-entity-bomb", "doctype " + bad, "a billion laughs inside the encryption",
        sealed("<!DOCTYPE x [" + '<!ENTITY l0 "lol">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">'
            for n in range(1, 10)) + "]>" + GENUINE_ASSERTION.replace("bob-7f3a", "&l9;")))
    yield refuse("plaintext-processing-instruction", "processingInstruction " + bad,
        "a processing instruction inside it",
        sealed(GENUINE_ASSERTION.replace("<saml:Subject>", "<?x?><saml:Subject>")))
    yield refuse("plaintext-deep", "tooDeep " + bad, "five hundred elements inside each other, inside it",
        sealed("<a>" * 500 + "</a>" * 500))
    yield refuse("plaintext-two-assertions", bad + " assertionCount", "two assertions in one encryption",
        sealed(GENUINE_ASSERTION + evil_assertion()))
    yield refuse("plaintext-closes-its-parent", bad + " assertionCount",
        "it ends the EncryptedAssertion and begins another assertion",
        sealed(GENUINE_ASSERTION + "</saml:EncryptedAssertion>" + evil_assertion() + "<saml:EncryptedAssertion>"))
    yield refuse("plaintext-encrypted-again", bad + " assertionCount wrongRoot",
        "an encrypted assertion inside an encrypted one", sealed(encrypted_assertion(GENUINE_ASSERTION)))
    yield refuse("plaintext-relies-on-outer-prefix", bad + " assertionCount wrongRoot unsigned unknownKey noSignature",
        "its prefix is declared nowhere: neither inside nor around",
        sealed(evil_assertion().replace(' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"', "").replace("saml:",
            "undeclared:")))
    yield refuse("encrypted-type-content", bad + " encryptionMethod assertionCount",
        "Type says Content: text, not an element",
        sealed().replace(f'Type="{XENC}Element"', f'Type="{XENC}Content"').replace("<xenc:CipherValue>",
            "<xenc:CipherValue>AAAA", 1))
    yield refuse("encrypted-twice", "assertionCount", "two EncryptedAssertions",
        response(encrypted_assertion(GENUINE_ASSERTION) * 2))
    yield refuse("encrypted-and-plain", "assertionCount", "an encrypted and a plain one, both genuine",
        response(encrypted_assertion(signed_assertion(BOB, id="_second")), GENUINE_ASSERTION))
    yield refuse("encrypted-data-twice", "assertionCount " + bad, "two EncryptedData in one EncryptedAssertion",
        sealed().replace("</saml:EncryptedAssertion>", sealed().split("<saml:EncryptedAssertion", 1)[1].split(">",
            1)[1].split("</saml:EncryptedAssertion>")[0] + "</saml:EncryptedAssertion>"))
    yield refuse("encrypted-data-without-wrapper", "assertionCount unsigned noSignature",
        "EncryptedData where an EncryptedAssertion is due",
        sealed().replace('<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">',
            "").replace("</saml:EncryptedAssertion>", ""))
    yield refuse("encrypted-wrapper-empty", "assertionCount undecryptable malformed unsigned noSignature",
        "an empty EncryptedAssertion", response("<saml:EncryptedAssertion/>"))
    yield refuse("encrypted-required-and-plain", "encryptionRequired",
        "a genuine plain assertion where encryption is required", response(GENUINE_ASSERTION), encrypted_required=True)
    yield refuse("encrypted-outer-signature-broken", "digestValue unknownKey",
        "the Response is signed over another ciphertext",
        signed_response(encrypted_assertion(assertion(BOB))).replace('Destination="https',
            'Consent="x" Destination="https'))


def cases():
    yield from methods()
    yield from ciphertexts()
    yield from keys()
    yield from plaintexts()
