"""What must be accepted, and read as exactly the person that was signed: legal, and seen in the wild."""

import re

from catalogue import accept
from documents import (
    ALICE,
    ENTITY,
    HOLDER_OF_KEY,
    OTHER,
    SP,
    Person,
    assertion,
    at,
    attribute,
    authn_statement,
    conditions,
    confirmation,
    encrypted_assertion,
    name_id,
    response,
    restriction,
    signed_assertion,
    signed_response,
)
from seals import (
    AES128_CBC,
    AES256_CBC,
    AES256_GCM,
    ECDSA_SHA256,
    ECDSA_SHA384,
    ENVELOPED,
    EXCLUSIVE,
    RSA_SHA1,
    RSA_SHA384,
    RSA_SHA512,
    SHA1,
    SHA384,
    SHA512,
    complete,
    signature,
    transform,
    x509_data,
)


def signatures():
    yield accept("accepted-response-signed", ALICE, "only the Response is signed", signed_response(assertion(ALICE)))
    yield accept("accepted-assertion-signed", ALICE, "only the assertion is signed", response(signed_assertion(ALICE)))
    yield accept("accepted-both-signed", ALICE, "both are", signed_response(signed_assertion(ALICE)))
    yield accept("accepted-rsa-sha384", ALICE, "RSA-SHA384",
        response(signed_assertion(ALICE, method=RSA_SHA384, digest=SHA384)))
    yield accept("accepted-rsa-sha512", ALICE, "RSA-SHA512",
        response(signed_assertion(ALICE, method=RSA_SHA512, digest=SHA512)))
    yield accept("accepted-ecdsa-p256", ALICE, "ECDSA on P-256",
        response(signed_assertion(ALICE, method=ECDSA_SHA256, key="idp-p256")), pinned=["idp-p256"])
    yield accept("accepted-ecdsa-p384", ALICE, "ECDSA on P-384",
        signed_response(assertion(ALICE), method=ECDSA_SHA384, digest=SHA384, key="idp-p384"), pinned=["idp-p384"])
    yield accept("accepted-sha1-where-allowed", ALICE, "RSA-SHA1 where the provider's setting allows it",
        response(signed_assertion(ALICE, method=RSA_SHA1, digest=SHA1)), allow_sha1=True)
    yield accept("accepted-second-pinned-key", ALICE, "signed by the second of two pinned keys: rotation",
        response(signed_assertion(ALICE, key="idp-next")), pinned=["idp", "idp-next"])
    yield accept("accepted-first-pinned-key-among-others", ALICE,
        "signed by the last of four pinned keys, of three kinds", response(signed_assertion(ALICE)),
        pinned=["idp-p256", "idp-p384", "idp-next", "idp"])
    yield accept("accepted-key-info", ALICE, "KeyInfo has the certificate: ignored, and no harm",
        response(signed_assertion(ALICE, key_info=x509_data("idp"))))
    yield accept("accepted-key-info-of-nobody", ALICE,
        "KeyInfo has another certificate, and the signature is the provider's: ignored",
        response(signed_assertion(ALICE, key_info=x509_data("attacker"))))
    prefixes = transform(EXCLUSIVE, f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="xs"/>')
    yield accept("accepted-prefix-list", ALICE,
        "InclusiveNamespaces with the prefix xs, as Shibboleth and Keycloak write it",
        response(signed_assertion(ALICE, transforms=(ENVELOPED, prefixes),
            more_attributes=' xmlns:xs="http://www.w3.org/2001/XMLSchema"')))
    lines = lambda text: re.sub(
        r"(<ds:SignatureValue>)([^<]*)",
        lambda found: found[1] + "\n" + "\n".join(found[2][n : n + 76] for n in range(0, len(found[2]), 76)) + "\n",
        text,
    )
    yield accept("accepted-signature-value-in-lines", ALICE, "SignatureValue in lines of 76, as most write it",
        response(lines(signed_assertion(ALICE))))
    yield accept("accepted-signature-value-in-crlf-lines", ALICE,
        "in lines that end as on Windows, in character references",
        response(lines(signed_assertion(ALICE)).replace("\n", "&#13;\n")))


def encryption():
    whole = signed_assertion(ALICE)
    yield accept("accepted-encrypted-gcm", ALICE, "AES-128-GCM and RSA-OAEP", response(encrypted_assertion(whole)))
    yield accept("accepted-encrypted-gcm-256", ALICE, "AES-256-GCM",
        response(encrypted_assertion(whole, cipher=AES256_GCM)))
    yield accept("accepted-encrypted-cbc", ALICE, "AES-128-CBC, where it is allowed",
        response(encrypted_assertion(whole, cipher=AES128_CBC)))
    yield accept("accepted-encrypted-cbc-256", ALICE, "AES-256-CBC",
        response(encrypted_assertion(whole, cipher=AES256_CBC)))
    yield accept("accepted-encrypted-response-signed", ALICE, "unsigned inside, signed outside",
        signed_response(encrypted_assertion(assertion(ALICE))))
    yield accept("accepted-encrypted-both-signed", ALICE, "signed inside and outside, encryption required",
        signed_response(encrypted_assertion(whole)), encrypted_required=True)


def texts():
    declared = '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield accept("accepted-xml-declaration", ALICE, "an XML declaration", declared + response(signed_assertion(ALICE)))
    yield accept("accepted-xml-declaration-small-letters", ALICE, "with utf-8 in small letters",
        "<?xml version='1.0' encoding='utf-8' standalone='no'?>" + response(signed_assertion(ALICE)))
    indented = re.sub(r">(?=<)", ">\n  ", assertion(ALICE, signed=signature("#_assertion")))
    yield accept("accepted-white-space", ALICE, "white space between all elements, in the signature, too",
        response("\n  ", complete(indented), "\n"))
    yield accept("accepted-comments-in-signed-values", ALICE,
        "comments inside the address and the name, put in after signing: canonicalization drops them",
        response(signed_assertion(ALICE).replace("alice@example.com", "alice@<!-- -->example.com").replace("alice-19c4",
            "ali<!---->ce-19c4")))
    yield accept("accepted-comments-between", ALICE, "comments between the elements", "<!-- a -->"
        + response("<!-- b -->", signed_assertion(ALICE).replace("<saml:Subject>", "<!-- c --><saml:Subject>"))
        + "<!-- d -->")
    yield accept("accepted-cdata", ALICE, "values in CDATA",
        response(signed_assertion(ALICE).replace("alice@example.com",
            "<![CDATA[alice@example.com]]>").replace("alice-19c4", "alice-<![CDATA[19c4]]>")))
    yield accept("accepted-character-references", ALICE, "values in character references",
        response(signed_assertion(ALICE).replace("alice@example.com", "&#97;lice&#x40;example.com")))
    odd = Person('x<y>&"z', "alice@example.com", ("R&D", "<all>", "Größe 東京 😀"))
    escape = lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    yield accept("accepted-escaped-and-unicode", odd,
        "values with angle brackets, ampersands and letters of other scripts",
        response(signed_assertion(ALICE, name=name_id(escape(odd.subject)), statements="<saml:AttributeStatement>"
            + attribute("email", odd.email) + attribute("groups", *map(escape, odd.groups))
            + "</saml:AttributeStatement>")))
    renamed = (
        lambda text: text.replace("saml:", "S-a_1.:")
        .replace("xmlns:saml=", "xmlns:S-a_1.=")
        .replace("samlp:", "ds2:")
        .replace("xmlns:samlp=", "xmlns:ds2=")
    )
    yield accept("accepted-odd-prefixes", ALICE, "prefixes of the provider's own taste",
        complete(renamed(response(assertion(ALICE, signed=signature("#_assertion"))))))
    default = assertion(ALICE, signed=signature("#_assertion")).replace("xmlns:saml=", "xmlns=").replace("saml:", "")
    yield accept("accepted-default-namespace", ALICE,
        "the assertion in the default namespace, as AD FS and Entra ID write it", response(complete(default)))
    yield accept("accepted-id-with-dots-and-dashes", ALICE, "an ID with dots, dashes and capitals",
        response(signed_assertion(ALICE, id="_A.b-C_1")))


def rules():
    yield accept("accepted-skew-not-on-or-after", ALICE, "the conditions and the confirmation ended 59 seconds ago",
        response(signed_assertion(ALICE, condition=conditions(not_on_or_after=at(-59)),
            confirmations=confirmation(not_on_or_after=at(-59)))))
    yield accept("accepted-skew-not-before", ALICE, "the conditions begin in 59 seconds, and it was issued then",
        response(signed_assertion(ALICE, issued=59, condition=conditions(not_before=at(59))), issued=59))
    yield accept("accepted-fractional-seconds", ALICE, "times with fractions",
        response(signed_assertion(ALICE, condition=conditions(not_before="2026-05-01T11:59:00.123Z",
            not_on_or_after="2026-05-01T12:05:00.1234567Z"))))
    yield accept("accepted-several-audiences", ALICE, "our Audience beside another in one restriction",
        response(signed_assertion(ALICE, condition=conditions(restriction(OTHER, SP)))))
    yield accept("accepted-two-confirmations", ALICE, "a holder-of-key confirmation before the bearer one",
        response(signed_assertion(ALICE, confirmations=confirmation(HOLDER_OF_KEY) + confirmation())))
    yield accept("accepted-second-bearer-is-ours", ALICE,
        "a bearer confirmation for another service provider before ours",
        response(signed_assertion(ALICE, confirmations=confirmation(recipient=OTHER) + confirmation())))
    yield accept("accepted-no-destination-unsigned-response", ALICE, "no Destination, in a Response that is not signed",
        response(signed_assertion(ALICE), destination=None))
    yield accept("accepted-no-response-issuer", ALICE, "no Issuer in a Response that is not signed",
        response(signed_assertion(ALICE), issuer=None))
    yield accept("accepted-issuer-formats", ALICE, "the Issuers with Format entity",
        response(signed_assertion(ALICE, issuer_attributes=f' Format="{ENTITY}"'),
            issuer_attributes=f' Format="{ENTITY}"'))
    yield accept("accepted-one-time-use", ALICE, "OneTimeUse and ProxyRestriction among the conditions",
        response(signed_assertion(ALICE, condition=conditions(restriction(SP), "<saml:OneTimeUse/>",
            '<saml:ProxyRestriction Count="0"/>'))))
    yield accept("accepted-extensions", ALICE, "Extensions with an element of nobody's",
        response(signed_assertion(ALICE),
            extension='<samlp:Extensions><x:y xmlns:x="urn:example:x">z</x:y></samlp:Extensions>'))
    yield accept("accepted-two-attribute-statements", ALICE, "the attributes in two statements",
        response(signed_assertion(ALICE,
            statements=f"<saml:AttributeStatement>{attribute('email', ALICE.email)}</saml:AttributeStatement>"
            f"<saml:AttributeStatement>{attribute('groups', *ALICE.groups)}</saml:AttributeStatement>")))
    yield accept("accepted-no-session-index", ALICE, "AuthnStatement without SessionIndex",
        response(signed_assertion(ALICE, authn=authn_statement(session_index=None))))
    yield accept("accepted-no-groups", Person(ALICE.subject, ALICE.email), "no groups",
        response(signed_assertion(ALICE,
            statements=f"<saml:AttributeStatement>{attribute('email', ALICE.email)}</saml:AttributeStatement>")))


def cases():
    yield from signatures()
    yield from encryption()
    yield from texts()
    yield from rules()
