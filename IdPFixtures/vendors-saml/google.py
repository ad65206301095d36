"""Google Workspace: the Response signed, &#13; at the ends of base64 lines, xs:anyType values, no single logout."""

from common import *

ENTITY = "https://accounts.google.com/o/saml2?idpid=C03hx7q2k"
URL = "https://accounts.google.com/o/saml2/idp?idpid=C03hx7q2k"


def lines(text):
    return wrapped(text, 76, "&#13;\n")


def key_info(key):
    subject = "ST=California,C=US,OU=Google For Work,CN=Google,L=Mountain View,O=Google Inc."
    return (
        f"<ds:KeyInfo><ds:X509Data><ds:X509SubjectName>{subject}</ds:X509SubjectName>"
        f"<ds:X509Certificate>{lines(key.base64())}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    )


def metadata(key):
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>@comment@'
        f'<md:EntityDescriptor xmlns:md="{MD}" entityID="{ENTITY}" validUntil="2030-01-15T00:00:00.000Z">\n'
        f'  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="{SAMLP}">\n'
        '    <md:KeyDescriptor use="signing">\n'
        f'      <ds:KeyInfo xmlns:ds="{DS}">\n        <ds:X509Data>\n'
        f"          <ds:X509Certificate>{wrapped(key.base64(), 76)}</ds:X509Certificate>\n"
        "        </ds:X509Data>\n      </ds:KeyInfo>\n    </md:KeyDescriptor>\n"
        f"    <md:NameIDFormat>{EMAIL_NAME_ID}</md:NameIDFormat>\n"
        f'    <md:SingleSignOnService Binding="{BINDING}HTTP-Redirect" Location="{URL}"/>\n'
        f'    <md:SingleSignOnService Binding="{BINDING}HTTP-POST" Location="{URL}"/>\n'
        "  </md:IDPSSODescriptor>\n</md:EntityDescriptor>\n"
    )


def attribute(name, values):
    inside = "".join(
        f'<saml2:AttributeValue xmlns:xs="{XS}" xmlns:xsi="{XSI}" xsi:type="xs:anyType">{v}</saml2:AttributeValue>'
        for v in values
    )
    return f'<saml2:Attribute Name="{name}">{inside}</saml2:Attribute>'


def fixture():
    sp, key = ServiceProvider("google"), Key("google")
    response, assertion = "_" + hexadecimal("google response", 32), "_" + hexadecimal("google assertion", 32)
    groups = ["Engineering", "VPN users"]
    document = (
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>'
        f'<saml2p:Response xmlns:saml2p="{SAMLP}" Destination="{sp.acs_url}" ID="{response}" '
        f'InResponseTo="{sp.request_id}" IssueInstant="{instant(-0.9)}" Version="2.0">'
        f'<saml2:Issuer xmlns:saml2="{SAML}">{ENTITY}</saml2:Issuer>{signature(response, key_info(key))}'
        f'<saml2p:Status><saml2p:StatusCode Value="{SUCCESS}"/></saml2p:Status>'
        f'<saml2:Assertion xmlns:saml2="{SAML}" ID="{assertion}" IssueInstant="{instant(-0.9)}" Version="2.0">'
        f'<saml2:Issuer>{ENTITY}</saml2:Issuer><saml2:Subject><saml2:NameID Format="{EMAIL_NAME_ID}">'
        f'alice@example.com</saml2:NameID><saml2:SubjectConfirmation Method="{BEARER}">'
        f'<saml2:SubjectConfirmationData InResponseTo="{sp.request_id}" NotOnOrAfter="{instant(299.1)}" '
        f'Recipient="{sp.acs_url}"/></saml2:SubjectConfirmation></saml2:Subject>'
        f'<saml2:Conditions NotBefore="{instant(-300.9)}" NotOnOrAfter="{instant(299.1)}"><saml2:AudienceRestriction>'
        f"<saml2:Audience>{sp.entity_id}</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>"
        f'<saml2:AttributeStatement>{attribute("displayName", ["Alice"])}{attribute("groups", groups)}'
        f'</saml2:AttributeStatement><saml2:AuthnStatement AuthnInstant="{instant(-8.0)}" SessionIndex="{assertion}">'
        f"<saml2:AuthnContext><saml2:AuthnContextClassRef>{CONTEXT}unspecified</saml2:AuthnContextClassRef>"
        "</saml2:AuthnContext></saml2:AuthnStatement></saml2:Assertion></saml2p:Response>"
    )
    return Fixture(
        metadata=metadata(key),
        response=sign(document, response, "Response", SAMLP, key, lines),
        expected={
            "idp_entity_id": ENTITY,
            "sso_url": URL,
            "slo_url": None,
            "subject": "alice@example.com",
            "name_id": "alice@example.com",
            "name_id_format": EMAIL_NAME_ID,
            "email": "alice@example.com",
            "display_name": "Alice",
            "groups": groups,
            "session_index": assertion,
            "authn_context": CONTEXT + "unspecified",
            "signed": "response",
            "encrypted": False,
            "idp_certificates": ["google"],
            "metadata_signed_by": None,
        },
        sources=[
            "Google: Set up your own custom SAML app (support.google.com/a/answer/6087519)",
            "Public metadata of the shape that the Admin console gives, for its layout only",
            "node-saml/passport-saml issue 575, for the carriage returns in SignatureValue and X509Certificate",
        ],
        notes=[
            "The address stands in the NameID only: no attribute repeats it.",
            "Lines of base64 end in &#13; and a line feed. Both URLs have a query. The assertion itself is not signed.",
            "The metadata has validUntil and no single logout.",
        ],
    )
