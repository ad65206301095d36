"""Attacks on the signature itself: left out, put elsewhere, or of something else than it seems."""

import re

from catalogue import refuse
from documents import ALICE, BOB, assertion, response, signed_assertion, signed_response
from genuine import GENUINE_ASSERTION, GENUINE_RESPONSE, bob, split
from seals import (
    DS,
    EXCLUSIVE,
    complete,
    reference,
    signature,
)

NOT_COVERING = "referenceURI digestValue unsigned misplacedSignature"


def exclusion():
    bare, of_assertion = split(GENUINE_ASSERTION)
    yield refuse("unsigned", "unsigned noSignature", "no signature at all", response(assertion(ALICE)))
    yield refuse("signature-removed", "unsigned noSignature", "a genuine response whose signature was cut out",
        response(bare))
    yield refuse("signature-empty",
        "signatureShape malformed misplacedSignature noSignature severalSignedInfos unsigned",
        "an empty Signature element: presence is not validity",
        response(assertion(ALICE, signed=f'<ds:Signature xmlns:ds="{DS}"/>')))
    yield refuse("signature-without-signed-info", "signatureShape malformed severalSignedInfos",
        "SignatureValue and nothing that it is of",
        response(re.sub(r"<ds:SignedInfo>.*?</ds:SignedInfo>", "", GENUINE_ASSERTION)))
    yield refuse("signature-without-value", "signatureShape malformed unknownKey", "no SignatureValue",
        response(re.sub(r"<ds:SignatureValue>.*?</ds:SignatureValue>", "", GENUINE_ASSERTION)))
    yield refuse("signature-in-other-namespace", "unsigned noSignature signatureShape malformed misplacedSignature",
        "the Signature's namespace ends in a slash: no signature, for who compares names rightly",
        response(GENUINE_ASSERTION.replace(f'"{DS}"', f'"{DS}/"')))
    yield refuse("signature-before-issuer", "misplacedSignature signatureShape malformed",
        "the Signature is a direct child of the assertion, yet before the Issuer",
        response(complete(assertion(BOB, head=signature("#_assertion")))))
    yield refuse("signature-last-in-assertion", "misplacedSignature signatureShape malformed", "the same as last child",
        response(complete(assertion(BOB, tail=signature("#_assertion")))))
    yield refuse("signature-last-in-response", "misplacedSignature signatureShape malformed",
        "the Response's signature after its assertion", complete(response(assertion(BOB), signature("#_response"))))
    yield refuse("signature-in-subject", "misplacedSignature unsigned noSignature signatureShape malformed",
        "the assertion's signature inside its Subject",
        response(complete(assertion(BOB, name=signature("#_assertion") + "<saml:NameID>bob-7f3a</saml:NameID>"))))
    yield refuse("assertion-changed-after-signing", "digestValue unknownKey",
        "Alice in a genuine signature of Bob: everything but the person is as signed",
        response(GENUINE_ASSERTION.replace(BOB.email, ALICE.email)))
    yield refuse("response-changed-after-signing", "digestValue unknownKey", "the same where the Response is signed",
        GENUINE_RESPONSE.replace(BOB.email, ALICE.email))
    yield refuse("both-signed-response-broken", "digestValue unknownKey",
        "the assertion's signature is sound, the Response's is not: one of two is not enough",
        signed_response(signed_assertion(BOB)).replace('Destination="https', 'Consent="x" Destination="https'))
    yield refuse("both-signed-assertion-broken", "digestValue unknownKey",
        "the Response's signature is sound, the assertion's, inside it, is not",
        signed_response(GENUINE_ASSERTION.replace(BOB.email, ALICE.email)))


