"""AD FS: an Assertion in the default namespace inside a prefixed Response, claim URIs, a ds Signature with an unprefixed KeyInfo."""

from common import *

ENTITY = "http://sts.example.com/adfs/services/trust"
URL = "https://sts.example.com/adfs/ls/"
IDENTITY = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
MICROSOFT = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"
FEDERATION = "http://docs.oasis-open.org/wsfed/federation/200706"
OFFERED = [
    (IDENTITY + "emailaddress", "E-Mail Address"),
    (IDENTITY + "givenname", "Given Name"),
    (IDENTITY + "name", "Name"),
    (IDENTITY + "upn", "UPN"),
    ("http://schemas.xmlsoap.org/claims/CommonName", "Common Name"),
    ("http://schemas.xmlsoap.org/claims/Group", "Group"),
    (MICROSOFT + "role", "Role"),
    (IDENTITY + "surname", "Surname"),
    (IDENTITY + "nameidentifier", "Name ID"),
    (MICROSOFT + "authenticationmethod", "Authentication method"),
    (MICROSOFT + "groupsid", "Group SID"),
    (MICROSOFT + "primarysid", "Primary SID"),
    (MICROSOFT + "windowsaccountname", "Windows account name"),
    ("http://schemas.microsoft.com/claims/authnmethodsreferences", "Authentication Methods References"),
]


def key_info(key, p="ds:"):
    """AD FS opens KeyInfo without a prefix and goes on with one."""
    certificate = f"<{p}X509Certificate>{key.base64()}</{p}X509Certificate>"
    return f'<KeyInfo xmlns="{DS}"><{p}X509Data>{certificate}</{p}X509Data></KeyInfo>'


def metadata(key, following, encryption):
    identifier = "_" + uuid("adfs metadata")

    def descriptor(use, key):
        return f'<KeyDescriptor use="{use}">{key_info(key, "")}</KeyDescriptor>'

    signing = descriptor("signing", key) + descriptor("signing", following)
    claims = "".join(
        f'<auth:ClaimType Uri="{uri}" Optional="true" xmlns:auth="http://docs.oasis-open.org/wsfed/authorization/200706">'
        f"<auth:DisplayName>{name}</auth:DisplayName><auth:Description>The {name} claim</auth:Description>"
        "</auth:ClaimType>"
        for uri, name in OFFERED
    )

    def address(name, url):
        return (
            f'<fed:{name}><EndpointReference xmlns="http://www.w3.org/2005/08/addressing"><Address>{url}</Address>'
            f"</EndpointReference></fed:{name}>"
        )

    def role(kind, inside):
        return (
            f'<RoleDescriptor xsi:type="fed:{kind}" protocolSupportEnumeration="http://docs.oasis-open.org/ws-sx/ws-trust/'
            f'200512 http://schemas.xmlsoap.org/ws/2005/02/trust {FEDERATION}" ServiceDisplayName="Example Corp" '
            f'xmlns:xsi="{XSI}" xmlns:fed="{FEDERATION}">{inside}</RoleDescriptor>'
        )

    trust = "https://sts.example.com/adfs/services/trust/2005/issuedtokenmixedasymmetricbasic256"
    formats = "".join(
        f"<NameIDFormat>{name}</NameIDFormat>" for name in (EMAIL_NAME_ID, PERSISTENT_NAME_ID, TRANSIENT_NAME_ID)
    )
    logout = "".join(
        f'<SingleLogoutService Binding="{BINDING}{b}" Location="{URL}"/>' for b in ("HTTP-Redirect", "HTTP-POST")
    )
    sign_on = "".join(
        f'<SingleSignOnService Binding="{BINDING}{b}" Location="{URL}"/>' for b in ("HTTP-Redirect", "HTTP-POST")
    )
    attributes = "".join(
        f'<Attribute Name="{uri}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri" FriendlyName="{name}" '
        f'xmlns="{SAML}"/>'
        for uri, name in OFFERED
    )
    consumer = "".join(
        f'<AssertionConsumerService Binding="{BINDING}{b}" Location="{URL}" index="{i}"/>'
        for i, b in enumerate(("HTTP-POST", "HTTP-Artifact", "HTTP-Redirect"))
    )
    document = (
        f'<EntityDescriptor ID="{identifier}" entityID="{ENTITY}" xmlns="{MD}">'
        f"{signature(identifier, key_info(key))}"
        + role(
            "ApplicationServiceType",
            descriptor("encryption", encryption)
            + f"<fed:ClaimTypesRequested>{claims}</fed:ClaimTypesRequested>"
            + address("ApplicationServiceEndpoint", trust)
            + address("PassiveRequestorEndpoint", URL),
        )
        + role(
            "SecurityTokenServiceType",
            signing
            + f"<fed:ClaimTypesOffered>{claims}</fed:ClaimTypesOffered>"
            + address("SecurityTokenServiceEndpoint", trust)
            + address("PassiveRequestorEndpoint", URL),
        )
        + f'<SPSSODescriptor WantAssertionsSigned="true" protocolSupportEnumeration="{SAMLP}">'
        f'{descriptor("encryption", encryption)}{signing}{logout}{formats}{consumer}</SPSSODescriptor>'
        f'<IDPSSODescriptor protocolSupportEnumeration="{SAMLP}">{descriptor("encryption", encryption)}{signing}'
        f"{logout}{formats}{sign_on}{attributes}</IDPSSODescriptor>"
        '<ContactPerson contactType="support"/></EntityDescriptor>'
    )
    return "@comment@" + sign(document, identifier, "EntityDescriptor", MD, key)


