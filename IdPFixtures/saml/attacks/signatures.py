"""Attacks on the signature itself: what it covers, how, with which key, and how its values are written."""

import base64
import re

from catalogue import around, either, refuse
from documents import ALICE, BOB, SAML, SAMLP, assertion, response, signed_assertion, signed_response
from seals import (
    DS,
    DSA_SHA1,
    DSA_SHA256,
    ECDSA_SHA1,
    ECDSA_SHA256,
    ENVELOPED,
    EXCLUSIVE,
    EXCLUSIVE_COMMENTS,
    HMAC_SHA1,
    HMAC_SHA256,
    INCLUSIVE,
    INCLUSIVE_11,
    INCLUSIVE_COMMENTS,
    KEYS,
    MD5,
    MORE,
    RSA_MD5,
    RSA_SHA1,
    RSA_SHA256,
    SHA1,
    SHA256,
    certificate,
    complete,
    fixed,
    reference,
    signature,
    transform,
    x509_data,
)
from wrapping import GENUINE_ASSERTION, GENUINE_RESPONSE, split

ALGORITHM = "signatureMethod"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
XPATH_FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"
XPOINTER = "http://www.w3.org/2001/04/xmldsig-more/xptr"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
BASE64 = DS + "base64"
NOT_COVERING = "referenceURI digestValue unsigned misplacedSignature"


def bob(**options):
    """A response with Bob's assertion, signed as the options say."""
    return response(signed_assertion(BOB, **options))


def whole(**options):
    """The same with the response signed."""
    return signed_response(assertion(BOB), **options)


def value_changed(change, text=GENUINE_ASSERTION, name="SignatureValue"):
    """The response around an assertion of which one base64 value was changed."""
    pattern = rf"(<ds:{name}>)([^<]*)(</ds:{name}>)"
    return response(re.sub(pattern, lambda found: found[1] + change(found[2]) + found[3], text, count=1))


def octets_changed(change, name="SignatureValue"):
    return value_changed(lambda text: base64.b64encode(change(base64.b64decode(text))).decode(), name=name)


def exclusion():
    bare, of_assertion = split(GENUINE_ASSERTION)
    yield refuse("unsigned", "unsigned noSignature", "no signature at all", response(assertion(ALICE)))
    yield refuse(
        "signature-removed", "unsigned noSignature", "a genuine response whose signature was cut out", response(bare)
    )
    yield refuse(
        "signature-empty",
        "malformed misplacedSignature noSignature severalSignedInfos unsigned",
        "an empty Signature element: presence is not validity",
        response(assertion(ALICE, signed=f'<ds:Signature xmlns:ds="{DS}"/>')),
    )
    yield refuse(
        "signature-without-signed-info",
        "malformed severalSignedInfos",
        "SignatureValue and nothing that it is of",
        response(re.sub(r"<ds:SignedInfo>.*?</ds:SignedInfo>", "", GENUINE_ASSERTION)),
    )
    yield refuse(
        "signature-without-value",
        "malformed unknownKey",
        "no SignatureValue",
        response(re.sub(r"<ds:SignatureValue>.*?</ds:SignatureValue>", "", GENUINE_ASSERTION)),
    )
    yield refuse(
        "signature-empty-value", "unknownKey malformed", "an empty SignatureValue", value_changed(lambda _: "")
    )
    yield refuse(
        "signature-in-other-namespace",
        "unsigned noSignature malformed misplacedSignature",
        "the Signature's namespace ends in a slash: no signature, for who compares names rightly",
        response(GENUINE_ASSERTION.replace(f'"{DS}"', f'"{DS}/"')),
    )
    yield refuse(
        "signature-before-issuer",
        "misplacedSignature malformed",
        "the Signature is a direct child of the assertion, yet before the Issuer, where the schema has no room",
        response(complete(assertion(BOB, head=signature("#_assertion")))),
    )
    yield refuse(
        "signature-last-in-assertion",
        "misplacedSignature malformed",
        "the same as last child",
        response(complete(assertion(BOB, tail=signature("#_assertion")))),
    )
    yield refuse(
        "signature-last-in-response",
        "misplacedSignature malformed",
        "the Response's signature after its assertion",
        complete(response(assertion(BOB), signature("#_response"))),
    )
    yield refuse(
        "signature-in-subject",
        "misplacedSignature unsigned noSignature malformed",
        "the assertion's signature inside its Subject",
        response(complete(assertion(BOB, name=signature("#_assertion") + "<saml:NameID>bob-7f3a</saml:NameID>"))),
    )
    yield refuse(
        "assertion-changed-after-signing",
        "digestValue unknownKey",
        "Alice in a genuine signature of Bob: everything but the person is as signed",
        response(GENUINE_ASSERTION.replace(BOB.email, ALICE.email)),
    )
    yield refuse(
        "response-changed-after-signing",
        "digestValue unknownKey",
        "the same where the Response is signed",
        GENUINE_RESPONSE.replace(BOB.email, ALICE.email),
    )
    yield refuse(
        "both-signed-response-broken",
        "digestValue unknownKey",
        "the assertion's signature is sound, the Response's is not: one of two is not enough",
        signed_response(signed_assertion(BOB)).replace('Destination="https', 'Consent="x" Destination="https'),
    )
    yield refuse(
        "both-signed-assertion-broken",
        "digestValue unknownKey",
        "the Response's signature is sound, the assertion's, inside it, is not",
        signed_response(GENUINE_ASSERTION.replace(BOB.email, ALICE.email)),
    )


