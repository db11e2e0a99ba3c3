"""What a page may do: run its own scripts, and ask nobody for anything."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable


def content_policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """A content security policy that forbids every request and every script but these.

    Scripts and styles are named by the SHA-256 of their text, between the tags as it stands there.
    """

    def named(texts: Iterable[str]) -> str:
        return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts) or "'none'"

    return f"default-src 'none'; script-src {named(scripts)}; style-src {named(styles)}; img-src data:; media-src data:"
