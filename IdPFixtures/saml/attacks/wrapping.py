"""XML signature wrapping: the genuine signed element is kept somewhere, and an evil one stands where it is read.

Source: Somorovsky, Mayer, Schwenk, Kampmann, Jensen, “On Breaking SAML: Be Whoever You Want to Be” (2012), numbered
as its tools number them; the rest is every other place that the schema, or a careless parser, has room for.
"""

from catalogue import either, refuse
from documents import (
    ALICE,
    BOB,
    SP,
    assertion,
    attribute,
    conditions,
    confirmation,
    encrypted_assertion,
    extensions,
    name_id,
    response,
    restriction,
    signed_response,
    statement,
    status,
)
from genuine import GENUINE_ASSERTION, GENUINE_RESPONSE, evil_assertion, split
from seals import DS, complete, signature

# A signature in a strange place, or one that names something else; then whatever else such a document breaks.
STAYS = "misplacedSignature assertionCount unsigned noSignature severalSignatures signatureShape malformed"
MOVED = "referenceURI misplacedSignature assertionCount digestValue unsigned severalSignatures"
SAME_ID = "duplicateID referenceURI misplacedSignature assertionCount unsigned"


def holding(signature_text, name, inside):
    """The signature with one more child; without a signature, one that signs nothing and holds it."""
    signature_text = signature_text or f'<ds:Signature xmlns:ds="{DS}"></ds:Signature>'
    return signature_text.replace("</ds:Signature>", f"<ds:{name}>{inside}</ds:{name}></ds:Signature>")


# Where the genuine assertion may be kept: (genuine, signature in the evil one's place, the evil one's id) → document.
ASSERTION_PLACES = {
    "before-evil": lambda g, s, id: response(g, evil_assertion(id=id, signed=s)),
    "after-evil": lambda g, s, id: response(evil_assertion(id=id, signed=s), g),
    "last-in-evil": lambda g, s, id: response(evil_assertion(id=id, signed=s, tail=g)),
    "first-in-evil": lambda g, s, id: response(evil_assertion(id=id, signed=s, head=g)),
    "in-object": lambda g, s, id: response(evil_assertion(id=id, signed=holding(s, "Object", g))),
    "in-key-info": lambda g, s, id: response(evil_assertion(id=id, signed=holding(s, "KeyInfo", g))),
    "in-advice": lambda g, s, id: response(evil_assertion(id=id, signed=s, advice=f"<saml:Advice>{g}</saml:Advice>")),
    "in-attribute-value": lambda g, s, id: response(
        evil_assertion(id=id, signed=s, statements=statement(ALICE, attribute("note", g)))
    ),
    "in-confirmation-data": lambda g, s, id: response(
        evil_assertion(id=id, signed=s, confirmations=confirmation(inside=g))
    ),
    "in-name-id": lambda g, s, id: response(evil_assertion(id=id, signed=s, name=name_id(ALICE.subject + g))),
    "in-conditions": lambda g, s, id: response(
        evil_assertion(id=id, signed=s, condition=conditions(restriction(SP), g))
    ),
    "in-extensions": lambda g, s, id: response(evil_assertion(id=id, signed=s), extension=extensions(g)),
    "in-status-detail": lambda g, s, id: response(evil_assertion(id=id, signed=s), state=status(detail=g)),
    "in-status-code": lambda g, s, id: response(evil_assertion(id=id, signed=s), state=status(inside=g)),
    "in-response-object": lambda g, s, id: response(
        evil_assertion(id=id, signed=s), signed=holding("", "Object", g)
    ),
    "in-encrypted-assertion": lambda g, s, id: response(
        evil_assertion(id=id, signed=s), f"<saml:EncryptedAssertion>{g}</saml:EncryptedAssertion>"
    ),
    "before-issuer": lambda g, s, id: response(evil_assertion(id=id, signed=s), head=g),
    "in-foreign-element": lambda g, s, id: response(
        evil_assertion(id=id, signed=s), f'<x:keep xmlns:x="urn:example:x">{g}</x:keep>'
    ),
}


def evil_response(*children, **parts):
    return response(*(children or (evil_assertion(),)), **{"id": "_evil-response", **parts})


