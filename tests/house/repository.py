"""Rules about the tree: what belongs together is all there, and what belongs nowhere is not."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Written in pieces, so that this file does not find itself.
_HOSTS = re.compile(
    "|".join(
        (
            "index" + r"[-_]url\b",
            "find" + r"[-_]links\b",
            '"resolved' + r'"\s*:',
            r"https?://[^\s\"]*/(?:simple|packages|-)/",
        )
    )
)
_LINK = re.compile(r"\[[^\]]*\]\((?!https?://|#|mailto:)(?P<path>[^)#\s]+)")
_ANCHOR = re.compile(r"\[[^\]]*\]\((?!https?://)(?P<path>[^)#\s]*)#(?P<anchor>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(?P<text>.*)$", re.MULTILINE)
_FENCED = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
# There is no place at which such a line could be broken.
_UNBREAKABLE = re.compile(r"\s*(?:[-*] |\d+\. )?(?:!?\[[^\]]*\]\(\S*\)|\S+)[.,;:]?\s*|\| `steward/[\w/]+` \|.*")
_PATH = re.compile(
    r"`(?P<path>(?:(?:steward|reports|sql|checks|maintenance|profiles|tests|docs|deploy|bench|requirements|\.ci)/)"
    r"[\w./-]*\w/?)(?:::(?P<test>test_\w+)(?:\[\w+\])?)?`"
)
_NAME_IN_FILE = re.compile(r"`(?P<name>[A-Za-z_]\w*)` in\s+`(?P<path>[\w./]+\.(?:py|toml|json))`")
# Made by a run, and ignored by git.
_MADE = "reports/runs"


def tracked(*patterns: str) -> list[Path]:
    """Return the files that git tracks (all, or those that fit a pattern), relative to the repository."""
    git = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(git, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]


def read(*patterns: str) -> dict[Path, str]:
    """Return the text of tracked files; those that are no text are left out."""
    found = {}
    for path in tracked(*patterns):
        try:
            found[path] = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def hosts(files: dict[Path, str], places: tuple[str, ...]) -> list[str]:
    """Return the lines that name a package index, a download address, or a place that exists on one machine only."""
    found = []
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if _HOSTS.search(line) or any(place in line for place in places):
                found.append(f"{path}:{number} {line.strip()[:80]}")
    return found


def stems(kind: str, folders: dict[str, str], files: list[Path]) -> list[str]:
    """Return which of an item's parts is missing, and which has no item.

    ``folders`` maps a part's folder to the pattern of its name; ``{stem}`` is the item's name without ``test_``.
    """
    items = sorted(
        path.stem.removeprefix("test_") for path in files if path.parent == Path(kind) and path.match("test_*.py")
    )
    found = []
    for folder, pattern in folders.items():
        present = sorted(path.name for path in files if path.parent == Path(folder) and path.name != "README.md")
        fits = {stem: re.compile(pattern.format(stem=re.escape(stem))) for stem in items}
        lacking = [stem for stem, fit in fits.items() if not any(fit.fullmatch(name) for name in present)]
        strays = [name for name in present if not any(fit.fullmatch(name) for fit in fits.values())]
        found += [f"{kind}/test_{stem}.py has nothing in {folder}" for stem in lacking]
        found += [f"{folder}/{name} belongs to no item of {kind}" for name in strays]
    return found


def without_readme(files: list[Path], folder: str) -> list[str]:
    """Return the folders from ``folder`` on that hold files and no README.md."""
    holding = {place for path in files for place in path.parents if place.is_relative_to(folder)}
    return [f"{place} has no README.md" for place in sorted(holding) if place / "README.md" not in files]


def dead_links(files: dict[Path, str], root: Path = ROOT) -> list[str]:
    """Return the links of Markdown files that lead nowhere."""
    return [
        f"{path} links to {match['path']}"
        for path, text in files.items()
        for match in _LINK.finditer(text)
        if not (root / path.parent / match["path"]).exists()
    ]


def long_files(files: dict[Path, str], limit: int) -> list[str]:
    """Return the files with more lines than ``limit``."""
    return [f"{path} has {count} lines" for path, text in files.items() if (count := len(text.splitlines())) > limit]


def long_lines(files: dict[Path, str], limit: int) -> list[str]:
    """Return the lines with more than ``limit`` characters, table rows included.

    Only a line that cannot be broken may be longer: one link, one image, one word, or a row of the table of packages,
    whose sentences are those of the packages themselves.
    """
    return [
        f"{path}:{number} has {len(line)} characters"
        for path, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if len(line) > limit and not _UNBREAKABLE.fullmatch(line)
    ]


def _anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = (match["text"] for match in _HEADING.finditer(_FENCED.sub("", text)))
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def dead_anchors(files: dict[Path, str], root: Path = ROOT) -> list[str]:
    """Return the links of Markdown files to headings that their page does not have."""
    found = []
    for path, text in files.items():
        for match in _ANCHOR.finditer(_FENCED.sub("", text)):
            page = (root / path.parent / match["path"]) if match["path"] else root / path
            known = _anchors(page.read_text(encoding="utf-8")) if page.is_file() else set()
            if match["anchor"] not in known:
                found.append(f"{path} links to {match['path']}#{match['anchor']}")
    return found


def unknown_paths(files: dict[Path, str], root: Path = ROOT) -> list[str]:
    """Return the paths in backticks that the repository does not have, and the tests that their file does not have."""
    found = []
    for path, text in files.items():
        for match in _PATH.finditer(_FENCED.sub("", text)):
            named = root / match["path"]
            if match["path"].startswith(_MADE):
                continue
            if not named.exists() or (match["test"] and f"def {match['test']}(" not in named.read_text("utf-8")):
                found.append(f"{path} names {match.group(0)}")
    return found


def unknown_names(files: dict[Path, str], root: Path = ROOT) -> list[str]:
    """Return what pages place in a file ("`name` in `path`") that does not have it."""
    found = []
    for path, text in files.items():
        for match in _NAME_IN_FILE.finditer(text):
            named = root / match["path"]
            if named.is_file() and not re.search(rf"\b{match['name']}\b", named.read_text(encoding="utf-8")):
                found.append(f"{path} places {match['name']} in {match['path']}")
    return found


def unexplained(items: dict[Path, str], pages: str, root: Path = ROOT) -> list[str]:
    """Return the tests of ``items`` that the page of their module, in the folder ``pages``, does not explain."""
    found = []
    for path, text in items.items():
        page = root / pages / f"{path.stem.removeprefix('test_')}.md"
        explained = page.read_text(encoding="utf-8")
        tests = re.findall(r"^def (test_\w+)\(", text, re.MULTILINE)
        missing = [test for test in tests if not re.search(rf"\b{test}(?:\[\w+\])?`", explained)]
        found += [f"{page.relative_to(root)} does not explain {test}" for test in missing]
    return found
