"""Okta: saml2p and saml2 prefixes, one line, Response and Assertion signed, xs in InclusiveNamespaces."""

from common import *

ENTITY = "http://www.okta.com/exk1fcia6d6EMsf331d8"
APPLICATION = "https://example.okta.com/app/example_ztna_1/exk1fcia6d6EMsf331d8"
FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
UNSPECIFIED = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"


def key_info(key):
    certificate = wrapped(key.base64(), 64)
    return f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"


def metadata(key):
    certificate = wrapped(key.base64(), 64)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>@comment@'
        f'<md:EntityDescriptor entityID="{ENTITY}" xmlns:md="{MD}">'
        f'<md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="{SAMLP}">'
        f'<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{DS}"><ds:X509Data><ds:X509Certificate>{certificate}'
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        f'<md:SingleLogoutService Binding="{BINDING}HTTP-POST" Location="{APPLICATION}/slo/saml"/>'
        f'<md:SingleLogoutService Binding="{BINDING}HTTP-Redirect" Location="{APPLICATION}/slo/saml"/>'
        f"<md:NameIDFormat>{UNSPECIFIED_NAME_ID}</md:NameIDFormat><md:NameIDFormat>{EMAIL_NAME_ID}</md:NameIDFormat>"
        f'<md:SingleSignOnService Binding="{BINDING}HTTP-POST" Location="{APPLICATION}/sso/saml"/>'
        f'<md:SingleSignOnService Binding="{BINDING}HTTP-Redirect" Location="{APPLICATION}/sso/saml"/>'
        "</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


def attribute(name, values):
    inside = "".join(
        f'<saml2:AttributeValue xmlns:xs="{XS}" xmlns:xsi="{XSI}" xsi:type="xs:string">{v}</saml2:AttributeValue>'
        for v in values
    )
    return f'<saml2:Attribute Name="{name}" NameFormat="{UNSPECIFIED}">{inside}</saml2:Attribute>'


def fixture():
    sp, key = ServiceProvider("okta"), Key("okta")
    response, assertion = "id46911837562034181730269417", "id46911837562941037485516270"
    groups = ["Everyone", "engineering"]
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<saml2p:Response Destination="{sp.acs_url}" ID="{response}" InResponseTo="{sp.request_id}" '
        f'IssueInstant="{instant(-0.7)}" Version="2.0" xmlns:saml2p="{SAMLP}" xmlns:xs="{XS}">'
        f'<saml2:Issuer Format="{FORMAT}" xmlns:saml2="{SAML}">{ENTITY}</saml2:Issuer>'
        f"{signature(response, key_info(key), prefixes='xs')}"
        f'<saml2p:Status xmlns:saml2p="{SAMLP}"><saml2p:StatusCode Value="{SUCCESS}"/></saml2p:Status>'
        f'<saml2:Assertion ID="{assertion}" IssueInstant="{instant(-0.7)}" Version="2.0" xmlns:saml2="{SAML}" '
        f'xmlns:xs="{XS}"><saml2:Issuer Format="{FORMAT}" xmlns:saml2="{SAML}">{ENTITY}</saml2:Issuer>'
        f"{signature(assertion, key_info(key), prefixes='xs')}"
        f'<saml2:Subject xmlns:saml2="{SAML}"><saml2:NameID Format="{UNSPECIFIED_NAME_ID}">alice@example.com'
        f'</saml2:NameID><saml2:SubjectConfirmation Method="{BEARER}"><saml2:SubjectConfirmationData '
        f'InResponseTo="{sp.request_id}" NotOnOrAfter="{instant(299.3)}" Recipient="{sp.acs_url}"/>'
        "</saml2:SubjectConfirmation></saml2:Subject>"
        f'<saml2:Conditions NotBefore="{instant(-300.7)}" NotOnOrAfter="{instant(299.3)}" xmlns:saml2="{SAML}">'
        f"<saml2:AudienceRestriction><saml2:Audience>{sp.entity_id}</saml2:Audience></saml2:AudienceRestriction>"
        f'</saml2:Conditions><saml2:AuthnStatement AuthnInstant="{instant(-0.7)}" SessionIndex="{sp.request_id}" '
        f'xmlns:saml2="{SAML}"><saml2:AuthnContext><saml2:AuthnContextClassRef>{CONTEXT}PasswordProtectedTransport'
        "</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>"
        f'<saml2:AttributeStatement xmlns:saml2="{SAML}">{attribute("email", ["alice@example.com"])}'
        f'{attribute("displayName", ["Alice Engineer"])}'
        f'{attribute("groups", groups)}</saml2:AttributeStatement></saml2:Assertion></saml2p:Response>'
    )
    document = sign(document, assertion, "Assertion", SAML, key)
    return Fixture(
        metadata=metadata(key),
        response=sign(document, response, "Response", SAMLP, key),
        expected={
            "idp_entity_id": ENTITY,
            "sso_url": APPLICATION + "/sso/saml",
            "slo_url": APPLICATION + "/slo/saml",
            "subject": "alice@example.com",
            "name_id": "alice@example.com",
            "name_id_format": UNSPECIFIED_NAME_ID,
            "email": "alice@example.com",
            "display_name": "Alice Engineer",
            "groups": groups,
            "session_index": sp.request_id,
            "authn_context": CONTEXT + "PasswordProtectedTransport",
            "signed": "both",
            "encrypted": False,
            "idp_certificates": ["okta"],
            "metadata_signed_by": None,
        },
        sources=[
            "Okta: Application Integration Wizard SAML field reference (help.okta.com)",
            "Okta: How to configure SAML 2.0 for the template SAML 2.0 app (saml-doc.okta.com)",
            "A signed Okta response printed in the public tests of the goxmldsig library, for prefixes and order only",
        ],
        notes=[
            "The reference's canonicalization names the prefix xs in InclusiveNamespaces, in both signatures.",
            "Attribute names are the administrator's choice: those that Docs/SAML.md says to type in. NameFormat unspecified.",
            "The Issuer has a Format. SessionIndex is the request's ID. SLO is in the metadata only once it is enabled.",
        ],
    )