RESPONSE_PLACES = {
    "in-object": lambda g, s, id: evil_response(id=id, signed=holding(s, "Object", g)),
    "in-key-info": lambda g, s, id: evil_response(id=id, signed=holding(s, "KeyInfo", g)),
    "in-extensions": lambda g, s, id: evil_response(id=id, signed=s, extension=extensions(g)),
    "in-status-detail": lambda g, s, id: evil_response(id=id, signed=s, state=status(detail=g)),
    "last-in-evil": lambda g, s, id: evil_response(evil_assertion(), g, id=id, signed=s),
    "first-in-evil": lambda g, s, id: evil_response(id=id, signed=s, head=g),
    "in-advice": lambda g, s, id: evil_response(
        evil_assertion(advice=f"<saml:Advice>{g}</saml:Advice>"), id=id, signed=s
    ),
    "in-attribute-value": lambda g, s, id: evil_response(
        evil_assertion(statements=statement(ALICE, attribute("note", g))), id=id, signed=s
    ),
    "in-confirmation-data": lambda g, s, id: evil_response(
        evil_assertion(confirmations=confirmation(inside=g)), id=id, signed=s
    ),
    "in-encrypted-assertion": lambda g, s, id: evil_response(
        evil_assertion(), f"<saml:EncryptedAssertion>{g}</saml:EncryptedAssertion>", id=id, signed=s
    ),
}


def literature():
    """The eight of the paper's tools, and their mirror."""
    bare_response, response_signature = split(GENUINE_RESPONSE)
    bare, of_assertion = split(GENUINE_ASSERTION)
    yield refuse("xsw1-original-response-inside-the-signature", MOVED,
        "XSW1: evil Response as root; the original, without its signature, inside that signature",
        evil_response(signed=response_signature.replace("</ds:Signature>", bare_response + "</ds:Signature>")))
    yield refuse("xsw2-original-response-before-the-signature", MOVED,
        "XSW2: evil Response as root; the original beside the signature, which is thereby detached",
        evil_response(signed=bare_response + response_signature))
    yield refuse("xsw3-evil-assertion-before-the-original", "assertionCount " + STAYS,
        "XSW3: an evil assertion before the signed one: who reads the first one loses",
        response(evil_assertion(), GENUINE_ASSERTION))
    yield refuse("xsw4-original-assertion-inside-the-evil-one", STAYS,
        "XSW4: the signed assertion as the last child of the evil one",
        response(evil_assertion(tail=GENUINE_ASSERTION)))
    yield refuse("xsw5-signature-in-the-evil-assertion-original-after-it", MOVED,
        "XSW5: the evil assertion carries the signature; the original, stripped, ends the response",
        response(evil_assertion(signed=of_assertion), bare))
    yield refuse("xsw6-original-assertion-inside-the-signature", MOVED,
        "XSW6: the evil assertion carries the signature, and that the original",
        response(evil_assertion(signed=of_assertion.replace("</ds:Signature>", bare + "</ds:Signature>"))))
    yield refuse("xsw7-evil-assertion-in-extensions-same-id", SAME_ID,
        "XSW7: the evil assertion in Extensions, with the signed one's ID: schema validation looks the other way there",
        response(GENUINE_ASSERTION, extension=extensions(evil_assertion(id="_assertion"))))
    yield refuse("xsw8-original-assertion-in-an-object", MOVED,
        "XSW8: the evil assertion carries the signature, whose Object carries the original",
        response(evil_assertion(signed=holding(of_assertion, "Object", bare))))
    yield refuse("xsw9-evil-assertion-after-the-original", "assertionCount " + STAYS,
        "the mirror of XSW3: who reads the last one loses", response(GENUINE_ASSERTION, evil_assertion()))


def every_place():
    for element, genuine, places in (
        ("assertion", GENUINE_ASSERTION, ASSERTION_PLACES),
        ("response", GENUINE_RESPONSE, RESPONSE_PLACES),
    ):
        bare, moved = split(genuine)
        id, evil = f"_{element}", {"assertion": "_evil", "response": "_evil-response"}[element]
        for place, build in places.items():
            first = "assertionCount " if place in ("before-evil", "after-evil", "in-encrypted-assertion") else ""
            yield refuse(f"wrapped-{element}-{place}-with-its-signature", first + STAYS,
                f"the signed {element} is kept {place.replace('-', ' ')}, with its signature; an evil one is read",
                build(genuine, "", evil))
            yield refuse(f"wrapped-{element}-{place}-signature-moved", first + MOVED,
                f"the signed {element} is kept {place.replace('-', ' ')}; its signature now stands in the evil one",
                build(bare, moved, evil))
            yield refuse(f"wrapped-{element}-{place}-same-id", SAME_ID,
                f"the same, and the evil {element} has the signed one's ID: whom does the Reference find?",
                build(bare, moved, id))


