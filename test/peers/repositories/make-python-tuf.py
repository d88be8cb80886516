"""Makes the fixture `python-tuf` with python-tuf 7.0.1: see README.md beside this file.

Usage: python make-python-tuf.py FOLDER (in a virtual environment with tuf==7.0.1, securesystemslib[crypto]==1.6.0)
"""

import json
import shutil
import sys
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Signed,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

FOLDER = Path(sys.argv[1])
REPOSITORY, KEYS = FOLDER / "repository", FOLDER / "keys"
TIMESTAMP_EXPIRES = datetime(2026, 12, 7, 12, tzinfo=timezone.utc)
EXPIRES = datetime(2029, 11, 22, 12, tzinfo=timezone.utc)
ROOT_EXPIRES = datetime(2036, 11, 20, 12, tzinfo=timezone.utc)
FILES = {
    "tool/1.0/tool": b"listed in targets.json\n",
    "plugins/hello.so": b"listed in the role plugins\n",
    "plugins/later.so": b"listed in the second version of the role plugins\n",
    "data/a": b"listed in a hash bin\n",
    "data/b": b"listed in another hash bin\n",
}

REPOSITORY.mkdir(parents=True)
KEYS.mkdir()
ROLES = ["root", "targets", "snapshot", "timestamp"]
signers = {role: CryptoSigner.generate_ed25519() for role in [*ROLES, "plugins", "bins"]}


def write(name: str, signed: Signed, signer: CryptoSigner) -> None:
    metadata = Metadata(signed)
    metadata.sign(signer)
    version = "" if name == "timestamp" else f"{signed.version}."
    metadata.to_file(str(REPOSITORY / f"{version}{name}.json"), JSONSerializer(compact=False))


def publish_target(path: str) -> TargetFile:
    """With consistent snapshots a target's file has its hash before its name."""
    target = TargetFile.from_data(path, FILES[path], ["sha256"])
    place = REPOSITORY / "targets" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.with_name(f"{target.hashes['sha256']}.{place.name}").write_bytes(FILES[path])
    return target


def write_key_files(role: str) -> None:
    """As PKCS #8 in PEM, which python-tuf's signers read, and as a key file of go-tuf's, which Timekeeper does."""
    private = signers[role]._private_key
    pkcs8 = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    if role == "timestamp":
        (KEYS / f"{role}.pem").write_bytes(private.private_bytes(*pkcs8))
    raw = (serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
    public = signers[role].public_key.keyval["public"]
    key = {
        "keytype": "ed25519",
        "scheme": "ed25519",
        "keyval": {"public": public, "private": private.private_bytes(*raw).hex() + public},
    }
    (KEYS / f"{role}.json").write_text(json.dumps({"encrypted": False, "data": [key]}, indent="\t") + "\n")


for role in ROLES:
    write_key_files(role)

# Root, and a second one.
root = Root(expires=ROOT_EXPIRES, consistent_snapshot=True)
for role in ROLES:
    root.add_key(signers[role].public_key, role)
for version in [1, 2]:
    root.version = version
    write("root", root, signers["root"])

# Targets: one of its own, one role by a pattern of paths, four bins by the hash of the path.
targets = Targets(expires=EXPIRES)
targets.targets["tool/1.0/tool"] = publish_target("tool/1.0/tool")
bins = {f"bin-{index}": [f"{prefix:x}" for prefix in range(4 * index, 4 * index + 4)] for index in range(4)}
delegated = {
    "plugins": DelegatedRole("plugins", [], 1, False, paths=["plugins/*"]),
    **{name: DelegatedRole(name, [], 1, True, path_hash_prefixes=prefixes) for name, prefixes in bins.items()},
}
targets.delegations = Delegations({}, delegated)
for name in delegated:
    targets.add_key(signers["plugins" if name == "plugins" else "bins"].public_key, name)

parts = {name: Targets(expires=EXPIRES) for name in delegated}
for path in FILES:
    name = next((name for name, role in delegated.items() if role.is_delegated_path(path)), None)
    if name is not None and path != "plugins/later.so":
        parts[name].targets[path] = publish_target(path)

snapshot, timestamp = Snapshot(expires=EXPIRES), Timestamp(expires=TIMESTAMP_EXPIRES)


def publish(version: int, changed: dict[str, Targets]) -> None:
    for name, signed in changed.items():
        signed.version = version
        write(name, signed, signers[name if name in signers else "bins"])
        snapshot.meta[f"{name}.json"] = MetaFile(version)
    snapshot.version = timestamp.version = version
    write("snapshot", snapshot, signers["snapshot"])
    written = (REPOSITORY / f"{version}.snapshot.json").read_bytes()
    timestamp.snapshot_meta = MetaFile(version, len(written), {"sha256": sha256(written).hexdigest()})
    write("timestamp", timestamp, signers["timestamp"])


publish(1, {"targets": targets, **parts})
shutil.copy(REPOSITORY / "timestamp.json", FOLDER / "earlier-timestamp.json")
parts["plugins"].targets["plugins/later.so"] = publish_target("plugins/later.so")
publish(2, {"plugins": parts["plugins"]})
