"""What the attacker holds: genuine responses about Bob; and what he would like to be read: an assertion about Alice."""

import re

from documents import ALICE, BOB, assertion, response, signed_assertion, signed_response

GENUINE_ASSERTION = signed_assertion(BOB)
GENUINE_RESPONSE = signed_response(assertion(BOB))


def evil_assertion(**parts):
    return assertion(ALICE, **{"id": "_evil", **parts})


def bob(**options):
    """A response with Bob's assertion, signed as the options say."""
    return response(signed_assertion(BOB, **options))


def whole(**options):
    """The same with the response signed."""
    return signed_response(assertion(BOB), **options)


def split(text):
    """(the signed text without its signature, the signature)."""
    found = re.search(r"<ds:Signature .*?</ds:Signature>", text, re.DOTALL)
    return text[: found.start()] + text[found.end() :], found.group()