def references():
    yield refuse("reference-to-nothing", NOT_COVERING, "the URI names no element", bob(uri="#_nothing"))
    yield refuse(
        "reference-empty-uri-in-assertion",
        NOT_COVERING,
        'URI="" is the whole document, and the signature stands in the assertion',
        complete(response(assertion(BOB, signed=signature("")))),
    )
    yield refuse(
        "reference-to-response-from-assertion",
        NOT_COVERING,
        "the assertion's signature is of the Response around it",
        complete(response(assertion(BOB, signed=signature("#_response")))),
    )
    yield refuse(
        "reference-to-assertion-from-response",
        NOT_COVERING,
        "the Response's signature is of its assertion only",
        complete(response(assertion(BOB), signed=signature("#_assertion"))),
    )
    yield refuse(
        "reference-without-uri",
        NOT_COVERING + " malformed",
        "no URI attribute: the application would know",
        bob(uri=None),
    )
    yield refuse("reference-bare-hash", NOT_COVERING, 'URI="#"', bob(uri="#"))
    yield refuse(
        "reference-xpointer-id",
        NOT_COVERING,
        "an XPointer that names the assertion",
        bob(uri="#xpointer(id('_assertion'))"),
    )
    yield refuse(
        "reference-xpointer-root", NOT_COVERING, "an XPointer that names the document", bob(uri="#xpointer(/)")
    )
    yield refuse(
        "reference-xpointer-expression",
        NOT_COVERING,
        "an XPointer with an expression to evaluate",
        bob(uri="#xpointer(//*[@ID='_assertion'])"),
    )
    yield refuse("reference-xpointer-element-scheme", NOT_COVERING, "the element() scheme", bob(uri="#element(/1/3)"))
    yield refuse(
        "reference-file",
        NOT_COVERING,
        "a file: its digest is in the signature",
        bob(uri="file:///etc/hostname", octets=b"x"),
    )
    yield refuse(
        "reference-path",
        NOT_COVERING,
        "a relative path, which a library may open",
        bob(uri="assertion.xml", octets=b"x"),
    )
    yield refuse(
        "reference-http", NOT_COVERING, "an address to fetch", bob(uri="http://127.0.0.1:9/assertion", octets=b"x")
    )
    yield refuse(
        "reference-http-with-fragment",
        NOT_COVERING,
        "an address whose fragment is the assertion's ID",
        bob(uri="http://127.0.0.1:9/#_assertion", octets=b"x"),
    )
    yield refuse(
        "reference-own-document-by-acs",
        NOT_COVERING,
        "our own address with the right fragment",
        bob(uri="https://ztna.example.com/saml/example/acs#_assertion"),
    )
    yield refuse("reference-percent-encoded", NOT_COVERING, "the ID, percent-encoded", bob(uri="#%5Fassertion"))
    yield refuse("reference-white-space", NOT_COVERING, "the ID with a blank before it", bob(uri="# _assertion"))
    yield refuse("reference-other-case", NOT_COVERING, "the ID in capitals", bob(uri="#_ASSERTION"))
    yield refuse("reference-none", "severalReferences malformed", "SignedInfo without Reference", bob(references=""))
    yield refuse(
        "reference-twice", "severalReferences", "the same Reference twice", bob(references=reference("#_assertion") * 2)
    )
    yield refuse(
        "reference-and-a-file",
        "severalReferences referenceURI",
        "a sound Reference, then one to a file",
        bob(references=reference("#_assertion") + reference("file:///etc/hostname", value="x")),
    )
    yield refuse(
        "reference-to-itself",
        NOT_COVERING + " emptyCanonicalization",
        "the Reference names the Signature that holds it: the digest covers no assertion",
        bob(uri="#_signature", attributes=' Id="_signature"', octets=b""),
    )
    yield refuse(
        "reference-to-key-info",
        NOT_COVERING,
        "the Reference names the KeyInfo",
        bob(uri="#_key-info", key_info='<ds:KeyName Id="_key-info">idp</ds:KeyName>'),
    )
    yield refuse(
        "reference-to-own-object",
        NOT_COVERING + " malformed",
        "the Reference names an Object of the Signature",
        bob(uri="#_object", objects='<ds:Object Id="_object">nothing</ds:Object>', transforms=(EXCLUSIVE,)),
    )
    yield refuse(
        "reference-to-own-subject",
        NOT_COVERING,
        "only the Subject is signed; the attributes are Alice's",
        response(
            complete(
                assertion(
                    ALICE,
                    signed=signature("#_subject"),
                    subject=assertion(BOB)
                    .split("</saml:Issuer>")[1]
                    .split("<saml:Conditions")[0]
                    .replace("<saml:Subject>", '<saml:Subject ID="_subject">'),
                )
            )
        ),
    )
    yield refuse(
        "reference-in-manifest",
        "severalReferences referenceURI misplacedSignature malformed",
        "the Reference is to a Manifest in an Object, whose own Reference nobody has to check",
        bob(
            references=reference("#_manifest", transforms=(EXCLUSIVE,)),
            objects=f'<ds:Object><ds:Manifest Id="_manifest">{reference("#_assertion", value="x")}</ds:Manifest></ds:Object>',
        ),
    )
    yield refuse(
        "reference-with-type-manifest",
        NOT_COVERING + " severalReferences transform malformed",
        "the Reference says Type=Manifest of what is none",
        bob(
            references=reference("#_nothing").replace("<ds:Reference", f'<ds:Reference Type="{DS}Manifest"'),
            octets=b"x",
        ),
    )
    yield refuse(
        "signed-infos-two-good-first",
        "severalSignedInfos malformed",
        "a second SignedInfo after the signed one",
        response(
            GENUINE_ASSERTION.replace(
                "</ds:SignedInfo>", f"</ds:SignedInfo><ds:SignedInfo>{reference('#_evil', value='x')}</ds:SignedInfo>"
            )
        ),
    )
    yield refuse(
        "signed-infos-two-good-last",
        "severalSignedInfos malformed unknownKey",
        "and before it",
        response(
            GENUINE_ASSERTION.replace(
                "<ds:SignedInfo>", f"<ds:SignedInfo>{reference('#_evil', value='x')}</ds:SignedInfo><ds:SignedInfo>", 1
            )
        ),
    )
    yield refuse(
        "signed-info-in-object",
        "severalSignedInfos misplacedSignature malformed unknownKey",
        "the signed SignedInfo is kept in an Object; another stands in its place",
        response(
            complete(
                assertion(
                    ALICE,
                    signed=signature(
                        "#_assertion",
                        value=re.search(r"<ds:SignatureValue>([^<]*)", GENUINE_ASSERTION)[1],
                        objects="<ds:Object>"
                        + re.search(r"<ds:SignedInfo>.*</ds:SignedInfo>", GENUINE_ASSERTION)[0]
                        + "</ds:Object>",
                    ),
                )
            )
        ),
    )
    yield refuse(
        "digest-values-two",
        "digestValue malformed severalReferences unknownKey",
        "two DigestValues in the Reference: the signed one and one of an evil assertion",
        response(
            GENUINE_ASSERTION.replace("</ds:DigestValue>", "</ds:DigestValue><ds:DigestValue>AAAA</ds:DigestValue>")
        ),
    )
    yield refuse(
        "digest-value-with-comment",
        "digestValue unknownKey malformed",
        "an evil digest, then the true one inside a comment: Alice's digest would be read by who drops comments (CVE-2025-29775)",
        response(
            GENUINE_ASSERTION.replace(BOB.email, ALICE.email).replace(
                "<ds:DigestValue>", "<ds:DigestValue><!--" + "A" * 43 + "=-->"
            )
        ),
    )