def combinations():
    bare, of_assertion = split(GENUINE_ASSERTION)
    bare_response, of_response = split(GENUINE_RESPONSE)
    yield refuse("wrapped-signature-of-assertion-at-response",
        "referenceURI misplacedSignature unsigned assertionCount",
        "the assertion's signature stands at the Response, and signs the second assertion",
        response(evil_assertion(), bare, signed=of_assertion))
    yield refuse("wrapped-signature-of-response-at-assertion", MOVED + " duplicateID",
        "the Response's signature stands at the evil assertion; the original is in its Advice",
        response(evil_assertion(signed=of_response, advice=f"<saml:Advice>{bare_response}</saml:Advice>")))
    yield refuse("wrapped-evil-has-no-id", "referenceURI assertionCount misplacedSignature malformed unsigned",
        "the evil assertion has no ID at all, so that no search by ID can find two",
        response(evil_assertion(id=None, signed=of_assertion), bare))
    yield refuse("wrapped-response-in-response", "misplacedSignature assertionCount unsigned noSignature wrongRoot",
        "the genuine Response whole in an evil one, without any assertion of its own",
        response(GENUINE_RESPONSE, id="_evil-response"))
    yield refuse("wrapped-two-signatures-first-genuine",
        "severalSignatures assertionCount referenceURI misplacedSignature",
        "two signatures in the evil assertion: the genuine one, of another element, then the attacker's, of this one",
        response(complete(evil_assertion(signed=of_assertion + signature("#_evil")), "attacker"), bare))
    yield refuse("wrapped-two-signatures-second-genuine", "severalSignatures assertionCount referenceURI unknownKey",
        "the same in the other order",
        response(complete(evil_assertion(signed=signature("#_evil") + of_assertion), "attacker"), bare))
    yield refuse("wrapped-two-valid-signatures-in-one-assertion", "severalSignatures digestValue",
        "one assertion with its valid signature twice",
        response(bare.replace("<saml:Subject>", of_assertion * 2 + "<saml:Subject>")))
    yield refuse("wrapped-encrypted-evil-genuine-plain", "assertionCount misplacedSignature",
        "an evil encrypted assertion beside the signed plain one: encryption needs no secret of the attacker's",
        response(encrypted_assertion(evil_assertion()), GENUINE_ASSERTION))
    yield refuse("wrapped-genuine-encrypted-evil-plain", "assertionCount unsigned",
        "the signed one encrypted, the evil one plain beside it",
        response(encrypted_assertion(GENUINE_ASSERTION), evil_assertion()))
    yield refuse("wrapped-inside-the-encryption", STAYS, "the plaintext is an evil assertion that holds the signed one",
        response(encrypted_assertion(evil_assertion(tail=GENUINE_ASSERTION))))
    yield refuse("wrapped-inside-the-encryption-signature-moved", MOVED,
        "the plaintext is an evil assertion with the signature, whose Object holds the signed one",
        response(encrypted_assertion(evil_assertion(signed=holding(of_assertion, "Object", bare)))))
    yield refuse("wrapped-genuine-outside-the-encryption",
        "referenceURI assertionCount misplacedSignature undecryptable",
        "the encrypted evil assertion carries a signature that names an element outside the encryption",
        response(encrypted_assertion(evil_assertion(signed=of_assertion)), extension=extensions(bare)))
    yield refuse("wrapped-same-id-across-the-encryption",
        "duplicateID referenceURI assertionCount misplacedSignature unsigned digestValue",
        "the encrypted evil assertion has the ID of the signed one outside",
        response(encrypted_assertion(evil_assertion(id="_assertion", signed=of_assertion)), extension=extensions(bare)))
    yield refuse("wrapped-other-namespace", "assertionCount duplicateID unsigned misplacedSignature noSignature",
        "the signed assertion is kept in an Assertion of another namespace; the evil one is read",
        response(f'<o:Assertion xmlns:o="urn:example:other" ID="_assertion">{GENUINE_ASSERTION}</o:Assertion>',
            evil_assertion()))
    yield either("harmless-evil-in-extensions", BOB, "assertionCount misplacedSignature",
        "only the genuine assertion is in its place; the evil one is in Extensions and must stay unread",
        response(GENUINE_ASSERTION, extension=extensions(evil_assertion())))
    yield either("harmless-evil-in-status-detail", BOB, "assertionCount misplacedSignature", "the same in StatusDetail",
        response(GENUINE_ASSERTION, state=status(detail=evil_assertion())))
    yield either("harmless-evil-in-foreign-element", BOB, "assertionCount misplacedSignature malformed",
        "the same in an element of no known kind",
        response(GENUINE_ASSERTION, f'<x:keep xmlns:x="urn:example:x">{evil_assertion()}</x:keep>'))
    yield either("harmless-signed-advice", BOB, "assertionCount misplacedSignature",
        "the provider itself signed one about Alice into the Advice of Bob's: that says nothing about who signed in",
        signed_response(assertion(BOB, advice=f"<saml:Advice>{evil_assertion()}</saml:Advice>")))


def cases():
    yield from literature()
    yield from every_place()
    yield from combinations()
