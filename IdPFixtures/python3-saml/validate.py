"""How long python3-saml takes to validate one response: a reference of `ztna-bench saml`.

    validate.py response.xml certificate.pem '{"idp": …, "sp": …, "acs": …, "request_id": …}' ROUNDS

prints one line of JSON: microseconds of this process's CPU per validation. It needs what requirements.txt lists.
"""

import base64
import json
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings


def main():
    document, certificate, names, rounds = sys.argv[1:]
    names = json.loads(names)
    post = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
    redirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
    settings = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {"entityId": names["sp"], "assertionConsumerService": {"url": names["acs"], "binding": post}},
            "idp": {
                "entityId": names["idp"],
                "singleSignOnService": {"url": names["idp"], "binding": redirect},
                "x509cert": Path(certificate).read_text(),
            },
        }
    )
    acs = urlsplit(names["acs"])
    request = {"https": "on", "http_host": acs.netloc, "script_name": acs.path, "get_data": {}, "post_data": {}}
    encoded = base64.b64encode(Path(document).read_bytes()).decode()

    def validate():
        response = OneLogin_Saml2_Response(settings, encoded)
        if not response.is_valid(request, names["request_id"]):
            sys.exit(f"python3-saml refuses the response: {response.get_error()}")
        return response.get_nameid(), response.get_attributes()

    for _ in range(20):
        validate()
    start = time.process_time()
    for _ in range(int(rounds)):
        validate()
    print(json.dumps({"microseconds": (time.process_time() - start) / int(rounds) * 1e6}))


main()
