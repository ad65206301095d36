"""The fixture provider's state and rules, without HTTP: sign-ins, browser sessions, codes, tokens.

Source: OpenID Connect Core 1.0 §3.1; RFC 6749 §4.1; RFC 7636 (PKCE); RFC 9207 (iss in the response).
"""

import hashlib
import hmac
import secrets
import threading
import time

from faults import PRIVATE, mangle_claims, sign_id_token
from keys import SigningKey, base64url, compact_json, compact_jws, left_half_hash
from people import Expiring, account_of

ACR_PASSWORD = "urn:example:acr:password"
ACR_MFA = "urn:example:acr:mfa"
LOGIN_SECONDS, CODE_SECONDS, TOKEN_SECONDS, SESSION_SECONDS = 600, 60, 300, 8 * 3600
MOST_KEYS = 8


class Refusal(Exception):
    """An OAuth error; `code` is the wire's word for it."""

    def __init__(self, code, description):
        super().__init__(f"{code}: {description}")
        self.code, self.description = code, description


class Session:
    """A browser in which somebody has signed in."""

    def __init__(self, account, acr, amr, now):
        self.account, self.acr, self.amr, self.auth_time = account, acr, amr, now
        self.sid = secrets.token_urlsafe(16)


class Provider:
    """One OpenID provider with one client. Methods are called from many threads."""

    def __init__(self, issuer, client_id, client_secret, redirect_uris, algorithm, fault):
        self.issuer, self.client_id, self.client_secret = issuer, client_id, client_secret
        self.redirect_uris, self.algorithm, self.fault = list(redirect_uris), algorithm, fault
        self.attacker_key = SigningKey(algorithm)
        self.small_key = None
        self.lock = threading.RLock()
        self.requests = Expiring(LOGIN_SECONDS)
        self.sessions = Expiring(SESSION_SECONDS)
        self.codes = Expiring(CODE_SECONDS)
        self.used_codes = Expiring(TOKEN_SECONDS)
        self.tokens = Expiring(TOKEN_SECONDS)
        self.keys = []
        self.rotate()

    def rotate(self):
        """Makes a new signing key; the key set keeps a few from before, too."""
        new = SigningKey(self.algorithm)
        with self.lock:
            self.keys = [new] + self.keys[: MOST_KEYS - 1]
            return new

    def discovery(self):
        at = self.issuer
        return {
            "issuer": at if self.fault != "discovery-wrong-issuer" else "https://issuer.invalid",
            "authorization_endpoint": f"{at}/authorize",
            "token_endpoint": f"{at}/token",
            "userinfo_endpoint": f"{at}/userinfo",
            "jwks_uri": f"{at}/jwks",
            "end_session_endpoint": f"{at}/end-session",
            "scopes_supported": ["openid", "email", "profile", "groups"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.algorithm],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "acr_values_supported": [ACR_PASSWORD, ACR_MFA],
            "prompt_values_supported": ["none", "login"],
            "claims_supported": "iss sub aud exp iat auth_time nonce at_hash azp amr acr sid email email_verified "
            "name preferred_username groups".split(),
            "authorization_response_iss_parameter_supported": True,
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": True,
            **PRIVATE.get(self.fault, {}),
        }

    def key_set(self):
        with self.lock:
            if self.fault == "jwks-empty":
                return {"keys": []}
            if self.fault == "jwks-small-rsa":
                return {"keys": [self._small_key().jwk()]}
            return {"keys": [key.jwk() for key in self.keys]}

    def check_client_and_redirect(self, query):
        """Until both are known, no error may be sent to the redirect URI. Source: RFC 6749 §4.1.2.1."""
        if query.get("client_id") != self.client_id:
            raise Refusal("invalid_client", "There is no such client.")
        if query.get("redirect_uri") not in self.redirect_uris:
            raise Refusal("invalid_request", "This redirect URI is not registered, letter by letter.")

    def check_authorization_request(self, query):
        if query.get("response_type") != "code":
            raise Refusal("unsupported_response_type", "response_type must be code")
        if "openid" not in query.get("scope", "").split():
            raise Refusal("invalid_scope", "scope must contain openid")
        if query.get("code_challenge_method") != "S256" or len(query.get("code_challenge", "")) != 43:
            raise Refusal("invalid_request", "PKCE with S256 is required")
        if not query.get("max_age", "0").isdecimal():
            raise Refusal("invalid_request", "max_age must be a number of seconds")

    def session_suffices(self, session, query):
        """Whether an existing sign-in answers this request, or the person must sign in (again)."""
        if session is None or "login" in query.get("prompt", "").split():
            return False
        if "max_age" in query and time.time() - session.auth_time >= int(query["max_age"]):
            return False
        wanted = query.get("acr_values", "").split()
        return not wanted or session.acr in wanted

    def sign_in(self, username, password, query):
        """A new session, or None. Asking for an acr is answered with it, and with `mfa` in amr."""
        account = account_of(username, password)
        if account is None:
            return None
        wanted = query.get("acr_values", "").split()
        amr = list(account.amr)
        if wanted and wanted[0] != ACR_PASSWORD:
            amr += [method for method in ("otp", "mfa") if method not in amr]
        acr = wanted[0] if wanted else ACR_MFA if "mfa" in amr else ACR_PASSWORD
        return Session(account, acr, amr, time.time())

    def authorization_response(self, session, query):
        """The parameters of the redirect back, with a new code."""
        if self.fault == "error-access-denied":
            return self.error_response(Refusal("access_denied", "The person said no."), query)
        with self.lock:
            code = self.codes.add((session, dict(query)))
        answer = {"code": code}
        if "state" in query:
            answer["state"] = query["state"] if self.fault != "wrong-state" else secrets.token_urlsafe(32)
        return self._with_issuer(answer)

    def error_response(self, refusal, query):
        answer = {"error": refusal.code, "error_description": refusal.description}
        if "state" in query:
            answer["state"] = query["state"]
        return self._with_issuer(answer)

    def _with_issuer(self, answer):
        if self.fault != "callback-no-iss":
            answer["iss"] = self.issuer if self.fault != "callback-wrong-iss" else "https://issuer.invalid"
        return answer

    def redeem(self, form):
        """The token response for an authorization code. Source: RFC 6749 §4.1.3; RFC 7636 §4.6."""
        if form.get("grant_type") != "authorization_code":
            raise Refusal("unsupported_grant_type", "only authorization_code is served")
        code = form.get("code", "")
        with self.lock:
            found = self.codes.remove(code)
            if found is None:
                # RFC 6749 §4.1.2: a code used twice SHOULD revoke what it gave the first time.
                self.tokens.remove(self.used_codes.remove(code))
                raise Refusal("invalid_grant", "the code is unknown, expired or used")
            session, query = found
            if form.get("redirect_uri") != query["redirect_uri"]:
                raise Refusal("invalid_grant", "redirect_uri is not the one of the authorization request")
            challenge = base64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
            if not hmac.compare_digest(challenge, query["code_challenge"]):
                raise Refusal("invalid_grant", "code_verifier does not match")
            access_token = self.tokens.add(session)
            self.used_codes.add(access_token, name=code)
        return {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": query["scope"],
            "id_token": self.id_token(session, query, access_token),
        }

    def id_token(self, session, query, access_token):
        now = int(time.time())
        key = self._key_for_token()
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "azp": self.client_id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "auth_time": int(session.auth_time),
            "at_hash": left_half_hash(key.algorithm, access_token),
            "amr": session.amr,
            "acr": session.acr,
            "sid": session.sid,
            **self._profile(session),
        }
        if "nonce" in query:
            claims["nonce"] = query["nonce"]
        mangle_claims(self.fault, claims, self.client_id)
        return sign_id_token(self.fault, claims, key, self.attacker_key, self.issuer)

    def logout_token(self, session):
        """What tells the client that a session is over. Source: OpenID Connect Back-Channel Logout 1.0 §2.4."""
        now = int(time.time())
        key = self._key_for_token()
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(16),
            "sub": session.account.sub,
            "sid": session.sid,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }
        header = {"alg": key.algorithm, "kid": key.kid, "typ": "logout+jwt"}
        return compact_jws(compact_json(header), compact_json(claims), key.sign)

    def userinfo(self, access_token):
        with self.lock:
            session = self.tokens.get(access_token)
        if session is None:
            raise Refusal("invalid_token", "the access token is unknown, expired or revoked")
        claims = self._profile(session)
        if self.fault == "userinfo-wrong-sub":
            claims["sub"] = "somebody-else"
        if self.fault == "email-unverified":
            claims["email_verified"] = False
        if self.fault == "no-groups":
            del claims["groups"]
        if self.fault == "empty-groups":
            claims["groups"] = []
        return claims

    def _profile(self, session):
        account = session.account
        return {
            "sub": account.sub,
            "email": account.email,
            "email_verified": True,
            "name": account.name,
            "preferred_username": account.username,
            "groups": list(account.groups),
        }

    def _key_for_token(self):
        if self.fault == "rotate-keys":
            return self.rotate()
        with self.lock:
            return self._small_key() if self.fault == "jwks-small-rsa" else self.keys[0]

    def _small_key(self):
        if self.small_key is None:
            self.small_key = SigningKey("RS256", rsa_bits=1024)
        return self.small_key
