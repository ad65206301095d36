"""What the fixture provider can do wrong, or unusually, one at a time.

`refuse`: a relying party must not complete the sign-in. `accept`: unusual, yet legal: it must complete.
`either`: the standards leave it to the relying party.
"""

import json

from keys import compact_json, compact_jws, hmac_sha256

FAULTS = {
    # Discovery and keys; a relying party meets these only when it fetches, so mind its cache.
    "redirect-discovery": ("refuse", "discovery answers 307 to a correct document elsewhere"),
    "html-discovery": ("refuse", "discovery answers 200 with an HTML page"),
    "discovery-wrong-issuer": ("refuse", "discovery names another issuer"),
    "huge-discovery": ("refuse", "discovery is correct and 8 MiB long"),
    "slow-discovery": ("refuse", "discovery answers correctly after --slow-seconds"),
    "redirect-jwks": ("refuse", "the key set's address answers 307 to a correct one elsewhere"),
    "html-jwks": ("refuse", "the key set's address answers 200 with an HTML page"),
    "huge-jwks": ("refuse", "the key set is correct and 8 MiB long"),
    "slow-jwks": ("refuse", "the key set comes correctly after --slow-seconds"),
    "private-jwks": ("refuse", "discovery places the key set at this machine's address 0.0.0.0"),
    "private-token": ("refuse", "discovery places the token endpoint at a cloud's metadata service"),
    "private-userinfo": ("refuse", "discovery places userinfo, which alone has the address, in a private network"),
    "jwks-empty": ("refuse", "the key set is empty"),
    "jwks-small-rsa": ("refuse", "keys and signatures are RSA of 1024 bits"),
    "rotate-keys": ("accept", "each ID token is signed by a key made for it; the key set has it"),
    # The authorization response.
    "wrong-state": ("refuse", "the redirect back carries another state"),
    "callback-wrong-iss": ("refuse", "the redirect back carries another iss (RFC 9207)"),
    "callback-no-iss": ("refuse", "the redirect back lacks the iss that discovery promises (RFC 9207)"),
    "error-access-denied": ("refuse", "the redirect back carries error=access_denied"),
    # The token response as a whole.
    "huge-token": ("refuse", "the ID token is valid and more than 8 MiB long"),
    "slow-token": ("refuse", "the token endpoint answers correctly after --slow-seconds"),
    "redirect-token": ("refuse", "the token endpoint answers 307 to one that would work"),
    "html-token": ("refuse", "the token endpoint answers 200 with an HTML page"),
    "token-error": ("refuse", "the token endpoint answers 500"),
    # The ID token's signature and header.
    "alg-none": ("refuse", "alg none, the real kid, no signature"),
    "hs256-with-public-key": ("refuse", "HS256 with the public key's PEM as the secret"),
    "unknown-kid": ("refuse", "signed by the real key, under a kid that is not in the key set"),
    "no-kid": ("either", "signed by the real key, without kid; the key set has one key"),
    "wrong-key": ("refuse", "the real kid, signed by another key"),
    "embedded-jwk": ("refuse", "signed by another key that the header brings along as jwk"),
    "embedded-jku": ("refuse", "signed by another key to which the header points by jku"),
    "critical-header": ("refuse", "an unknown extension in crit"),
    "duplicate-keys": ("refuse", "the payload holds sub twice"),
    # The ID token's claims.
    "wrong-iss": ("refuse", "another issuer"),
    "no-iss-claim": ("refuse", "no iss"),
    "wrong-aud": ("refuse", "another client's id"),
    "aud-empty-list": ("refuse", "aud is an empty list"),
    "two-auds-no-azp": ("refuse", "two audiences and no azp"),
    "wrong-azp": ("refuse", "two audiences and the other one's azp"),
    "wrong-nonce": ("refuse", "another nonce"),
    "no-nonce": ("refuse", "no nonce"),
    "no-sub": ("refuse", "no sub"),
    "no-exp": ("refuse", "no exp"),
    "expired": ("refuse", "expired an hour ago"),
    "future-iat": ("refuse", "issued an hour from now"),
    "wrong-at-hash": ("refuse", "at_hash of another access token"),
    "email-unverified": ("refuse", "email_verified is false: the address must mean nothing"),
    "aud-list": ("accept", "aud is a list of one"),
    "fractional-auth-time": ("accept", "auth_time has a fraction"),
    "auth-time-zero": ("accept", "auth_time is 0, meaning unknown"),
    "no-groups": ("accept", "no groups claim"),
    "empty-groups": ("accept", "groups is an empty list"),
    # Userinfo, which alone has the address.
    "userinfo-wrong-sub": ("refuse", "userinfo names another sub"),
    "redirect-userinfo": ("refuse", "userinfo answers 307 to one that would work"),
    "html-userinfo": ("refuse", "userinfo answers 200 with an HTML page"),
    "huge-userinfo": ("refuse", "userinfo is correct and 8 MiB long"),
    "slow-userinfo": ("refuse", "userinfo answers correctly after --slow-seconds"),
}

