"""The guest's file system, made of what is on this machine: an archive that the kernel unpacks into memory."""

import glob
import os
import re
import subprocess
import tempfile
from pathlib import Path

TOOLS = ["/usr/bin/python3", "/usr/sbin/nft", "/usr/bin/ip", "/usr/bin/wireguard-go", "/bin/sh"]
FILES = ["/etc/protocols", "/usr/lib/x86_64-linux-gnu/ossl-modules/legacy.so"]
MODULES = [
    "tun", "veth", "nf_tables", "nft_ct", "nft_log", "nft_limit", "nft_objref", "nft_reject_inet", "nft_reject_ipv4",
    "nft_reject_ipv6", "nfnetlink_log", "nf_conntrack_netlink",
]
UNUSED = {"test", "tests", "idlelib", "tkinter", "lib2to3", "ensurepip", "pydoc_data", "__pycache__"}
FOLDER, PROGRAM, LINK = 0o040755, 0o100755, 0o120777


class Tree:
    def __init__(self):
        self.entries = {}

    def put(self, path, mode, content=b"", source=None):
        path = path.lstrip("/")
        for parent in list(Path(path).parents)[-2::-1]:
            self.entries.setdefault(str(parent), (FOLDER, b"", None))
        self.entries[path] = (mode, content, source)

    def add(self, source, path=None):
        """A file of this machine, and the libraries it needs."""
        path = re.sub("^/(lib64|lib|bin|sbin)/", r"/usr/\1/", path or source)
        if path.lstrip("/") in self.entries:
            return
        source = os.path.realpath(source)
        self.put(path, PROGRAM, source=source)
        with open(source, "rb") as file:
            if file.read(4) != b"\x7fELF":
                return
        listed = subprocess.run(["ldd", source], capture_output=True, text=True).stdout
        for library in re.findall(r"(/\S+) \(0x", listed):
            self.add(library)

    def write(self, path):
        """Source: the kernel's early-userspace/buffer-format, "newc"."""
        with open(path, "wb") as archive:
            for number, (name, (mode, content, source)) in enumerate([*self.entries.items(), ("TRAILER!!!", (0, b"", None))]):
                if source:
                    content = Path(source).read_bytes()
                fields = [number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
                archive.write(b"070701" + "".join(f"{field:08x}" for field in fields).encode() + name.encode() + b"\0")
                archive.write(b"\0" * (-archive.tell() % 4))
                archive.write(content)
                archive.write(b"\0" * (-archive.tell() % 4))


def modules(kernel):
    """Files of the modules, each after those it needs."""
    files = {Path(file).stem.replace("-", "_"): file for file in glob.glob(f"{kernel}/lib/modules/**/*.ko", recursive=True)}
    order = []

    def need(name):
        if name in files and files[name] not in order:
            needs = re.search(rb"\0depends=([^\0]*)", Path(files[name]).read_bytes())
            for other in needs[1].decode().split(",") if needs and needs[1] else []:
                need(other.replace("-", "_"))
            order.append(files[name])

    for name in MODULES:
        need(name)
    return order


def write(path, repository, kernel, programs):
    tree = Tree()
    for name in ("lib64", "lib", "bin", "sbin"):
        tree.put(name, LINK, f"usr/{name}".encode())
    for name in ("dev", "proc", "sys", "run", "tmp", "root", "etc"):
        tree.put(name, FOLDER)
    tree.put("var/run", LINK, b"/run")
    for file in TOOLS + FILES + glob.glob("/usr/lib/python3/dist-packages/_cffi*"):
        tree.add(file)
    for folder in glob.glob("/usr/lib/python3.*") + [
        "/usr/lib/python3/dist-packages/cryptography", "/usr/lib/python3/dist-packages/cffi",
    ]:
        for place, folders, files in os.walk(folder):
            folders[:] = [name for name in folders if name not in UNUSED]
            for name in files:
                if name.endswith((".py", ".so")):
                    tree.add(f"{place}/{name}")
    for file in modules(kernel):
        tree.put(f"modules/{len(tree.entries):06}-{Path(file).name}", PROGRAM, source=file)
    for part in ("oidc", "shared"):
        for file in glob.glob(f"{repository}/IdPFixtures/{part}/*.py"):
            tree.put(file.removeprefix(str(repository)), PROGRAM, source=file)
    own = Path(__file__).parent
    tree.put("init", PROGRAM, source=own / "guest.py")
    for name in ("network.py", "scenario.py"):
        tree.put(f"scenario/{name}", PROGRAM, source=own / name)
    with tempfile.TemporaryDirectory() as folder:
        for name in programs:
            built = f"{repository}/.build/debug/{name}"
            tree.add(built, f"/usr/bin/{name}")
            subprocess.run(["strip", "-o", f"{folder}/{name}", built], check=True)
            tree.put(f"usr/bin/{name}", PROGRAM, source=f"{folder}/{name}")
        tree.write(path)
