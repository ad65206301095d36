#!/usr/bin/env python3
"""Replays what provisioning clients send (IdPFixtures/<vendor>/scim/*.json) against a SCIM server.

    IdPFixtures/scim/replay.py --base-url https://gateway.example/scim/okta/v2 --token TOKEN [FILE …]

Without files all vendors are replayed, in order. One line a step on standard output; ends with 1 on the first mismatch
of any file. The server needs no users to begin with and may be used by one replay at a time.
"""

import argparse
import json
import pathlib
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request


def filled(value, names):
    """Replaces ${name} in every string."""
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace("${" + name + "}", text)
        return value
    if isinstance(value, list):
        return [filled(element, names) for element in value]
    if isinstance(value, dict):
        return {filled(key, names): filled(element, names) for key, element in value.items()}
    return value


def contains(actual, expected):
    """Objects hold the expected members, lists an equal for each expected element, the rest is equal."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(k in actual and contains(actual[k], v) for k, v in expected.items())
    if isinstance(expected, list):
        return isinstance(actual, list) and all(any(contains(a, e) for a in actual) for e in expected)
    return type(actual) is type(expected) and actual == expected


def mismatch(expected, status, headers, body):
    """What is wrong with an answer, or nothing."""
    if status != expected["status"]:
        return f"status {status}, expected {expected['status']}: {json.dumps(body)[:300]}"
    if "contains" in expected and not contains(body, expected["contains"]):
        return f"{json.dumps(body)[:600]} does not contain {json.dumps(expected['contains'])}"
    for name in expected.get("lacks", []):
        if isinstance(body, dict) and name in body:
            return f"{name} should not be there"
    for name, count in expected.get("counts", {}).items():
        if len((body or {}).get(name, [])) != count:
            return f"{len((body or {}).get(name, []))} in {name}, expected {count}"
    for name, value in expected.get("headers", {}).items():
        if headers.get(name) != value:
            return f"{name}: {headers.get(name)}, expected {value}"
    return None


def send(base_url, token, context, request):
    url = base_url.rstrip("/") + "/".join(urllib.parse.quote(part) for part in request["path"].split("/"))
    if request.get("query"):
        url += "?" + urllib.parse.urlencode(request["query"])
    headers = {"Content-Type": "application/scim+json", "Accept": "application/scim+json"}
    headers.update(request.get("headers", {}))
    if token:
        headers["Authorization"] = "Bearer " + token
    data = json.dumps(request["body"]).encode() if "body" in request else None
    message = urllib.request.Request(url, data=data, headers=headers, method=request["method"])
    try:
        with urllib.request.urlopen(message, timeout=10, context=context) as answer:
            return answer.status, answer.headers, parsed(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, error.headers, parsed(error.read())


def parsed(body):
    return json.loads(body) if body else None


def replay(path, send_one):
    fixture = json.loads(path.read_text())
    names = {}
    for number, step in enumerate(fixture["steps"], 1):
        request, expected = filled(step["request"], names), filled(step["response"], names)
        status, headers, body = send_one(request)
        wrong = mismatch(expected, status, headers, body)
        label = f"{path.parent.parent.name}/{path.stem} {number} {request['method']} {request['path']}: {step['about']}"
        print(f"{'FAIL' if wrong else 'ok'} {label}" + (f"\n     {wrong}" if wrong else ""), flush=True)
        if wrong:
            return False
        for name, member in expected.get("save", {}).items():
            names[name] = body[member]
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--token", default="")
    parser.add_argument("--insecure", action="store_true", help="any certificate")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    context = ssl._create_unverified_context() if options.insecure else None
    fixtures = pathlib.Path(__file__).resolve().parent.parent
    files = options.files or sorted(fixtures.glob("*/scim/*.json"))
    results = [replay(f, lambda r: send(options.base_url, options.token, context, r)) for f in files]
    print(f"{sum(results)} of {len(results)} fixtures as expected")
    sys.exit(0 if results and all(results) else 1)


if __name__ == "__main__":
    main()
