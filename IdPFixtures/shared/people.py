"""The people of the fixture providers, and what a provider remembers for a while."""

import hashlib
import hmac
import secrets
import time

MOST_ENTRIES = 20_000


class Account:
    """A person who can sign in; the password is the user name and `-password`."""

    def __init__(self, name, email, groups, amr):
        self.name, self.email, self.groups, self.amr = name, email, groups, amr
        self.username = email.partition("@")[0]
        self.sub = hashlib.sha256(email.encode()).hexdigest()[:24]
        self.password = f"{self.username}-password"


ACCOUNTS = [
    Account("Alice Adams", "alice@example.com", ["engineering"], ["pwd", "otp", "mfa"]),
    Account("Bob Brown", "bob@example.com", ["interns"], ["pwd"]),
    Account("Carol Clark", "carol@example.com", ["contractors"], ["pwd"]),
    Account("Carol Clark", "carol@contractors.example", ["contractors"], ["pwd"]),
    Account("Mallory Moore", "mallory@elsewhere.example", ["engineering"], ["pwd"]),
]


def account_of(username, password):
    """Who signs in with these, by user name or e-mail address; None when they are wrong."""
    name = username.strip().lower()
    for account in ACCOUNTS:
        if name in (account.username, account.email) and hmac.compare_digest(
            password.encode(), account.password.encode()
        ):
            return account
    return None


class Expiring:
    """A dictionary whose entries end by time, and the oldest by number."""

    def __init__(self, seconds):
        self.seconds, self.entries = seconds, {}

    def add(self, value, name=None):
        name = name or secrets.token_urlsafe(32)
        while len(self.entries) >= MOST_ENTRIES:
            del self.entries[next(iter(self.entries))]
        self.entries[name] = (time.time() + self.seconds, value)
        return name

    def get(self, name):
        end, value = self.entries.get(name, (0, None))
        return value if time.time() < end else None

    def remove(self, name):
        value = self.get(name)
        self.entries.pop(name, None)
        return value