def transforms():
    good = (ENVELOPED, EXCLUSIVE)
    yield refuse(
        "transform-xslt",
        "transform",
        "XSLT: a program in the message",
        bob(
            transforms=(
                ENVELOPED,
                transform(
                    XSLT,
                    '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/">'
                    "<xsl:copy-of select=\"document('file:///etc/hostname')\"/></xsl:template></xsl:stylesheet>",
                ),
                EXCLUSIVE,
            )
        ),
    )
    yield refuse(
        "transform-xslt-endless",
        "transform",
        "XSLT that never ends",
        bob(
            transforms=(
                transform(
                    XSLT,
                    '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/" name="a">'
                    '<xsl:call-template name="a"/></xsl:template></xsl:stylesheet>',
                ),
            )
        ),
    )
    yield refuse(
        "transform-xpath-nothing",
        "transform emptyCanonicalization",
        "XPath that selects nothing: the digest is that of nothing",
        bob(transforms=(ENVELOPED, transform(XPATH, "<ds:XPath>false()</ds:XPath>"), EXCLUSIVE), octets=b""),
    )
    yield refuse(
        "transform-xpath-excludes-attributes",
        "transform",
        "XPath that leaves the attribute statement out of the digest",
        bob(
            transforms=(
                ENVELOPED,
                transform(
                    XPATH, f'<ds:XPath xmlns:saml="{SAML}">not(ancestor-or-self::saml:AttributeStatement)</ds:XPath>'
                ),
                EXCLUSIVE,
            )
        ),
    )
    yield refuse(
        "transform-xpath-costly",
        "transform",
        "XPath whose evaluation grows with the cube of the document",
        bob(
            transforms=(
                transform(XPATH, "<ds:XPath>count(//*[count(//*[count(//*) > 0]) > 0]) > 0</ds:XPath>"),
                EXCLUSIVE,
            )
        ),
    )
    yield refuse(
        "transform-xpath-filter2",
        "transform",
        "XPath Filter 2.0 that intersects with nothing",
        bob(
            transforms=(
                ENVELOPED,
                transform(XPATH_FILTER2, f'<f:XPath xmlns:f="{XPATH_FILTER2}" Filter="intersect">/nothing</f:XPath>'),
                EXCLUSIVE,
            ),
            octets=b"",
        ),
    )
    yield refuse(
        "transform-xpointer",
        "transform",
        "the XPointer transform of xmldsig-more",
        bob(transforms=(transform(XPOINTER, "xpointer(/)"), EXCLUSIVE)),
    )
    yield refuse(
        "transform-base64",
        "transform",
        "base64 decoding, which drops the markup",
        bob(transforms=(ENVELOPED, BASE64), octets=b"x"),
    )
    yield refuse(
        "transform-inclusive",
        "transform",
        "inclusive canonicalization, verified rightly, whose cost is quadratic and worse",
        whole(transforms=(ENVELOPED, INCLUSIVE)),
    )
    yield refuse(
        "transform-inclusive-comments",
        "transform",
        "inclusive, with comments",
        whole(transforms=(ENVELOPED, INCLUSIVE_COMMENTS)),
    )
    yield refuse(
        "transform-inclusive-11", "transform", "inclusive, version 1.1", whole(transforms=(ENVELOPED, INCLUSIVE_11))
    )
    yield refuse(
        "transform-exclusive-comments",
        "transform",
        "exclusive with comments: it is not on the list",
        bob(transforms=(ENVELOPED, EXCLUSIVE_COMMENTS)),
    )
    yield refuse(
        "transform-unknown",
        "transform",
        "a transform of nobody's",
        bob(transforms=(ENVELOPED, "urn:example:transform", EXCLUSIVE)),
    )
    yield refuse(
        "transform-none",
        "transform digestValue",
        "no Transforms: the signature would be inside what it signs",
        bob(transforms=()),
    )
    yield refuse(
        "transform-only-exclusive",
        "transform digestValue",
        "no enveloped-signature transform",
        bob(transforms=(EXCLUSIVE,), octets=b"x"),
    )
    yield refuse(
        "transform-only-enveloped",
        "transform",
        "no canonicalization: inclusive would be implied",
        whole(transforms=(ENVELOPED,)),
    )
    yield refuse(
        "transform-order-reversed",
        "transform",
        "canonicalization before enveloped-signature",
        bob(transforms=(EXCLUSIVE, ENVELOPED)),
    )
    yield refuse(
        "transform-enveloped-twice",
        "transform",
        "enveloped-signature twice",
        bob(transforms=(ENVELOPED, ENVELOPED, EXCLUSIVE)),
    )
    yield refuse(
        "transform-exclusive-twice",
        "transform",
        "canonicalization twice",
        bob(transforms=(ENVELOPED, EXCLUSIVE, EXCLUSIVE)),
    )
    yield refuse(
        "transform-fifty",
        "transform",
        "fifty canonicalizations, each of them work",
        bob(transforms=good + (EXCLUSIVE,) * 49),
    )
    yield refuse(
        "transform-without-algorithm",
        "transform malformed",
        "a Transform without Algorithm",
        bob(transforms=(ENVELOPED, "<ds:Transform/>", EXCLUSIVE)),
    )
    yield either(
        "transform-child-in-enveloped",
        BOB,
        "transform malformed",
        "an XPath element inside the enveloped-signature transform",
        bob(transforms=(transform(ENVELOPED, "<ds:XPath>false()</ds:XPath>"), EXCLUSIVE)),
    )
    yield refuse(
        "transforms-two-lists",
        "transform malformed digestValue unknownKey",
        "two Transforms elements: a harmless one, then XPath",
        bob(
            references=reference("#_assertion").replace(
                "</ds:Transforms>",
                f"</ds:Transforms><ds:Transforms>{transform(XPATH, '<ds:XPath>false()</ds:XPath>')}</ds:Transforms>",
            )
        ),
    )
    prefixes = lambda text: transform(
        EXCLUSIVE, f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="{text}"/>'
    )
    yield either(
        "prefix-list-huge",
        BOB,
        "transform digestValue tooLarge canonicalizationMethod",
        "a PrefixList of two thousand names",
        bob(transforms=(ENVELOPED, prefixes(" ".join(f"p{n}" for n in range(2000))))),
    )
    yield refuse(
        "prefix-list-twice",
        "transform malformed digestValue emptyCanonicalization unknownKey",
        "two InclusiveNamespaces in one transform",
        bob(
            transforms=(
                ENVELOPED,
                transform(EXCLUSIVE, f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="saml"/>' * 2),
            )
        ),
    )
    yield refuse(
        "prefix-list-hides-change",
        "digestValue unknownKey transform",
        "a prefix of the PrefixList is bound anew around the assertion after signing",
        response(
            signed_assertion(
                BOB,
                transforms=(ENVELOPED, prefixes("xs")),
                more_attributes=' xmlns:xs="http://www.w3.org/2001/XMLSchema"',
            ).replace("http://www.w3.org/2001/XMLSchema", "urn:example:other")
        ),
    )
    yield refuse(
        "void-c14n-relative-namespace",
        "emptyCanonicalization digestValue malformed misplacedSignature",
        "a relative namespace URI makes libxml2's canonicalization fail; a careless library then digests nothing, and the "
        "digest here is that of nothing (void canonicalization, 2025)",
        response(signed_assertion(ALICE, more_attributes=' xmlns:r="relative/uri" r:x="1"', octets=b"")),
    )
    yield refuse(
        "void-c14n-relative-namespace-on-response",
        "emptyCanonicalization digestValue malformed",
        "the same for a signed Response",
        signed_response(assertion(ALICE), more_attributes=' xmlns:r="./1" r:x="1"', octets=b""),
    )
    yield refuse(
        "void-c14n-in-signed-info",
        "emptyCanonicalization unknownKey malformed canonicalizationMethod",
        "the same inside SignedInfo: the signature value is that of nothing",
        response(
            complete(
                assertion(
                    ALICE,
                    signed=signature(
                        "#_assertion",
                        c14n_inside='<r:x xmlns:r="1"/>',
                        value=base64.b64encode(fixed("nothing", 256)).decode(),
                    ),
                )
            )
        ),
    )
    yield refuse(
        "void-digest-of-nothing",
        "digestValue emptyCanonicalization",
        "the digest of no octets, over a sound assertion",
        response(signed_assertion(ALICE, octets=b"")),
    )
    yield refuse(
        "c14n-method-inclusive",
        "canonicalizationMethod",
        "SignedInfo by inclusive canonicalization",
        whole(c14n=INCLUSIVE),
    )
    yield refuse("c14n-method-inclusive-11", "canonicalizationMethod", "version 1.1", whole(c14n=INCLUSIVE_11))
    yield refuse(
        "c14n-method-exclusive-comments",
        "canonicalizationMethod",
        "exclusive, with comments",
        bob(c14n=EXCLUSIVE_COMMENTS),
    )
    yield refuse("c14n-method-xslt", "canonicalizationMethod", "a transform as canonicalization", bob(c14n=XSLT))
    yield refuse("c14n-method-unknown", "canonicalizationMethod", "one of nobody's", bob(c14n="urn:example:c14n"))
    yield refuse("c14n-method-empty", "canonicalizationMethod malformed", "an empty Algorithm", bob(c14n=""))


def keys_and_algorithms():
    yield refuse("key-attacker", "unknownKey", "signed by the attacker's key", bob(key="attacker"))
    yield refuse(
        "key-attacker-in-key-info",
        "unknownKey",
        "and his certificate is in KeyInfo",
        bob(key="attacker", key_info=x509_data("attacker")),
    )
    yield refuse(
        "key-attacker-response",
        "unknownKey",
        "the same for a signed Response",
        whole(key="attacker", key_info=x509_data("attacker")),
    )
    yield refuse(
        "key-attacker-first-provider-second",
        "unknownKey",
        "his certificate first, the provider's second",
        bob(key="attacker", key_info=x509_data("attacker") + x509_data("idp")),
    )
    yield refuse(
        "key-provider-first-attacker-second",
        "unknownKey",
        "in one X509Data, the provider's first",
        bob(
            key="attacker",
            key_info=f"<ds:X509Data><ds:X509Certificate>{certificate('idp')}</ds:X509Certificate>"
            f"<ds:X509Certificate>{certificate('attacker')}</ds:X509Certificate></ds:X509Data>",
        ),
    )
    yield refuse(
        "key-attacker-claims-provider",
        "unknownKey",
        "signed by the attacker, KeyInfo has the provider's certificate",
        bob(key="attacker", key_info=x509_data("idp")),
    )
    yield refuse(
        "key-value",
        "unknownKey malformed",
        "the attacker's key as a bare RSAKeyValue",
        bob(
            key="attacker",
            key_info="<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB"
            "</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
        ),
    )
    yield refuse(
        "key-by-name-from-file",
        "unknownKey",
        "KeyName is a path",
        bob(key="attacker", key_info="<ds:KeyName>/etc/hostname</ds:KeyName>"),
    )
    yield refuse(
        "key-retrieval-method",
        "unknownKey malformed",
        "KeyInfo sends the verifier to fetch the attacker's certificate",
        bob(
            key="attacker",
            key_info=f'<ds:RetrievalMethod Type="{DS}rawX509Certificate" URI="http://127.0.0.1:9/attacker.der"/>',
        ),
    )
    yield refuse(
        "key-retrieval-method-file",
        "unknownKey malformed",
        "or to open a file",
        bob(key="attacker", key_info=f'<ds:RetrievalMethod Type="{DS}rawX509Certificate" URI="file:///etc/hostname"/>'),
    )
    yield refuse(
        "key-retrieval-method-loop",
        "unknownKey malformed",
        "or to follow a RetrievalMethod to itself",
        bob(key="attacker", key_info='<ds:RetrievalMethod URI="#_loop" Id="_loop"/>'),
    )
    yield refuse(
        "key-info-huge-certificate",
        "unknownKey malformed tooLarge",
        "4 KB of rubbish as certificate",
        bob(
            key="attacker",
            key_info=f"<ds:X509Data><ds:X509Certificate>{base64.b64encode(fixed('rubbish', 3000)).decode()}"
            "</ds:X509Certificate></ds:X509Data>",
        ),
    )
    marked = bob(key="attacker", key_info="<ds:X509Data>@HERE@</ds:X509Data>")
    yield refuse(
        "key-info-many-certificates",
        "unknownKey malformed tooLarge tooManyElements",
        "a hundred of the attacker's certificates",
        around("@HERE@", marked, f"<ds:X509Certificate>{certificate('attacker')}</ds:X509Certificate>", 100),
    )
    yield refuse(
        "key-of-another-provider",
        "unknownKey",
        "signed by the key of another provider of ours",
        bob(key="other-idp", key_info=x509_data("other-idp")),
    )
    yield refuse(
        "key-next-not-pinned", "unknownKey", "signed by the provider's next key before we know it", bob(key="idp-next")
    )
    yield refuse(
        "key-rsa-1024",
        "weakKey unknownKey",
        "a pinned key of 1024 bits",
        bob(key="idp-rsa1024"),
        pinned=["idp-rsa1024"],
    )
    public = (KEYS / "idp.crt").read_bytes()
    for method, name in ((HMAC_SHA1, "sha1"), (HMAC_SHA256, "sha256")):
        yield refuse(
            f"hmac-{name}-certificate-as-secret",
            ALGORITHM,
            f"HMAC-{name.upper()} with the provider's public certificate as secret",
            bob(method=method, key=public),
        )
    yield refuse(
        "hmac-truncated-to-nothing",
        ALGORITHM,
        "HMAC whose HMACOutputLength is 0: every value verifies (CVE-2009-0217)",
        bob(method=HMAC_SHA1, method_inside="<ds:HMACOutputLength>0</ds:HMACOutputLength>", value=""),
    )
    yield refuse("hmac-empty-secret", ALGORITHM, "HMAC-SHA256 with an empty secret", bob(method=HMAC_SHA256, key=b""))
    yield refuse(
        "dsa-sha1",
        ALGORITHM,
        "DSA, truly signed, the key pinned",
        bob(method=DSA_SHA1, key="idp-dsa"),
        pinned=["idp", "idp-dsa"],
    )
    yield refuse(
        "dsa-sha256", ALGORITHM, "DSA with SHA-256", bob(method=DSA_SHA256, key="idp-dsa"), pinned=["idp", "idp-dsa"]
    )
    yield refuse("rsa-sha1", "sha1 signatureMethod", "RSA-SHA1, truly signed", bob(method=RSA_SHA1))
    yield refuse("rsa-sha1-response", "sha1 signatureMethod", "the same for a signed Response", whole(method=RSA_SHA1))
    yield refuse("sha1-digest", "sha1 digestMethod", "RSA-SHA256 over a SHA-1 digest", bob(digest=SHA1))
    yield refuse(
        "ecdsa-sha1",
        "sha1 signatureMethod",
        "ECDSA with SHA-1",
        bob(method=ECDSA_SHA1, key="idp-p256"),
        pinned=["idp-p256"],
    )
    yield refuse(
        "rsa-sha1-allowed-yet-changed",
        "signatureMethod sha1 digestValue",
        "the setting allows RSA-SHA1, not an altered document",
        response(signed_assertion(BOB, method=RSA_SHA1, digest=SHA1).replace(BOB.email, ALICE.email)),
        allow_sha1=True,
    )
    yield refuse("rsa-md5", ALGORITHM, "RSA-MD5, truly signed", bob(method=RSA_MD5), allow_sha1=True)
    yield refuse("md5-digest", "digestMethod", "RSA-SHA256 over an MD5 digest", bob(digest=MD5), allow_sha1=True)
    yield refuse("rsa-ripemd160", ALGORITHM, "RSA-RIPEMD160", bob(method=MORE + "rsa-ripemd160"))
    yield refuse("digest-unknown", "digestMethod", "a digest of nobody's", bob(digest="urn:example:digest"))
    yield refuse("method-none", ALGORITHM, "alg=none, in XML", bob(method="none", value=""))
    yield refuse("method-empty", ALGORITHM + " malformed", "an empty Algorithm", bob(method=""))
    yield refuse(
        "method-rsa-for-ec-key",
        "unknownKey signatureMethod",
        "RSA-SHA256 is claimed, the only pinned key is on P-256",
        bob(),
        pinned=["idp-p256"],
    )
    yield refuse(
        "method-ecdsa-for-rsa-key",
        "unknownKey signatureMethod",
        "ECDSA-SHA256 is claimed, the only pinned key is RSA",
        bob(method=ECDSA_SHA256, key="idp-p256"),
    )
    yield refuse(
        "method-other-hash-than-signed",
        "unknownKey",
        "signed with SHA-256, claimed to be SHA-512",
        response(GENUINE_ASSERTION.replace(RSA_SHA256, MORE + "rsa-sha512")),
    )
    yield refuse(
        "method-trailing-space",
        ALGORITHM + " unknownKey",
        "a listed algorithm with a blank after it",
        bob(method=RSA_SHA256 + " "),
    )


def values():
    yield refuse(
        "value-truncated",
        "unknownKey malformed",
        "SignatureValue lacks its last octet",
        octets_changed(lambda octets: octets[:-1]),
    )
    yield refuse(
        "value-extended",
        "unknownKey malformed",
        "SignatureValue has an octet more",
        octets_changed(lambda octets: octets + b"\0"),
    )
    yield refuse(
        "value-leading-zero",
        "unknownKey malformed",
        "a zero before it: the same number, another length",
        octets_changed(lambda octets: b"\0" + octets),
    )
    yield refuse(
        "value-one-bit",
        "unknownKey",
        "one bit is other",
        octets_changed(lambda octets: bytes([octets[0] ^ 1]) + octets[1:]),
    )
    yield refuse("value-zero", "unknownKey", "all zeros", octets_changed(lambda octets: bytes(256)))
    yield refuse(
        "value-all-ones", "unknownKey", "larger than the modulus", octets_changed(lambda octets: b"\xff" * 256)
    )
    yield refuse(
        "value-huge",
        "unknownKey malformed",
        "2 KB of value for a key of 256 octets",
        octets_changed(lambda octets: octets * 8),
    )
    yield refuse(
        "value-not-base64",
        "unknownKey malformed",
        "characters that base64 lacks",
        value_changed(lambda text: "!!!!" + text),
    )
    yield refuse(
        "value-base64url",
        "unknownKey malformed",
        "the URL alphabet",
        value_changed(lambda text: text.replace("+", "-").replace("/", "_")),
    )
    yield refuse(
        "value-inside-element",
        "unknownKey malformed",
        "the value is in an element inside SignatureValue",
        value_changed(lambda text: f"<ds:x>{text}</ds:x>"),
    )
    yield refuse(
        "value-twice",
        "malformed unknownKey",
        "two SignatureValue elements: rubbish, then the true one",
        response(
            GENUINE_ASSERTION.replace(
                "<ds:SignatureValue>", "<ds:SignatureValue>AAAA</ds:SignatureValue><ds:SignatureValue>"
            )
        ),
    )
    yield refuse(
        "digest-truncated",
        "digestValue unknownKey",
        "DigestValue is the first 16 octets of the true one, and signed",
        bob(references=reference("#_assertion", value=_digest_of_bob()[:20] + "==")),
    )
    yield refuse(
        "digest-empty",
        "digestValue malformed",
        "an empty DigestValue, signed",
        bob(references=reference("#_assertion", value="")),
    )
    yield refuse("digest-one-octet", "digestValue", "one octet", bob(references=reference("#_assertion", value="AA==")))
    yield refuse(
        "digest-of-other-length",
        "digestValue",
        "SHA-256 is claimed, 64 octets are there",
        bob(references=reference("#_assertion", value=base64.b64encode(fixed("long", 64)).decode())),
    )
    yield refuse(
        "ecdsa-der",
        "unknownKey malformed",
        "an ECDSA value in DER, not r and s side by side",
        _ecdsa(lambda octets: bytes.fromhex("30440220") + octets[:32] + bytes.fromhex("0220") + octets[32:]),
        pinned=["idp-p256"],
    )
    yield refuse(
        "ecdsa-odd-length",
        "unknownKey malformed",
        "an odd number of octets",
        _ecdsa(lambda octets: octets[:-1]),
        pinned=["idp-p256"],
    )
    yield refuse("ecdsa-empty", "unknownKey malformed", "no octets", _ecdsa(lambda octets: b""), pinned=["idp-p256"])
    yield refuse(
        "ecdsa-zero",
        "unknownKey",
        "r and s are zero: the “psychic signature” (CVE-2022-21449)",
        _ecdsa(lambda octets: bytes(64)),
        pinned=["idp-p256"],
    )
    yield refuse(
        "ecdsa-padded",
        "unknownKey malformed",
        "r and s of 48 octets for a curve of 32",
        _ecdsa(lambda octets: bytes(16) + octets[:32] + bytes(16) + octets[32:]),
        pinned=["idp-p256"],
    )
    yield refuse(
        "ecdsa-wrong-curve",
        "unknownKey",
        "signed on P-384, the pinned key is on P-256",
        bob(method=ECDSA_SHA256, key="idp-p384"),
        pinned=["idp-p256"],
    )


def _digest_of_bob():
    return re.search(r"<ds:DigestValue>([^<]*)", GENUINE_ASSERTION)[1]


def _ecdsa(change):
    text = signed_assertion(BOB, method=ECDSA_SHA256, key="idp-p256")
    return value_changed(lambda value: base64.b64encode(change(base64.b64decode(value))).decode(), text)


def cases():
    yield from exclusion()
    yield from references()
    yield from transforms()
    yield from keys_and_algorithms()
    yield from values()
