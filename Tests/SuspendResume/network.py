"""One organisation in a guest: provider, server, and two devices with real agents on one wire."""

import ctypes
import html
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar, DefaultCookiePolicy

SECONDS = 120
ADDRESS = ("127.0.0.1", 8000)
URL = "http://127.0.0.1:8000"
CONFIGURATION = f"""\
server: {{ url: "{URL}", listen: "127.0.0.1:8000" }}
organisation: Example Corp
state: state
policy: policy.yaml
node_authorizations: {{ lifetime: 24h }}
identity_providers:
  - id: corp
    name: Example SSO
    type: oidc
    issuer: %s
    client_id: ztna
    client_secret_file: secret.txt
    domains: [example.com]
fixtures: {{ plain_http_on_loopback: true }}
"""


class Stuck(Exception):
    """Something did not come about in time."""


def until(what, question, seconds=SECONDS):
    """By the clock that cannot be set."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.02)
    raise Stuck(f"{what}: not within {seconds} s")


def command(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def within(namespace, body):
    """Runs it with this thread in that namespace; sockets made there stay there."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as own, open(f"/run/netns/{namespace}") as other:
        if libc.setns(other.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), namespace)
        try:
            return body()
        finally:
            libc.setns(own.fileno(), 0x40000000)


def carry(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def passage(listener):
    while True:
        inside = listener.accept()[0]
        try:
            outside = socket.create_connection(ADDRESS)
        except OSError:
            inside.close()
            continue
        for ends in ((inside, outside), (outside, inside)):
            threading.Thread(target=carry, args=ends, daemon=True).start()


def is_engine(process):
    try:
        return "wireguard-go" in os.readlink(f"/proc/{process}/exe")
    except FileNotFoundError:
        return False


class Program:
    """A process whose output is kept in a file."""

    def __init__(self, name, *words, namespace=None, output=None):
        self.log = f"/tmp/{name}.log"
        words = (["ip", "netns", "exec", namespace] if namespace else []) + list(words)
        self.process = subprocess.Popen(
            words, cwd="/tmp", stdout=output or open(self.log, "a"), stderr=open(self.log, "a"),
            env=os.environ | {"SWIFT_BACKTRACE": "enable=no"},
        )

    def text(self):
        with open(self.log) as file:
            return file.read()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Flow(threading.Thread):
    """A connection over which bytes go to and fro; it sends whether it is answered or not, so that it notices its end."""

    def __init__(self, device, address, port):
        super().__init__(daemon=True)
        self.connection = None
        self.last = self.end = None
        self.device, self.target = device, (address, port)
        self.start()

    def run(self):
        try:
            self.connection = within(self.device, lambda: socket.create_connection(self.target, 30))
            self.connection.settimeout(0.02)
            while True:
                self.connection.sendall(b"x")
                try:
                    if not self.connection.recv(1000):
                        raise OSError("closed")
                    self.last = time.monotonic()
                except TimeoutError:
                    pass
                time.sleep(0.01)
        except OSError as error:
            self.end = f"{type(error).__name__}"

    def runs(self):
        """A byte comes back from now on."""
        begun = time.monotonic()
        return until("bytes", lambda: self.end or (self.last or 0) > begun) is True

    def quiet(self, seconds):
        """It has ended, or nothing came back for so long."""
        return self.end or time.monotonic() - self.last > seconds


class Device:
    def __init__(self, name):
        self.name = name
        command("ip", "netns", "add", name)
        command("ip", "-n", name, "link", "set", "lo", "up")
        listener = within(name, lambda: socket.create_server(ADDRESS))
        threading.Thread(target=passage, args=(listener,), daemon=True).start()
        os.makedirs(f"/tmp/{name}", exist_ok=True)

    def begin(self):
        self.agent = Program(
            self.name, "ztna-agent", "run", "--state", f"/tmp/{self.name}/state", "--socket",
            f"/tmp/{self.name}/socket", "--interface", f"zt-{self.name}", "--host-name", self.name, "--server", URL,
            namespace=self.name,
        )
        until(f"{self.name}'s agent", lambda: self.ask("status"))

    def ztna(self, *words):
        return ["ztna", *words, "--json", "--socket", f"/tmp/{self.name}/socket"]

    def ask(self, *words):
        done = subprocess.run(self.ztna(*words), capture_output=True)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def enforcing(self):
        status = self.ask("status") or {}
        return status.get("enforcing") and status.get("tunnel") == "up"

    def engines(self):
        return [number for number in command("ip", "netns", "pids", self.name).split() if is_engine(number)]

    def sign_in(self):
        events = f"/tmp/{self.name}.events"
        login = Program(self.name + "-login", *self.ztna("login", "--no-browser"), output=open(events, "w"))
        code = json.loads(until("a code", lambda: re.search(r'{[^\n]*"event":"code"[^\n]*}\n', open(events).read()))[0])
        Browser().walk(code["verification_uri_complete"], self.name, code["number"])
        if login.process.wait(SECONDS):
            raise Stuck(open(events).read() + login.text())
        until(f"{self.name} to enforce", self.enforcing)
        self.address = next(a for a in self.ask("whoami")["addresses"] if ":" not in a)


class Browser:
    """Presses the buttons of our pages and of the provider's."""

    def __init__(self):
        policy = DefaultCookiePolicy(secure_protocols=("http", "https"))
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar(policy)))

    def load(self, url, fields=None, origin=None):
        data = urllib.parse.urlencode(fields).encode() if fields is not None else None
        request = urllib.request.Request(url, data, {"Origin": origin} if origin else {})
        with self.opener.open(request, timeout=SECONDS) as answer:
            self.url, self.page = answer.geturl(), answer.read().decode()
            onward = re.search("url=(.+)", answer.headers.get("Refresh", ""))
        if onward:
            self.load(urllib.parse.urljoin(self.url, onward[1]))

    def submit(self, button=None, **values):
        for form in re.findall(r"<form.*?</form>", self.page, re.S):
            tags = [
                (name, {k: html.unescape(v) for k, v in re.findall(r'([\w-]+)="([^"]*)"', text)})
                for name, text in re.findall(r"<(form|input|button)\b([^>]*)>", form)
            ]
            fields = {
                tag["name"]: tag.get("value", "") for kind, tag in tags
                if kind == "input" and tag.get("type") not in ("radio", "checkbox", "submit") and "name" in tag
            }
            pressed = [tag for kind, tag in tags if kind == "button" or tag.get("type") == "submit"]
            if button:
                pressed = [tag for tag in pressed if tag.get("name") == button[0] and button[1] in (None, tag.get("value"))]
                if not pressed:
                    continue
                fields[pressed[0]["name"]] = pressed[0].get("value", "")
            fields |= {name: value for name, value in values.items() if name in fields or name == "number"}
            parts = urllib.parse.urlsplit(self.url)
            action = urllib.parse.urljoin(self.url, tags[0][1].get("action", ""))
            return self.load(action, fields, f"{parts.scheme}://{parts.netloc}")
        raise Stuck(f"no button {button} on {self.url}: {self.page[:2000]}")

    def walk(self, address, user, number):
        self.load(address)
        self.submit()
        self.submit(("provider", None))
        for _ in range(4):
            if 'value="allow"' in self.page:
                break
            self.submit(username=user, password=f"{user}-password")
        self.submit(("decision", "allow"), number=number)


