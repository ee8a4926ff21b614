"""Puts a Markdown file below a pull request: one comment per hidden key, changed in place from run to run.

Never fails: what cannot be commented stands in the job's summary, and the check's verdict does not wait for it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

#: Pages of 100 comments that are looked through for ours.
MAX_PAGES = 30


def main(file: str) -> None:
    """Comment, or say why not."""
    try:
        body = Path(file).read_text(encoding="utf-8")
    except OSError:
        note("there is no report to comment with")
        return
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    issues = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/issues"
    try:
        ours = find_comment(f"{issues}/{event['pull_request']['number']}/comments", body.partition("\n")[0])
        if ours is None:
            call("POST", f"{issues}/{event['pull_request']['number']}/comments", {"body": body})
        else:
            call("PATCH", f"{issues}/comments/{ours}", {"body": body})
    except HTTPError as error:
        why = "the token may not (a fork's never may)" if error.code in (401, 403, 404) else f"status {error.code}"
        note(f"no comment on the pull request: {why}")
    except (URLError, TimeoutError, ValueError) as error:
        note(f"no comment on the pull request: {error}")


def find_comment(address: str, key: str) -> int | None:
    """The number of the comment that begins with that line; None where there is none."""
    for page in range(1, MAX_PAGES + 1):
        comments = call("GET", f"{address}?per_page=100&page={page}")
        for comment in comments:
            if str(comment["body"]).replace("\r\n", "\n").partition("\n")[0] == key:
                return int(comment["id"])
        if len(comments) < 100:
            break
    return None


def call(method: str, address: str, body: dict[str, str] | None = None) -> Any:
    """One request of GitHub's API; its answer."""
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
        "Content-Type": "application/json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(address, data, headers, method=method), timeout=30) as answer:
        return json.loads(answer.read())


def note(text: str) -> None:
    """A notice beside the run; the job's summary has the report."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    sys.stdout.write(f"::notice title=layerscope::{escaped}; the report is in the job's summary.\n")


if __name__ == "__main__":
    main(sys.argv[1])
