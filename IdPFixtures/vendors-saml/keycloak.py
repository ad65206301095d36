"""Keycloak: samlp and saml prefixes, document and assertion signed with dsig, attributes repeated for each value."""

from common import *

ENTITY = "https://sso.example.org/realms/corp"
URL = ENTITY + "/protocol/saml"
BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
KEY_NAME = "uY2wRkq0pXbJ1m3nV8sT5cZaE7dH9fL4gQ6iO0yKxWw"


def key_info(key):
    numbers = key.numbers()
    return (
        f"<dsig:KeyInfo><dsig:KeyName>{KEY_NAME}</dsig:KeyName><dsig:X509Data><dsig:X509Certificate>{key.base64()}"
        "</dsig:X509Certificate></dsig:X509Data><dsig:KeyValue><dsig:RSAKeyValue>"
        f"<dsig:Modulus>{number_base64(numbers.n)}</dsig:Modulus><dsig:Exponent>{number_base64(numbers.e)}</dsig:Exponent>"
        "</dsig:RSAKeyValue></dsig:KeyValue></dsig:KeyInfo>"
    )


def metadata(key):
    logout = "".join(
        f'<md:SingleLogoutService Binding="{BINDING}{b}" Location="{URL}"/>'
        for b in ("HTTP-POST", "HTTP-Redirect", "HTTP-Artifact", "SOAP")
    )
    sign_on = "".join(
        f'<md:SingleSignOnService Binding="{BINDING}{b}" Location="{URL}"/>'
        for b in ("HTTP-POST", "HTTP-Redirect", "SOAP", "HTTP-Artifact")
    )
    formats = "".join(
        f"<md:NameIDFormat>{name}</md:NameIDFormat>"
        for name in (PERSISTENT_NAME_ID, TRANSIENT_NAME_ID, UNSPECIFIED_NAME_ID, EMAIL_NAME_ID)
    )
    return (
        f'@comment@<md:EntityDescriptor xmlns="{MD}" xmlns:md="{MD}" xmlns:saml="{SAML}" xmlns:ds="{DS}" '
        f'entityID="{ENTITY}"><md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="{SAMLP}">'
        f'<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:KeyName>{KEY_NAME}</ds:KeyName><ds:X509Data>'
        f"<ds:X509Certificate>{key.base64()}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        f'<md:ArtifactResolutionService Binding="{BINDING}SOAP" Location="{URL}/resolve" index="0"/>'
        f"{logout}{formats}{sign_on}</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


def attribute(name, value, name_format=BASIC, friendly=None):
    friendly = f' FriendlyName="{friendly}"' if friendly else ""
    return (
        f'<saml:Attribute{friendly} Name="{name}" NameFormat="{name_format}"><saml:AttributeValue xmlns:xs="{XS}" '
        f'xmlns:xsi="{XSI}" xsi:type="xs:string">{value}</saml:AttributeValue></saml:Attribute>'
    )


def fixture():
    sp, key = ServiceProvider("keycloak"), Key("keycloak")
    response, assertion = "ID_" + uuid("keycloak response"), "ID_" + uuid("keycloak assertion")
    session = f'{uuid("keycloak session")}::{uuid("keycloak client")}'
    name_id = "G-" + uuid("keycloak person")
    groups = ["engineering", "vpn-users"]
    statement = (
        attribute("urn:oid:1.2.840.113549.1.9.1", "alice@example.com", URI, "email")
        + attribute("urn:oid:2.5.4.42", "Alice", URI, "givenName")
        + attribute("urn:oid:2.5.4.4", "Engineer", URI, "surname")
        + "".join(attribute("member", group) for group in groups)
        + "".join(
            attribute("Role", role)
            for role in ("default-roles-corp", "offline_access", "uma_authorization", "manage-account", "view-profile")
        )
    )
    document = (
        f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" Destination="{sp.acs_url}" ID="{response}" '
        f'InResponseTo="{sp.request_id}" IssueInstant="{instant(-0.3)}" Version="2.0"><saml:Issuer>{ENTITY}</saml:Issuer>'
        f'{signature(response, key_info(key), p="dsig:")}'
        f'<samlp:Status><samlp:StatusCode Value="{SUCCESS}"/></samlp:Status>'
        f'<saml:Assertion xmlns="{SAML}" ID="{assertion}" IssueInstant="{instant(-0.3)}" Version="2.0">'
        f'<saml:Issuer>{ENTITY}</saml:Issuer>{signature(assertion, key_info(key), p="dsig:")}'
        f'<saml:Subject><saml:NameID Format="{PERSISTENT_NAME_ID}">{name_id}</saml:NameID>'
        f'<saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData InResponseTo="{sp.request_id}" '
        f'NotOnOrAfter="{instant(299.7)}" Recipient="{sp.acs_url}"/></saml:SubjectConfirmation></saml:Subject>'
        f'<saml:Conditions NotBefore="{instant(-2.3)}" NotOnOrAfter="{instant(57.7)}"><saml:AudienceRestriction>'
        f"<saml:Audience>{sp.entity_id}</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
        f'<saml:AuthnStatement AuthnInstant="{instant(-0.3)}" SessionIndex="{session}" '
        f'SessionNotOnOrAfter="{instant(35999.7)}"><saml:AuthnContext><saml:AuthnContextClassRef>{CONTEXT}unspecified'
        "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
        f"<saml:AttributeStatement>{statement}</saml:AttributeStatement></saml:Assertion></samlp:Response>"
    )
    document = sign(document, assertion, "Assertion", SAML, key)
    return Fixture(
        metadata=metadata(key),
        response=sign(document, response, "Response", SAMLP, key),
        expected={
            "idp_entity_id": ENTITY,
            "sso_url": URL,
            "slo_url": URL,
            "subject": name_id,
            "name_id": name_id,
            "name_id_format": PERSISTENT_NAME_ID,
            "email": "alice@example.com",
            "display_name": None,
            "groups": groups,
            "session_index": session,
            "authn_context": CONTEXT + "unspecified",
            "signed": "both",
            "encrypted": False,
            "idp_certificates": ["keycloak"],
            "metadata_signed_by": None,
        },
        sources=[
            "Keycloak: Server Administration Guide, Creating a SAML client, mappers (keycloak.org/docs)",
            "A Keycloak response and a realm's descriptor that users published as gists, for prefixes and order only",
        ],
        notes=[
            "Every value has an Attribute element of its own (Single Role Attribute off): equal names must be merged.",
            "E-mail is urn:oid:1.2.840.113549.1.9.1 by Name and email by FriendlyName. Roles are not the groups.",
            "KeyInfo also brings a KeyValue, which must not be used. Conditions end a minute after issue.",
            "Keycloak has no mapper for a display name.",
        ],
    )
