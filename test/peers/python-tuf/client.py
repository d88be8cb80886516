"""The client of python-tuf, with memories in folders: one request a line on standard input, one answer a line. As client-loop of the go-tuf peer."""

import base64
import json
import shutil
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface

BASE = "folder:/"


class Folder(FetcherInterface):
    """A published directory, as a web server shows it."""

    def __init__(self, repository: Path):
        self.repository = repository

    def _fetch(self, url: str):
        path = self.repository / url.removeprefix(BASE)
        if not path.is_file():
            raise DownloadHTTPError(f"no {url}", 404)
        return iter([path.read_bytes()])


def init(state: Path, root: bytes) -> dict:
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    (state / "root.json").write_bytes(root)
    return {"versions": versions(state)}


def update(state: Path, repository: Path, now: str | None, targets: bool) -> dict:
    fetcher = Folder(repository)
    with tempfile.TemporaryDirectory() as downloads:
        client = Updater(str(state), BASE, downloads, f"{BASE}targets", fetcher, bootstrap=None)
        if now is not None:
            client._trusted_set.reference_time = instant(now)
        client.refresh()
        answer = {"versions": versions(state)}
        if targets:
            listed = json.loads((state / "targets.json").read_bytes())["signed"]["targets"]
            for path in listed:
                client.download_target(client.get_targetinfo(path))
            answer["targets"] = sorted(listed)
    return answer


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)


def versions(state: Path) -> dict:
    roles = [role for role in ("root", "timestamp", "snapshot", "targets") if (state / f"{role}.json").exists()]
    return {role: json.loads((state / f"{role}.json").read_bytes())["signed"]["version"] for role in roles}


def answer(asked: dict) -> dict:
    state = Path(asked["state"])
    try:
        if asked["do"] == "init":
            return {"ok": True, **init(state, base64.b64decode(asked["root"]))}
        return {"ok": True, **update(state, Path(asked["repository"]), asked.get("now"), asked["targets"])}
    except Exception as error:  # a check that fails is an answer
        return {"ok": False, "error": f"{type(error).__name__}: {error}", "versions": versions(state)}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
