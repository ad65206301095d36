"""How long scim2-server takes for what provisioning clients do: a reference of `ztna-bench scim`.

    measure.py USERS

fills a server with USERS people and one group of them all, by its WSGI application called in this process (no sockets),
and prints one line of JSON: creations and users in pages per second, milliseconds of the rest (medians). It needs what
requirements.txt lists.
"""

import io
import json
import statistics
import sys
import time
from urllib.parse import quote

from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import load_default_provider

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


class Server:
    def __init__(self):
        provider = load_default_provider()
        self.application = BearerTokenApplication(InMemoryStorage(), provider, bearer_tokens=["bench"])

    def ask(self, method, target, body=None, expected=200):
        data = b"" if body is None else json.dumps(body).encode()
        path, _, query = target.partition("?")
        environ = {
            "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": "/v2" + path, "QUERY_STRING": query,
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost", "HTTP_AUTHORIZATION": "Bearer bench", "CONTENT_TYPE": "application/scim+json",
            "CONTENT_LENGTH": str(len(data)), "wsgi.input": io.BytesIO(data), "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http", "wsgi.version": (1, 0), "wsgi.multithread": False, "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        status = []
        answer = b"".join(self.application(environ, lambda line, headers: status.append(int(line.split()[0]))))
        if status != [expected] and not (expected == 200 and status == [204]):
            sys.exit(f"{method} {target}: {status} {answer[:300]}")
        return json.loads(answer) if answer else None


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median(rounds, work):
    return statistics.median(seconds(lambda: work(number)) for number in range(rounds)) * 1000


def main():
    users = int(sys.argv[1])
    server = Server()
    ids = []

    def create(number):
        name = f"person-{number}@example.com"
        body = {
            "schemas": [USER], "userName": name, "externalId": f"person-{number}", "active": True,
            "displayName": f"Person {number}", "name": {"givenName": "Person", "familyName": str(number)},
            "emails": [{"value": name, "type": "work", "primary": True}],
        }
        ids.append(server.ask("POST", "/Users", body, 201)["id"])

    creation = seconds(lambda: [create(number) for number in range(users)])

    def page(start):
        server.ask("GET", f"/Users?startIndex={start}&count=100")

    starts = range(1, min(users, 1000), 100)
    pages = seconds(lambda: [page(start) for start in starts])

    def look(number):
        filtered = quote(f'userName eq "person-{number * 7919 % users}@example.com"')
        assert server.ask("GET", f"/Users?filter={filtered}")["totalResults"] == 1

    lookup = median(50, look)
    members = [{"value": user} for user in ids]
    rest, some = members[:-1000], members[-1000:]
    group = server.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": "staff", "members": rest}, 201)["id"]

    def patch(*operations):
        server.ask("PATCH", f"/Groups/{group}", {"schemas": [PATCH], "Operations": list(operations)})

    def remove(number):
        patch({"op": "remove", "path": f'members[value eq "{ids[number]}"]'})

    def add(number):
        patch({"op": "add", "path": "members", "value": [{"value": ids[number]}]})

    batch = median(1, lambda _: patch({"op": "add", "path": "members", "value": some}))
    removal, addition = median(3, remove), median(3, add)
    reading = median(3, lambda _: server.ask("GET", f"/Groups/{group}?excludedAttributes=members"))
    print(
        json.dumps(
            {
                "creations": users / creation, "paged": len(starts) * 100 / pages, "lookup": lookup, "add": addition,
                "remove": removal, "batch": batch, "group": reading,
            }
        )
    )


main()
