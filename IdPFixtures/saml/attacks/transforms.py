"""Attacks on what is done to the octets before they are digested: transforms and canonicalization."""

import base64

from catalogue import either, refuse
from documents import ALICE, BOB, SAML, assertion, response, signed_assertion, signed_response
from genuine import bob, whole
from seals import (
    DS,
    ENVELOPED,
    EXCLUSIVE,
    EXCLUSIVE_COMMENTS,
    INCLUSIVE,
    INCLUSIVE_11,
    INCLUSIVE_COMMENTS,
    complete,
    fixed,
    reference,
    signature,
    transform,
)

XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
XPATH_FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"
XPOINTER = "http://www.w3.org/2001/04/xmldsig-more/xptr"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
BASE64 = DS + "base64"


def transforms():
    good = (ENVELOPED, EXCLUSIVE)
    yield refuse("transform-xslt", "transform", "XSLT: a program in the message",
        bob(transforms=(ENVELOPED, transform(XSLT,
            '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/">'
            "<xsl:copy-of select=\"document('file:///etc/hostname')\"/></xsl:template></xsl:stylesheet>"), EXCLUSIVE)))
    yield refuse("transform-xslt-endless", "transform", "XSLT that never ends",
        bob(transforms=(transform(XSLT,
            '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">'
            '<xsl:template match="/" name="a"><xsl:call-template name="a"/></xsl:template></xsl:stylesheet>'),)))
    yield refuse("transform-xpath-nothing", "transform emptyCanonicalization",
        "XPath that selects nothing: the digest is that of nothing",
        bob(transforms=(ENVELOPED, transform(XPATH, "<ds:XPath>false()</ds:XPath>"), EXCLUSIVE), octets=b""))
    yield refuse("transform-xpath-excludes-attributes", "transform",
        "XPath that leaves the attribute statement out of the digest",
        bob(transforms=(ENVELOPED, transform(XPATH,
            f'<ds:XPath xmlns:saml="{SAML}">not(ancestor-or-self::saml:AttributeStatement)</ds:XPath>'), EXCLUSIVE)))
    yield refuse("transform-xpath-costly", "transform", "XPath whose evaluation grows with the cube of the document",
        bob(transforms=(transform(XPATH, "<ds:XPath>count(//*[count(//*[count(//*) > 0]) > 0]) > 0</ds:XPath>"),
            EXCLUSIVE)))
    yield refuse("transform-xpath-filter2", "transform", "XPath Filter 2.0 that intersects with nothing",
        bob(transforms=(ENVELOPED, transform(XPATH_FILTER2,
            f'<f:XPath xmlns:f="{XPATH_FILTER2}" Filter="intersect">/nothing</f:XPath>'), EXCLUSIVE), octets=b""))
    yield refuse("transform-xpointer", "transform", "the XPointer transform of xmldsig-more",
        bob(transforms=(transform(XPOINTER, "xpointer(/)"), EXCLUSIVE)))
    yield refuse("transform-base64", "transform", "base64 decoding, which drops the markup",
        bob(transforms=(ENVELOPED, BASE64), octets=b"x"))
    yield refuse("transform-inclusive", "transform",
        "inclusive canonicalization, verified rightly, whose cost is quadratic and worse",
        whole(transforms=(ENVELOPED, INCLUSIVE)))
    yield refuse("transform-inclusive-comments", "transform", "inclusive, with comments",
        whole(transforms=(ENVELOPED, INCLUSIVE_COMMENTS)))
    yield refuse("transform-inclusive-11", "transform", "inclusive, version 1.1",
        whole(transforms=(ENVELOPED, INCLUSIVE_11)))
    yield refuse("transform-exclusive-comments", "transform", "exclusive with comments: it is not on the list",
        bob(transforms=(ENVELOPED, EXCLUSIVE_COMMENTS)))
    yield refuse("transform-unknown", "transform", "a transform of nobody's",
        bob(transforms=(ENVELOPED, "urn:example:transform", EXCLUSIVE)))
    yield refuse("transform-none", "transform digestValue",
        "no Transforms: the signature would be inside what it signs", bob(transforms=()))
    yield refuse("transform-only-exclusive", "transform digestValue", "no enveloped-signature transform",
        bob(transforms=(EXCLUSIVE,), octets=b"x"))
    yield refuse("transform-only-enveloped", "transform", "no canonicalization: inclusive would be implied",
        whole(transforms=(ENVELOPED,)))
    yield refuse("transform-order-reversed", "transform", "canonicalization before enveloped-signature",
        bob(transforms=(EXCLUSIVE, ENVELOPED)))
    yield refuse("transform-enveloped-twice", "transform", "enveloped-signature twice",
        bob(transforms=(ENVELOPED, ENVELOPED, EXCLUSIVE)))
    yield refuse("transform-exclusive-twice", "transform", "canonicalization twice",
        bob(transforms=(ENVELOPED, EXCLUSIVE, EXCLUSIVE)))
    yield refuse("transform-fifty", "transform", "fifty canonicalizations, each of them work",
        bob(transforms=good + (EXCLUSIVE,) * 49))
    yield refuse("transform-without-algorithm", "transform signatureShape malformed", "a Transform without Algorithm",
        bob(transforms=(ENVELOPED, "<ds:Transform/>", EXCLUSIVE)))
    yield either("transform-child-in-enveloped", BOB, "transform signatureShape malformed",
        "an XPath element inside the enveloped-signature transform",
        bob(transforms=(transform(ENVELOPED, "<ds:XPath>false()</ds:XPath>"), EXCLUSIVE)))
    yield refuse("transforms-two-lists", "transform signatureShape malformed digestValue unknownKey",
        "two Transforms elements: a harmless one, then XPath",
        bob(references=reference("#_assertion").replace("</ds:Transforms>",
            f"</ds:Transforms><ds:Transforms>{transform(XPATH, '<ds:XPath>false()</ds:XPath>')}</ds:Transforms>")))
    prefixes = lambda text: transform(
        EXCLUSIVE, f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="{text}"/>'
    )
    yield either("prefix-list-huge", BOB, "transform digestValue tooLarge canonicalizationMethod",
        "a PrefixList of two thousand names",
        bob(transforms=(ENVELOPED, prefixes(" ".join(f"p{n}" for n in range(2000))))))
    yield refuse("prefix-list-twice", "transform signatureShape malformed digestValue emptyCanonicalization unknownKey",
        "two InclusiveNamespaces in one transform",
        bob(transforms=(ENVELOPED, transform(EXCLUSIVE,
            f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="saml"/>' * 2))))
    yield refuse("prefix-list-hides-change", "digestValue unknownKey transform",
        "a prefix of the PrefixList is bound anew around the assertion after signing",
        response(signed_assertion(BOB, transforms=(ENVELOPED, prefixes("xs")),
            more_attributes=' xmlns:xs="http://www.w3.org/2001/XMLSchema"').replace("http://www.w3.org/2001/XMLSchema",
            "urn:example:other")))


def canonicalization():
    yield refuse("void-c14n-relative-namespace",
        "emptyCanonicalization digestValue signatureShape malformed misplacedSignature",
        "a relative namespace URI makes libxml2's canonicalization fail; a careless library digests nothing, and the "
        "digest here is that of nothing (void canonicalization, 2025)",
        response(signed_assertion(ALICE, more_attributes=' xmlns:r="relative/uri" r:x="1"', octets=b"")))
    yield refuse("void-c14n-relative-namespace-on-response",
        "emptyCanonicalization digestValue signatureShape malformed", "the same for a signed Response",
        signed_response(assertion(ALICE), more_attributes=' xmlns:r="./1" r:x="1"', octets=b""))
    yield refuse("void-c14n-in-signed-info",
        "emptyCanonicalization unknownKey signatureShape malformed canonicalizationMethod transform",
        "the same inside SignedInfo: the signature value is that of nothing",
        response(complete(assertion(ALICE, signed=signature("#_assertion", c14n_inside='<r:x xmlns:r="1"/>',
            value=base64.b64encode(fixed("nothing", 256)).decode())))))
    yield refuse("void-digest-of-nothing", "digestValue emptyCanonicalization",
        "the digest of no octets, over a sound assertion", response(signed_assertion(ALICE, octets=b"")))
    yield refuse("c14n-method-inclusive", "canonicalizationMethod", "SignedInfo by inclusive canonicalization",
        whole(c14n=INCLUSIVE))
    yield refuse("c14n-method-inclusive-11", "canonicalizationMethod", "version 1.1", whole(c14n=INCLUSIVE_11))
    yield refuse("c14n-method-exclusive-comments", "canonicalizationMethod", "exclusive, with comments",
        bob(c14n=EXCLUSIVE_COMMENTS))
    yield refuse("c14n-method-xslt", "canonicalizationMethod", "a transform as canonicalization", bob(c14n=XSLT))
    yield refuse("c14n-method-unknown", "canonicalizationMethod", "one of nobody's", bob(c14n="urn:example:c14n"))
    yield refuse("c14n-method-empty", "canonicalizationMethod signatureShape malformed", "an empty Algorithm",
        bob(c14n=""))


def cases():
    yield from transforms()
    yield from canonicalization()