PRIVATE = {
    "private-jwks": {"jwks_uri": "https://0.0.0.0:1/jwks"},
    "private-token": {"token_endpoint": "https://169.254.169.254/token"},
    "private-userinfo": {"userinfo_endpoint": "https://[fd00::1]/userinfo"},
}
HUGE = 8 * 1024 * 1024
HOUR = 3600


def mangle_claims(fault, claims, client_id):
    """Changes an ID token's claims in place as `fault` wants them."""
    other = "somebody-else"
    changes = {
        "wrong-iss": {"iss": "https://issuer.invalid"},
        "wrong-aud": {"aud": other, "azp": other},
        "aud-empty-list": {"aud": []},
        "aud-list": {"aud": [client_id]},
        "two-auds-no-azp": {"aud": [client_id, other]},
        "wrong-azp": {"aud": [client_id, other], "azp": other},
        "wrong-nonce": {"nonce": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        "expired": {"iat": claims["iat"] - 2 * HOUR, "exp": claims["iat"] - HOUR},
        "future-iat": {"iat": claims["iat"] + HOUR, "exp": claims["iat"] + 2 * HOUR},
        "wrong-at-hash": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        "email-unverified": {"email_verified": False},
        "fractional-auth-time": {"auth_time": claims["auth_time"] + 0.25},
        "auth-time-zero": {"auth_time": 0},
        "empty-groups": {"groups": []},
        "huge-token": {"padding": "x" * HUGE},
    }
    removals = {
        "no-iss-claim": "iss",
        "two-auds-no-azp": "azp",
        "no-nonce": "nonce",
        "no-sub": "sub",
        "no-exp": "exp",
        "no-groups": "groups",
    }
    claims.update(changes.get(fault, {}))
    if fault in removals:
        claims.pop(removals[fault], None)
    if fault and "userinfo" in fault:
        claims.pop("email", None)


def sign_id_token(fault, claims, key, attacker_key, issuer):
    """A compact JWS over `claims`, sound unless `fault` concerns the signature or the header."""
    header = {"alg": key.algorithm, "typ": "JWT", "kid": key.kid}
    payload = compact_json(claims)
    sign = key.sign
    if fault == "alg-none":
        header["alg"], sign = "none", lambda _: b""
    elif fault == "hs256-with-public-key":
        header["alg"], sign = "HS256", hmac_sha256(key.public_pem())
    elif fault == "unknown-kid":
        header["kid"] = "no-such-key"
    elif fault == "no-kid":
        del header["kid"]
    elif fault == "wrong-key":
        sign = attacker_key.sign
    elif fault == "embedded-jwk":
        header["jwk"], sign = attacker_key.jwk(), attacker_key.sign
    elif fault == "embedded-jku":
        header.update(jku=f"{issuer}/control/attacker-keys", kid=attacker_key.kid)
        sign = attacker_key.sign
    elif fault == "critical-header":
        header.update({"crit": ["urn:example:unknown"], "urn:example:unknown": True})
    elif fault == "duplicate-keys":
        payload = b'{"sub":' + json.dumps("somebody-else").encode() + b"," + payload[1:]
    return compact_jws(compact_json(header), payload, sign)
