"""Changes to Allure's page: it loads nothing from the network, and shows the suite's outcomes and rate."""

from __future__ import annotations

import base64
import json
import re

from reports import PageError

__all__ = ["close", "use_own_outcomes"]

_ANALYTICS = re.compile(
    r'<script async src="https://www\.googletagmanager\.com/[^"]*"></script>\s*<script>\s*window\.dataLayer\b.*?</script>',
    re.DOTALL,
)
_REMOTE = re.compile(r'<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="(?:[a-z]+:)?//', re.IGNORECASE)
# Whatever a description or an attachment contains, the page loads nothing but its own content.
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
# Allure has five statuses, the suite ten outcomes: every item has its outcome as a tag and as a category.
_STATUS_NAMES = {
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


def use_own_outcomes(html: str, rate: int) -> str:
    """Return the page with the suite's names of outcomes, and ``rate`` (per cent) as its success rate.

    Allure's own rate leaves out unknown results, and would show 100 per cent for a run with warnings.
    """
    html = _PIE.sub(lambda match: match[1] + _rated(match[2], rate) + match[3], html)
    return _PROGRAM.sub(lambda match: match[1] + _renamed(match[2]) + match[3], html)


def _rated(widget: str, rate: int) -> str:
    chart = json.loads(base64.b64decode(widget)) | {"percentage": rate}
    return base64.b64encode(json.dumps(chart).encode("utf-8")).decode("ascii")


def _renamed(program: str) -> str:
    """Rename the statuses, and let "warned" be amber and "error" violet instead of the other way round."""
    text = base64.b64decode(program).decode("utf-8")
    for theirs, ours in _STATUS_NAMES.items():
        text = text.replace(theirs, ours)
    other = {"broken": "unknown", "unknown": "broken"}
    text = _COLOURS.sub(lambda match: match[1] + other[match[2]] + match[3], text)
    return base64.b64encode(text.encode("utf-8")).decode("ascii")