def references():
    yield refuse("reference-to-nothing", NOT_COVERING, "the URI names no element", bob(uri="#_nothing"))
    yield refuse("reference-empty-uri-in-assertion", NOT_COVERING,
        'URI="" is the whole document, and the signature stands in the assertion',
        complete(response(assertion(BOB, signed=signature("")))))
    yield refuse("reference-to-response-from-assertion", NOT_COVERING,
        "the assertion's signature is of the Response around it",
        complete(response(assertion(BOB, signed=signature("#_response")))))
    yield refuse("reference-to-assertion-from-response", NOT_COVERING,
        "the Response's signature is of its assertion only",
        complete(response(assertion(BOB), signed=signature("#_assertion"))))
    yield refuse("reference-without-uri", NOT_COVERING + " signatureShape malformed",
        "no URI attribute: the application would know", bob(uri=None))
    yield refuse("reference-bare-hash", NOT_COVERING, 'URI="#"', bob(uri="#"))
    yield refuse("reference-xpointer-id", NOT_COVERING, "an XPointer that names the assertion",
        bob(uri="#xpointer(id('_assertion'))"))
    yield refuse("reference-xpointer-root", NOT_COVERING, "an XPointer that names the document",
        bob(uri="#xpointer(/)"))
    yield refuse("reference-xpointer-expression", NOT_COVERING, "an XPointer with an expression to evaluate",
        bob(uri="#xpointer(//*[@ID='_assertion'])"))
    yield refuse("reference-xpointer-element-scheme", NOT_COVERING, "the element() scheme", bob(uri="#element(/1/3)"))
    yield refuse("reference-file", NOT_COVERING, "a file: its digest is in the signature",
        bob(uri="file:///etc/hostname", octets=b"x"))
    yield refuse("reference-path", NOT_COVERING, "a relative path, which a library may open",
        bob(uri="assertion.xml", octets=b"x"))
    yield refuse("reference-http", NOT_COVERING, "an address to fetch",
        bob(uri="http://127.0.0.1:9/assertion", octets=b"x"))
    yield refuse("reference-http-with-fragment", NOT_COVERING, "an address whose fragment is the assertion's ID",
        bob(uri="http://127.0.0.1:9/#_assertion", octets=b"x"))
    yield refuse("reference-own-document-by-acs", NOT_COVERING, "our own address with the right fragment",
        bob(uri="https://ztna.example.com/saml/example/acs#_assertion"))
    yield refuse("reference-percent-encoded", NOT_COVERING, "the ID, percent-encoded", bob(uri="#%5Fassertion"))
    yield refuse("reference-white-space", NOT_COVERING, "the ID with a blank before it", bob(uri="# _assertion"))
    yield refuse("reference-other-case", NOT_COVERING, "the ID in capitals", bob(uri="#_ASSERTION"))
    yield refuse("reference-none", "severalReferences signatureShape malformed", "SignedInfo without Reference",
        bob(references=""))
    yield refuse("reference-twice", "severalReferences", "the same Reference twice",
        bob(references=reference("#_assertion") * 2))
    yield refuse("reference-and-a-file", "severalReferences referenceURI", "a sound Reference, then one to a file",
        bob(references=reference("#_assertion") + reference("file:///etc/hostname", value="x")))
    yield refuse("reference-to-itself", NOT_COVERING + " emptyCanonicalization",
        "the Reference names the Signature that holds it: the digest covers no assertion",
        bob(uri="#_signature", attributes=' Id="_signature"', octets=b""))
    yield refuse("reference-to-key-info", NOT_COVERING, "the Reference names the KeyInfo",
        bob(uri="#_key-info", key_info='<ds:KeyName Id="_key-info">idp</ds:KeyName>'))
    yield refuse("reference-to-own-object", NOT_COVERING + " signatureShape malformed",
        "the Reference names an Object of the Signature",
        bob(uri="#_object", objects='<ds:Object Id="_object">nothing</ds:Object>', transforms=(EXCLUSIVE,)))
    yield refuse("reference-to-own-subject", NOT_COVERING, "only the Subject is signed; the attributes are Alice's",
        response(complete(assertion(ALICE, signed=signature("#_subject"),
            subject=assertion(BOB).split("</saml:Issuer>")[1].split("<saml:Conditions")[0].replace("<saml:Subject>",
            '<saml:Subject ID="_subject">')))))
    yield refuse("reference-in-manifest", "severalReferences referenceURI misplacedSignature signatureShape malformed",
        "the Reference is to a Manifest in an Object, whose own Reference nobody has to check",
        bob(references=reference("#_manifest", transforms=(EXCLUSIVE,)),
            objects='<ds:Object><ds:Manifest Id="_manifest">' + reference("#_assertion", value="x")
            + "</ds:Manifest></ds:Object>"))
    yield refuse("reference-with-type-manifest", NOT_COVERING + " severalReferences transform signatureShape malformed",
        "the Reference says Type=Manifest of what is none",
        bob(references=reference("#_nothing").replace("<ds:Reference", f'<ds:Reference Type="{DS}Manifest"'),
            octets=b"x"))
    yield refuse("signed-infos-two-good-first", "severalSignedInfos signatureShape malformed",
        "a second SignedInfo after the signed one",
        response(GENUINE_ASSERTION.replace("</ds:SignedInfo>",
            f"</ds:SignedInfo><ds:SignedInfo>{reference('#_evil', value='x')}</ds:SignedInfo>")))
    yield refuse("signed-infos-two-good-last", "severalSignedInfos signatureShape malformed unknownKey",
        "and before it",
        response(GENUINE_ASSERTION.replace("<ds:SignedInfo>",
            f"<ds:SignedInfo>{reference('#_evil', value='x')}</ds:SignedInfo><ds:SignedInfo>", 1)))
    yield refuse("signed-info-in-object", "severalSignedInfos misplacedSignature signatureShape malformed unknownKey",
        "the signed SignedInfo is kept in an Object; another stands in its place",
        response(complete(assertion(ALICE, signed=signature("#_assertion",
            value=re.search(r"<ds:SignatureValue>([^<]*)", GENUINE_ASSERTION)[1], objects="<ds:Object>"
            + re.search(r"<ds:SignedInfo>.*</ds:SignedInfo>", GENUINE_ASSERTION)[0] + "</ds:Object>")))))
    yield refuse("digest-values-two", "digestValue signatureShape malformed severalReferences unknownKey",
        "two DigestValues in the Reference: the signed one and one of an evil assertion",
        response(GENUINE_ASSERTION.replace("</ds:DigestValue>",
            "</ds:DigestValue><ds:DigestValue>AAAA</ds:DigestValue>")))
    yield refuse("digest-value-with-comment", "digestValue unknownKey signatureShape malformed",
        "a comment inside DigestValue, which is not signed: who reads its text takes another digest (CVE-2025-29775)",
        response(GENUINE_ASSERTION.replace(BOB.email, ALICE.email).replace("<ds:DigestValue>", "<ds:DigestValue><!--"
            + "A" * 43 + "=-->")))


def cases():
    yield from exclusion()
    yield from references()
