"""Allure's page made ours: it asks the network for nothing, and says what the record says."""

from __future__ import annotations

import base64
import json
import re

from reports import PageError

__all__ = ["close", "speak"]

_ANALYTICS = re.compile(
    r'<script async src="https://www\.googletagmanager\.com/[^"]*"></script>\s*<script>\s*window\.dataLayer\b.*?</script>',
    re.DOTALL,
)
_REMOTE = re.compile(r'<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="(?:[a-z]+:)?//', re.IGNORECASE)
# Whatever a description or an attachment holds: the page may show what it carries, and may reach nothing.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' data: blob:; style-src 'unsafe-inline' data: blob:; "
    "img-src data: blob:; font-src data:; frame-src data: blob:; connect-src data: blob:; form-action 'none'; "
    "base-uri 'self'"
)
# Allure shows six lines of an attached table.
_ROOM = "<style>[data-testid=html-attachment-preview] iframe { height: min(30rem, 60vh) }</style>"
_PROGRAM = re.compile(r'(<script[^>]*\ssrc="data:text/javascript;base64,)([A-Za-z0-9+/=]+)(")')
_PIE = re.compile(r'(d\("widgets/(?:[^"]+/)?pie_chart\.json",")([A-Za-z0-9+/=]+)("\))')
_COLOURS = re.compile(r"(--color-status-)(broken|unknown)(-[a-z-]+:\s?var\(--palette-)")
# Allure has five words; the suite has ten, and every item carries its own as a tag and as a category.
_WORDS = {
    '"statuses":{"passed":"passed","failed":"failed","broken":"broken","skipped":"skipped","unknown":"unknown"': (
        '"statuses":{"passed":"passed","failed":"failed","broken":"error","skipped":"set aside","unknown":"warned"'
    ),
    "Calculated from passed, failed, and broken tests. Skipped and unknown tests are excluded.": (
        "Passed out of passed, failed, warned and error; what was set aside is left out."
    ),
}


def close(html: str) -> str:
    """Return the page without its analytics and closed to the network.

    Raises:
        PageError: it still loads something from elsewhere.

    """
    html = _ANALYTICS.sub("", html)
    html = html.replace(
        "<head>", f'<head>\n    <meta http-equiv="Content-Security-Policy" content="{_POLICY}">{_ROOM}', 1
    )
    if _POLICY not in html or _REMOTE.search(html):
        raise PageError("the page that Allure wrote loads something from elsewhere")
    return html


def speak(html: str, rate: int) -> str:
    """Return the page with the suite's words for outcomes, and ``rate`` (per cent) as its success rate.

    Allure leaves out of its rate what it calls unknown, and so would call a run with warnings a full success.
    """
    html = _PIE.sub(lambda match: match[1] + _rated(match[2], rate) + match[3], html)
    return _PROGRAM.sub(lambda match: match[1] + _renamed(match[2]) + match[3], html)


def _rated(widget: str, rate: int) -> str:
    chart = json.loads(base64.b64decode(widget)) | {"percentage": rate}
    return base64.b64encode(json.dumps(chart).encode("utf-8")).decode("ascii")


def _renamed(program: str) -> str:
    """Rename the statuses, and let "warned" be amber and "error" violet instead of the other way round."""
    text = base64.b64decode(program).decode("utf-8")
    for theirs, ours in _WORDS.items():
        text = text.replace(theirs, ours)
    other = {"broken": "unknown", "unknown": "broken"}
    text = _COLOURS.sub(lambda match: match[1] + other[match[2]] + match[3], text)
    return base64.b64encode(text.encode("utf-8")).decode("ascii")
