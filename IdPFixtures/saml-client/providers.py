"""Starts the providers of this folder's neighbours, and says which of their ways of signing there are."""

import contextlib
import json
import subprocess
import tempfile
import urllib.request
from pathlib import Path

import service_provider

FIXTURES = Path(__file__).resolve().parent.parent
TEST_KEY = FIXTURES / "vendors-saml" / "keys" / "sp.key.der"
TEST_CERTIFICATE = FIXTURES / "vendors-saml" / "keys" / "sp.crt.pem"
# By name, which is also the folder's: case, and the options of `start` for it.
CASES = {
    "simplesamlphp": {
        "signed-assertion": ("--sign", "assertion"),
        "signed-response": ("--sign", "response"),
        "signed-both": ("--sign", "both"),
        "encrypted-assertion": ("--sign", "both", "--encrypt"),
    },
    "lemonldap": {
        "signed-assertion": ("--sign", "assertion"),
        "signed-both": ("--sign", "both"),
        "encrypted-assertion": ("--sign", "both", "--encrypt"),
    },
}


@contextlib.contextmanager
def running(name, *options, log=None):
    """The line that the provider printed; it ends with the block. `log` takes what it writes to standard error."""
    with tempfile.TemporaryFile() as errors:
        command = [str(FIXTURES / name / "start"), *map(str, options)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log or errors, text=True)
        try:
            line = process.stdout.readline()
            if not line:
                process.wait(timeout=10)
                errors.seek(0)
                raise AssertionError(f"{name} does not start:\n{errors.read()[-3000:].decode('utf-8', 'replace')}")
            yield json.loads(line)
        finally:
            process.terminate()
            process.stdout.close()
            ended = process.wait(timeout=10)
        assert ended == 0, f"{name} ended with {ended}"


def test_service_provider(base):
    """With the committed test key."""
    return service_provider.ServiceProvider(base, TEST_KEY, TEST_CERTIFICATE)


def metadata_of(ready):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(ready["metadata_url"], timeout=10) as answer:
        return answer.read(1 << 20)


def missing_packages(name):
    packages = (FIXTURES / name / "packages").read_text().split()
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\\n", *packages]
    lines = subprocess.run(query, capture_output=True, text=True, timeout=20).stdout.splitlines()
    installed = {line.split()[0] for line in lines if line.endswith(" installed")}
    return [package for package in packages if package not in installed]