class Network:
    def __init__(self, ports):
        for name in ("policy.yaml", "secret.txt"):
            open(f"/tmp/{name}", "w").close()
        self.provider = Program(
            "provider", "python3", "/IdPFixtures/oidc/provider.py", "--redirect-uri", f"{URL}/oidc/callback/corp"
        )
        facts = json.loads(until("the provider", lambda: re.search(r"{.*}\n", self.provider.text()))[0])
        with open("/tmp/secret.txt", "w") as file:
            file.write(facts["client_secret"])
        with open("/tmp/ztna.yaml", "w") as file:
            file.write(CONFIGURATION % facts["issuer"])
        self.write_policy("")
        self.server = Program("server", "ztna-server", "serve", "--config", "ztna.yaml")
        until("the server", lambda: "listening" in self.server.text())
        self.bob, self.carol = Device("bob"), Device("carol")
        command("ip", "-n", "bob", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", "carol")
        for device, number in ((self.bob, 1), (self.carol, 2)):
            command("ip", "-n", device.name, "address", "add", f"192.0.2.{number}/24", "dev", "wire")
            command("ip", "-n", device.name, "link", "set", "wire", "up")
            device.begin()
            device.sign_in()
        for port in ports:
            listener = within("carol", lambda: socket.create_server(("0.0.0.0", port)))
            threading.Thread(target=echo, args=(listener,), daemon=True).start()

    def write_policy(self, rules):
        with open("/tmp/policy.yaml", "w") as file:
            file.write('rules:\n  - { name: other, source: "*", destination: "*", allow: [tcp/22] }\n' + rules)

    def apply(self, rules):
        self.write_policy(rules)
        subprocess.run(["ztna-server", "policy", "reload", "--state", "/tmp/state"], check=True, capture_output=True)

    def flow(self, port):
        """A connection from bob to carol on which bytes run; None when it is refused for as long as a policy takes."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            flow = Flow("bob", self.carol.address, port)
            until("bytes, or none", lambda: flow.end or flow.last)
            if not flow.end:
                return flow
            time.sleep(0.1)
        return None


def echo(listener):
    while True:
        connection = listener.accept()[0]
        threading.Thread(target=carry, args=(connection, connection), daemon=True).start()
