"""Shibboleth: the Response signed, the assertion encrypted with AES-128-GCM, urn:oid attributes, a federation's metadata."""

from common import *

ENTITY = "https://idp.example.edu/idp/shibboleth"
URL = "https://idp.example.edu/idp/profile/SAML2"
OTHER = "https://login.college.example/idp"
URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
FEDERATION = "https://federation.example/metadata"


def lines(text):
    return wrapped(text, 76, "&#13;\n")


def certificate(key, text=lambda text: wrapped(text, 64)):
    return (
        f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{text(key.base64())}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    )


def metadata(key, encryption, other, federation):
    """An aggregate of a federation: our provider between another one and a service provider."""
    identifier = "example-federation-20260302T060000Z"
    logo = '<mdui:Logo height="60" width="80">https://idp.example.edu/logo.png</mdui:Logo>'
    organisation = (
        "    <md:Organization>\n"
        '      <md:OrganizationName xml:lang="en">Example University</md:OrganizationName>\n'
        '      <md:OrganizationDisplayName xml:lang="en">Example University</md:OrganizationDisplayName>\n'
        '      <md:OrganizationURL xml:lang="en">https://www.example.edu/</md:OrganizationURL>\n'
        "    </md:Organization>\n"
        '    <md:ContactPerson contactType="technical">\n'
        "      <md:EmailAddress>mailto:idp@example.edu</md:EmailAddress>\n"
        "    </md:ContactPerson>\n"
    )

    def services(name, url, bindings):
        return "".join(
            f'      <md:{name} Binding="{BINDING}{b}" Location="{url}/{path}"/>\n' for b, path in bindings
        )

    posts = [("HTTP-POST", "POST"), ("HTTP-POST-SimpleSign", "POST-SimpleSign"), ("HTTP-Redirect", "Redirect")]
    document = (
        f'<md:EntitiesDescriptor xmlns:md="{MD}" xmlns:ds="{DS}" xmlns:alg="urn:oasis:names:tc:SAML:metadata:algsupport" '
        'xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui" xmlns:shibmd="urn:mace:shibboleth:metadata:1.0" '
        'xmlns:mdattr="urn:oasis:names:tc:SAML:metadata:attribute" xmlns:mdrpi="urn:oasis:names:tc:SAML:metadata:rpi" '
        f'xmlns:saml="{SAML}" ID="{identifier}" Name="{FEDERATION}" cacheDuration="PT6H" '
        'validUntil="2026-03-16T06:00:00Z">\n'
        f"{signature(identifier, certificate(federation), declare=False, end=chr(10))}\n"
        "  <md:Extensions>\n"
        f'    <mdrpi:PublicationInfo publisher="{FEDERATION}" creationInstant="2026-03-02T06:00:00Z"/>\n'
        "  </md:Extensions>\n"
        f'  <md:EntityDescriptor entityID="{OTHER}">\n'
        f'    <md:IDPSSODescriptor protocolSupportEnumeration="{SAMLP} urn:oasis:names:tc:SAML:1.1:protocol">\n'
        f"      <md:KeyDescriptor>\n        {certificate(other)}\n      </md:KeyDescriptor>\n"
        + services("SingleSignOnService", OTHER + "/sso", [("HTTP-Redirect", "Redirect")])
        + "    </md:IDPSSODescriptor>\n  </md:EntityDescriptor>\n"
        '  <md:EntityDescriptor entityID="https://library.example/shibboleth">\n'
        f'    <md:SPSSODescriptor protocolSupportEnumeration="{SAMLP}">\n'
        f'      <md:AssertionConsumerService Binding="{BINDING}HTTP-POST" '
        'Location="https://library.example/Shibboleth.sso/SAML2/POST" index="1"/>\n'
        "    </md:SPSSODescriptor>\n  </md:EntityDescriptor>\n"
        f'  <md:EntityDescriptor entityID="{ENTITY}">\n'
        "    <md:Extensions>\n"
        f'      <alg:DigestMethod Algorithm="{SHA256}"/>\n      <alg:SigningMethod Algorithm="{RSA_SHA256}"/>\n'
        "      <mdattr:EntityAttributes>\n"
        f'        <saml:Attribute Name="http://macedir.org/entity-category-support" NameFormat="{URI}">\n'
        "          <saml:AttributeValue>http://refeds.org/category/research-and-scholarship</saml:AttributeValue>\n"
        "        </saml:Attribute>\n      </mdattr:EntityAttributes>\n    </md:Extensions>\n"
        f'    <md:IDPSSODescriptor protocolSupportEnumeration="{SAMLP}" errorURL="https://www.example.edu/help">\n'
        "      <md:Extensions>\n"
        '        <shibmd:Scope regexp="false">example.edu</shibmd:Scope>\n'
        '        <mdui:UIInfo>\n          <mdui:DisplayName xml:lang="en">Example University</mdui:DisplayName>\n'
        f'          <mdui:Description xml:lang="de">Universität Beispiel</mdui:Description>\n          {logo}\n'
        "        </mdui:UIInfo>\n      </md:Extensions>\n"
        f"      <md:KeyDescriptor>\n        {certificate(key)}\n      </md:KeyDescriptor>\n"
        f'      <md:KeyDescriptor use="encryption">\n        {certificate(encryption)}\n      </md:KeyDescriptor>\n'
        f'      <md:ArtifactResolutionService Binding="{BINDING}SOAP" index="1" '
        f'Location="https://idp.example.edu:8443/idp/profile/SAML2/SOAP/ArtifactResolution"/>\n'
        + services("SingleLogoutService", URL, [(b, f"{path}/SLO") for b, path in posts])
        + f"      <md:NameIDFormat>{TRANSIENT_NAME_ID}</md:NameIDFormat>\n"
        + services("SingleSignOnService", URL, [(b, f"{path}/SSO") for b, path in posts])
        + "    </md:IDPSSODescriptor>\n"
        f"{organisation}  </md:EntityDescriptor>\n</md:EntitiesDescriptor>\n"
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>\n@comment@'
    return head + sign(document, identifier, "EntitiesDescriptor", MD, federation, lambda text: wrapped(text, 64))


def fixture():
    sp, key, ours = ServiceProvider("shibboleth"), Key("shibboleth"), Key("sp")
    response, assertion = "_" + hexadecimal("shibboleth response", 32), "_" + hexadecimal("shibboleth assertion", 32)
    session = "_" + hexadecimal("shibboleth session", 32)
    name_id = "AAdzZWNyZXQxTm9ib2R5IHJlYWRzIHRoaXM="
    subject = "9C7XKJ4RZ2V6QWPM3TTNB5LDEH@example.edu"
    groups = ["urn:mace:example.edu:groups:engineering", "urn:mace:example.edu:groups:staff"]
    attributes = [
        ("urn:oid:2.16.840.1.113730.3.1.241", "displayName", ["Alice Überall"]),
        ("urn:oid:0.9.2342.19200300.100.1.3", "mail", ["alice@example.edu"]),
        ("urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "eduPersonPrincipalName", ["alice@example.edu"]),
        ("urn:oid:1.3.6.1.4.1.5923.1.1.1.9", "eduPersonScopedAffiliation", ["member@example.edu", "staff@example.edu"]),
        ("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", "isMemberOf", groups),
        ("urn:oasis:names:tc:SAML:attribute:subject-id", "subject-id", [subject]),
    ]
    statement = "".join(
        f'<saml2:Attribute FriendlyName="{friendly}" Name="{name}" NameFormat="{URI}">'
        + "".join(f"<saml2:AttributeValue>{v}</saml2:AttributeValue>" for v in values)
        + "</saml2:Attribute>"
        for name, friendly, values in attributes
    )
    plain = (
        f'<saml2:Assertion xmlns:saml2="{SAML}" ID="{assertion}" IssueInstant="{instant(-0.6)}" Version="2.0">'
        f"<saml2:Issuer>{ENTITY}</saml2:Issuer><saml2:Subject>"
        f'<saml2:NameID Format="{TRANSIENT_NAME_ID}" NameQualifier="{ENTITY}" SPNameQualifier="{sp.entity_id}">'
        f'{name_id}</saml2:NameID><saml2:SubjectConfirmation Method="{BEARER}"><saml2:SubjectConfirmationData '
        f'Address="192.0.2.44" InResponseTo="{sp.request_id}" NotOnOrAfter="{instant(299.4)}" '
        f'Recipient="{sp.acs_url}"/></saml2:SubjectConfirmation></saml2:Subject>'
        f'<saml2:Conditions NotBefore="{instant(-0.6)}" NotOnOrAfter="{instant(299.4)}"><saml2:AudienceRestriction>'
        f"<saml2:Audience>{sp.entity_id}</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>"
        f'<saml2:AuthnStatement AuthnInstant="{instant(-12.5)}" SessionIndex="{session}">'
        '<saml2:SubjectLocality Address="192.0.2.44"/><saml2:AuthnContext><saml2:AuthnContextClassRef>'
        "https://refeds.org/profile/mfa</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>"
        f"<saml2:AttributeStatement>{statement}</saml2:AttributeStatement></saml2:Assertion>"
    )
    ciphertext, wrapped_key = encrypt(plain, ours, "shibboleth")
    encrypted = (
        f'<saml2:EncryptedAssertion xmlns:saml2="{SAML}"><xenc:EncryptedData xmlns:xenc="{XENC}" '
        f'Id="_{hexadecimal("shibboleth data", 32)}" Type="{XENC}Element">'
        '<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes128-gcm"/>'
        f'<ds:KeyInfo xmlns:ds="{DS}"><xenc:EncryptedKey Id="_{hexadecimal("shibboleth key", 32)}" '
        f'Recipient="{sp.entity_id}"><xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p">'
        f'<ds:DigestMethod Algorithm="{DS}sha1"/></xenc:EncryptionMethod>{certificate(ours, lines)}'
        f"<xenc:CipherData><xenc:CipherValue>{lines(wrapped_key)}</xenc:CipherValue></xenc:CipherData>"
        f"</xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{lines(ciphertext)}</xenc:CipherValue>"
        "</xenc:CipherData></xenc:EncryptedData></saml2:EncryptedAssertion>"
    )
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<saml2p:Response xmlns:saml2p="{SAMLP}" Destination="{sp.acs_url}" ID="{response}" '
        f'InResponseTo="{sp.request_id}" IssueInstant="{instant(-0.6)}" Version="2.0">'
        f'<saml2:Issuer xmlns:saml2="{SAML}">{ENTITY}</saml2:Issuer>'
        f"{signature(response, certificate(key, lines), end=chr(10))}"
        f'<saml2p:Status><saml2p:StatusCode Value="{SUCCESS}"/></saml2p:Status>{encrypted}</saml2p:Response>'
    )
    return Fixture(
        metadata=metadata(key, Key("shibboleth-encryption"), Key("shibboleth-other"), Key("federation")),
        response=sign(document, response, "Response", SAMLP, key, lines),
        expected={
            "idp_entity_id": ENTITY,
            "sso_url": URL + "/Redirect/SSO",
            "slo_url": URL + "/Redirect/SLO",
            "subject": subject,
            "name_id": name_id,
            "name_id_format": TRANSIENT_NAME_ID,
            "email": "alice@example.edu",
            "display_name": "Alice Überall",
            "groups": groups,
            "session_index": session,
            "authn_context": "https://refeds.org/profile/mfa",
            "signed": "response",
            "encrypted": True,
            "idp_certificates": ["shibboleth"],
            "metadata_signed_by": "federation",
            "metadata_entities": [OTHER, "https://library.example/shibboleth", ENTITY],
        },
        sources=[
            "Shibboleth IdP documentation: SecurityConfiguration, AttributeRegistry (shibboleth.atlassian.net/wiki)",
            "SAML V2.0 Subject Identifier Attributes Profile; REFEDS MFA Profile; eduPerson schema",
            "SAML metadata extensions: mdui, algsupport, rpi, entity attributes (docs.oasis-open.org)",
        ],
        notes=[
            "The metadata is a federation's signed aggregate of three entities: entity_id must pick one.",
            "The signing KeyDescriptor has no use. The other provider has neither use nor single logout.",
            "The key is wrapped by rsa-oaep-mgf1p, whose SHA-1 is no signature's: it must not count as SHA-1.",
            "&#13; stands inside the signed CipherValue, too. The NameID is transient, so subject-id names the person.",
        ],
    )
