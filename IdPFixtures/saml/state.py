"""What the fixture identity provider is told and remembers: settings, sessions, requests, refusals."""

import secrets
import time

from messages import CIPHERS, SIGNATURES
from saml2 import saml

PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
MFA = "https://refeds.org/profile/mfa"
CONTEXTS = [
    PASSWORD,
    MFA,
    "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
    "http://schemas.microsoft.com/claims/multipleauthn",
]
NAME_ID_FORMATS = {
    "persistent": saml.NAMEID_FORMAT_PERSISTENT,
    "transient": saml.NAMEID_FORMAT_TRANSIENT,
    "email": saml.NAMEID_FORMAT_EMAILADDRESS,
    "unspecified": saml.NAMEID_FORMAT_UNSPECIFIED,
}
SIGN = ("response", "assertion", "both")


class Status(Exception):
    """A request that is understood and refused; `code` is the second-level status of the answer."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code, self.text = code, text


class Settings:
    """What can be switched while it runs."""

    def __init__(self):
        self.sign, self.encrypt, self.encrypt_algorithm = "both", False, "aes128-gcm"
        self.signature_algorithm, self.name_id_format, self.auto_submit = "rsa-sha256", "", False
        self.logout_binding = "redirect"

    CHOICES = {
        "sign": SIGN,
        "encrypt_algorithm": tuple(CIPHERS),
        "signature_algorithm": tuple(SIGNATURES),
        "name_id_format": ("", *NAME_ID_FORMATS),
        "logout_binding": ("redirect", "post"),
        "encrypt": ("true", "false"),
        "auto_submit": ("true", "false"),
    }

    def set(self, name, value):
        name = name.replace("-", "_")
        if value not in self.CHOICES.get(name, ()):
            raise ValueError(f"no such setting: {name}={value}")
        setattr(self, name, value == "true" if value in ("true", "false") else value)


class Session:
    """A browser in which somebody has signed in."""

    def __init__(self, account, context):
        self.account, self.context, self.instant = account, context, time.time()
        self.index = "_" + secrets.token_hex(16)
        # By entity id: the NameID that the service provider was told.
        self.told = {}


class Request:
    """An AuthnRequest that was verified, or the wish to answer without one."""

    def __init__(self, issuer, acs, id=None, relay_state="", message=None):
        self.issuer, self.acs, self.id, self.relay_state = issuer, acs, id, relay_state
        self.force = message is not None and message.force_authn == "true"
        self.passive = message is not None and message.is_passive == "true"
        policy = message.name_id_policy if message is not None else None
        self.name_id_format = policy.format if policy is not None else None
        wanted = message.requested_authn_context if message is not None else None
        self.contexts = [ref.text.strip() for ref in wanted.authn_context_class_ref] if wanted is not None else []
