"""Microsoft Entra ID: no prefixes at all below the Response, everything on one line, the assertion signed."""

from common import *

TENANT = "6f1d3c52-8a47-4e0b-9c35-2b7de1840af9"
ENTITY = f"https://sts.windows.net/{TENANT}/"
URL = f"https://login.microsoftonline.com/{TENANT}"
CLAIMS = "http://schemas.microsoft.com/identity/claims/"
IDENTITY = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
METHOD = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/"
OBJECT = "0d9a6b7e-41c8-4f5e-8f3a-5b1c7e2d9046"


def key_info(key, declaration=f' xmlns="{DS}"'):
    certificate = f"<X509Certificate>{key.base64()}</X509Certificate>"
    return f"<KeyInfo{declaration}><X509Data>{certificate}</X509Data></KeyInfo>"


def metadata(key, following):
    identifier = "_" + uuid("entra metadata")
    keys = "".join(f'<KeyDescriptor use="signing">{key_info(k)}</KeyDescriptor>' for k in (key, following))
    claims = [
        (IDENTITY + "name", "Name", "The mutable display name of the user."),
        (IDENTITY + "nameidentifier", "Subject", "An immutable, globally unique, non-reusable identifier of the user."),
        (IDENTITY + "givenname", "Given Name", "First name of the user."),
        (IDENTITY + "surname", "Surname", "Last name of the user."),
        (CLAIMS + "displayname", "Display Name", "Display name of the user."),
        ("http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "Groups", "Groups of the user."),
        (CLAIMS + "tenantid", "TenantId", "Identifier for the user's tenant."),
        (CLAIMS + "objectidentifier", "ObjectIdentifier", "Primary identifier for the user in the directory."),
        ("http://schemas.microsoft.com/claims/authnmethodsreferences", "--", "Authentication methods used."),
    ]
    offered = "".join(
        f'<auth:ClaimType xmlns:auth="http://docs.oasis-open.org/wsfed/authorization/200706" Uri="{uri}">'
        f"<auth:DisplayName>{name}</auth:DisplayName><auth:Description>{text}</auth:Description></auth:ClaimType>"
        for uri, name, text in claims
    )

    def address(name):
        return (
            f'<fed:{name}><wsa:EndpointReference xmlns:wsa="http://www.w3.org/2005/08/addressing">'
            f"<wsa:Address>{URL}/wsfed</wsa:Address></wsa:EndpointReference></fed:{name}>"
        )

    def role(kind, inside):
        return (
            f'<RoleDescriptor xsi:type="fed:{kind}" xmlns:xsi="{XSI}" '
            'xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" '
            'protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706">'
            f"{keys}{inside}</RoleDescriptor>"
        )

    document = (
        f'<EntityDescriptor ID="{identifier}" entityID="{ENTITY}" xmlns="{MD}">'
        f"{signature(identifier, key_info(key, ''), p='')}"
        + role(
            "SecurityTokenServiceType",
            f"<fed:ClaimTypesOffered>{offered}</fed:ClaimTypesOffered>"
            f"{address('SecurityTokenServiceEndpoint')}{address('PassiveRequestorEndpoint')}",
        )
        + role("ApplicationServiceType", address("ApplicationServiceEndpoint") + address("PassiveRequestorEndpoint"))
        + f'<IDPSSODescriptor protocolSupportEnumeration="{SAMLP}">{keys}'
        f'<SingleLogoutService Binding="{BINDING}HTTP-Redirect" Location="{URL}/saml2"/>'
        f'<SingleSignOnService Binding="{BINDING}HTTP-Redirect" Location="{URL}/saml2"/>'
        f'<SingleSignOnService Binding="{BINDING}HTTP-POST" Location="{URL}/saml2"/>'
        "</IDPSSODescriptor></EntityDescriptor>"
    )
    document = sign(document, identifier, "EntityDescriptor", MD, key)
    # Entra ID's metadata begins with a byte order mark.
    return '\N{ZERO WIDTH NO-BREAK SPACE}<?xml version="1.0" encoding="utf-8"?>', document


def fixture():
    sp, key = ServiceProvider("entra"), Key("entra")
    response, assertion = "_" + uuid("entra response"), "_" + uuid("entra assertion")
    groups = ["engineering", "vpn-users"]
    methods = [METHOD + "password", "http://schemas.microsoft.com/claims/multipleauthn"]
    attributes = [
        (CLAIMS + "tenantid", [TENANT]),
        (CLAIMS + "objectidentifier", [OBJECT]),
        (CLAIMS + "displayname", ["Alice Ärmel"]),
        ("http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", groups),
        (CLAIMS + "identityprovider", [ENTITY]),
        ("http://schemas.microsoft.com/claims/authnmethodsreferences", methods),
        (IDENTITY + "givenname", ["Alice"]),
        (IDENTITY + "surname", ["Ärmel"]),
        (IDENTITY + "emailaddress", ["alice@example.com"]),
        (IDENTITY + "name", ["alice@corp.example.com"]),
    ]
    statement = "".join(
        f'<Attribute Name="{name}">{"".join(f"<AttributeValue>{v}</AttributeValue>" for v in values)}</Attribute>'
        for name, values in attributes
    )
    document = (
        f'<samlp:Response ID="{response}" Version="2.0" IssueInstant="{instant(-1.5)}" Destination="{sp.acs_url}" '
        f'InResponseTo="{sp.request_id}" xmlns:samlp="{SAMLP}"><Issuer xmlns="{SAML}">{ENTITY}</Issuer>'
        f'<samlp:Status><samlp:StatusCode Value="{SUCCESS}"/></samlp:Status>'
        f'<Assertion ID="{assertion}" IssueInstant="{instant(-1.504)}" Version="2.0" xmlns="{SAML}">'
        f"<Issuer>{ENTITY}</Issuer>{signature(assertion, key_info(key, ''), p='')}"
        f'<Subject><NameID Format="{EMAIL_NAME_ID}">alice@corp.example.com</NameID>'
        f'<SubjectConfirmation Method="{BEARER}"><SubjectConfirmationData InResponseTo="{sp.request_id}" '
        f'NotOnOrAfter="{instant(3598.5)}" Recipient="{sp.acs_url}"/></SubjectConfirmation></Subject>'
        f'<Conditions NotBefore="{instant(-301.5)}" NotOnOrAfter="{instant(3598.5)}"><AudienceRestriction>'
        f"<Audience>{sp.entity_id}</Audience></AudienceRestriction></Conditions>"
        f"<AttributeStatement>{statement}</AttributeStatement>"
        f'<AuthnStatement AuthnInstant="{instant(-40.1)}" SessionIndex="{assertion}"><AuthnContext>'
        f"<AuthnContextClassRef>{CONTEXT}Password</AuthnContextClassRef></AuthnContext></AuthnStatement>"
        "</Assertion></samlp:Response>"
    )
    head, body = metadata(key, Key("entra-next"))
    return Fixture(
        metadata=head + "@comment@" + body,
        response=sign(document, assertion, "Assertion", SAML, key),
        expected={
            "idp_entity_id": ENTITY,
            "sso_url": URL + "/saml2",
            "slo_url": URL + "/saml2",
            "subject": OBJECT,
            "name_id": "alice@corp.example.com",
            "name_id_format": EMAIL_NAME_ID,
            "email": "alice@example.com",
            "display_name": "Alice Ärmel",
            "groups": groups,
            "session_index": assertion,
            "authn_context": CONTEXT + "Password",
            "authn_methods": methods,
            "signed": "assertion",
            "encrypted": False,
            "idp_certificates": ["entra", "entra-next"],
            "metadata_signed_by": "entra",
        },
        sources=[
            "Microsoft: Single sign-on SAML protocol (learn.microsoft.com/entra/identity-platform/single-sign-on-saml-protocol)",
            "Microsoft: SAML token claims reference (learn.microsoft.com/entra/identity-platform/reference-saml-tokens)",
            "Microsoft: Federation metadata (learn.microsoft.com/entra/identity-platform/federation-metadata)",
            "Microsoft: Configure group claims for applications",
        ],
        notes=[
            "The metadata begins with a byte order mark, is signed, and holds two signing keys and WS-Federation roles.",
            "A second factor shows in the attribute authnmethodsreferences only; AuthnContextClassRef stays Password.",
            "The attribute statement stands before the authentication statement. NameID and e-mail address differ.",
        ],
    )