def fixture():
    sp, key = ServiceProvider("adfs"), Key("adfs")
    response, assertion = "_" + uuid("adfs response"), "_" + uuid("adfs assertion")
    groups = ["Domain Users", "engineering"]
    attributes = [
        (IDENTITY + "emailaddress", ["alice@example.com"]),
        (IDENTITY + "name", ["Alice O'Engineer"]),
        ("http://schemas.xmlsoap.org/claims/Group", groups),
        (MICROSOFT + "primarysid", ["S-1-5-21-1004336348-1177238915-682003330-1234"]),
    ]
    statement = "".join(
        f'<Attribute Name="{name}">{"".join(f"<AttributeValue>{v}</AttributeValue>" for v in values)}</Attribute>'
        for name, values in attributes
    )
    document = (
        f'<samlp:Response ID="{response}" Version="2.0" IssueInstant="{instant(-0.4)}" Destination="{sp.acs_url}" '
        f'Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified" InResponseTo="{sp.request_id}" '
        f'xmlns:samlp="{SAMLP}"><Issuer xmlns="{SAML}">{ENTITY}</Issuer>'
        f'<samlp:Status><samlp:StatusCode Value="{SUCCESS}" /></samlp:Status>'
        f'<Assertion ID="{assertion}" IssueInstant="{instant(-0.4)}" Version="2.0" xmlns="{SAML}">'
        f"<Issuer>{ENTITY}</Issuer>{signature(assertion, key_info(key))}"
        f'<Subject><NameID Format="{EMAIL_NAME_ID}">alice@example.com</NameID>'
        f'<SubjectConfirmation Method="{BEARER}"><SubjectConfirmationData InResponseTo="{sp.request_id}" '
        f'NotOnOrAfter="{instant(299.6)}" Recipient="{sp.acs_url}" /></SubjectConfirmation></Subject>'
        f'<Conditions NotBefore="{instant(-0.41)}" NotOnOrAfter="{instant(3599.59)}"><AudienceRestriction>'
        f"<Audience>{sp.entity_id}</Audience></AudienceRestriction></Conditions>"
        f"<AttributeStatement>{statement}</AttributeStatement>"
        f'<AuthnStatement AuthnInstant="{instant(-2.3)}" SessionIndex="{assertion}"><AuthnContext>'
        f"<AuthnContextClassRef>{CONTEXT}PasswordProtectedTransport</AuthnContextClassRef></AuthnContext>"
        "</AuthnStatement></Assertion></samlp:Response>"
    )
    return Fixture(
        metadata=metadata(key, Key("adfs-next"), Key("adfs-encryption")),
        response=sign(document, assertion, "Assertion", SAML, key),
        expected={
            "idp_entity_id": ENTITY,
            "sso_url": URL,
            "slo_url": URL,
            "subject": "S-1-5-21-1004336348-1177238915-682003330-1234",
            "name_id": "alice@example.com",
            "name_id_format": EMAIL_NAME_ID,
            "email": "alice@example.com",
            "display_name": "Alice O'Engineer",
            "groups": groups,
            "session_index": assertion,
            "authn_context": CONTEXT + "PasswordProtectedTransport",
            "signed": "assertion",
            "encrypted": False,
            "idp_certificates": ["adfs", "adfs-next"],
            "metadata_signed_by": "adfs",
        },
        sources=[
            "Microsoft: AD FS claims rules and claim types (learn.microsoft.com/windows-server/identity/ad-fs)",
            "Microsoft: Set-AdfsRelyingPartyTrust, for SamlResponseSignature and SignatureAlgorithm",
            "An AD FS 2016 response that an administrator published (pastebin.com/XhBud7hv), for layout only",
        ],
        notes=[
            "The entity ID begins with http, the endpoints with https. The metadata is signed and describes an SP too.",
            "KeyInfo has no prefix, what it holds has one. The Response carries a Consent.",
            "The Primary SID is what names a person for ever; NotBefore lies in the second of issue.",
        ],
    )
