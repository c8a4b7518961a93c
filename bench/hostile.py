"""Commands in a malicious results folder: no crash, no writes elsewhere, no leaks.

A study is run once. Then files of its results folder are repeatedly replaced or forged
at random (pipes, links out of the folder, folders, deeply nested JSON, invalid numbers,
lone surrogates, names of 10,000 characters, paths and data elsewhere), and one command is
called in a copy. It must end in time, with a documented exit code and no traceback; it
must not write outside of its folders, print a forged line or a control character, or
quote a private file. Prints the counts; exits with 1 if a count of faults is not 0.

    python bench/hostile.py [--tries 200] [--seed 0] [--only report-html]
"""

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from command import Answer, call, import_all
from damage import RUN, write_study

SECRET = "root:hunter2:of-nobody-else"
FORGED = "FORGED"
LONGEST = 120.0  # seconds
ELSEWHERE = Path(tempfile.gettempdir())
RESULTS = ("--results", "results")
CACHE = ("--cache", "cache")
CODE = "T0010-0040-0000"
OTHER = "T0010-0120-0000"

#: They may only write to the folders `results`, `cache` and `out`.
COMMANDS: dict[str, tuple[str, ...]] = {
    "report": ("report", *RESULTS),
    "report-json": ("report", *RESULTS, "--format", "json"),
    "report-html": ("report", *RESULTS, "--html", "out/page.html"),
    "report-plots": ("report", *RESULTS, "--plots", "out/plots"),
    "report-effects": ("report", *RESULTS, "--effects"),
    "report-mlflow": ("report", *RESULTS, "--mlflow", "sqlite:///out/mlflow.db"),
    "show": ("show", CODE, *RESULTS, "--plots", "out/plots"),
    "compare": ("compare", CODE, OTHER, *RESULTS),
    "export": ("export", CODE, *RESULTS, *CACHE, "-o", "out/model.joblib"),
    "explain": (
        "explain",
        CODE,
        *RESULTS,
        *CACHE,
        "--row",
        "5",
        "--html",
        "out/e.html",
    ),
    "check": ("check", *RESULTS, "--baseline", "out/baseline.json"),
    "check-update": ("check", "--update", *RESULTS, "--baseline", "out/new.json"),
    "check-junit": (
        *("check", *RESULTS, "--baseline", "out/baseline.json"),
        *("--format", "junit", "--write", "out/check.xml"),
    ),
    "merge": ("merge", "results", "--results", "out/merged"),
    "why": ("why", CODE, *RESULTS, *CACHE),
    "run": RUN,
}

NAMES = (
    "..", "../../escaped", f"{ELSEWHERE}/escaped-absolute", "", ".", "a\0b", "x" * 10_000,
    f"a\n{FORGED} line", "\x1b]0;title\x07\x1b[2J", "\u202eevil", "\ud800", "CON", "a/b",
    "-rf", "%s%n", "{0.__class__}", "<script>alert(1)</script>",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    *NAMES, None, True, -1, 0, 10**400, 1e308, float("nan"), float("inf"), [], {},
    [[]], {"a": {"b": {}}}, "/dev/zero", "/etc/passwd", "private.txt", "pipe",
)  # fmt: skip


def replace_by_pipe(path: Path, draw: random.Random) -> None:
    del draw
    _remove(path)
    os.mkfifo(path)


def replace_by_folder(path: Path, draw: random.Random) -> None:
    del draw
    _remove(path)
    path.mkdir()


def link_elsewhere(path: Path, draw: random.Random) -> None:
    """Replace a file with a symbolic link."""
    _remove(path)
    root = next(p for p in path.parents if (p / "private.txt").exists())
    targets = (
        "/dev/zero",
        "/dev/full",
        path.name,
        root / "private.txt",
        root / "outside",
    )
    path.symlink_to(draw.choice(targets))


def write_deep(path: Path, draw: random.Random) -> None:
    path.write_bytes(draw.choice((b"[", b'{"a":')) * 500_000)


def write_sparse(path: Path, draw: random.Random) -> None:
    del draw
    with path.open("wb") as file:
        file.truncate(1 << 36)


def write_noise(path: Path, draw: random.Random) -> None:
    path.write_bytes(draw.randbytes(draw.randrange(2000)))


def read_json(path: Path) -> Any:
    """Return the contents of a JSON file; None if another attack has damaged it."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        return json.loads(path.read_bytes())
    return None


def forge_values(path: Path, draw: random.Random) -> None:
    """Change some values of a JSON file; overwrite any other file with noise."""
    content = read_json(path) if path.suffix == ".json" else None
    if content is None:
        write_noise(path, draw)
        return
    for _ in range(draw.randint(1, 4)):
        _set_any(content, draw)
    text = json.dumps(content)
    if draw.random() < 0.2:
        text = re.sub(r"\d+\.\d+", "1e400", text, count=1)
    path.write_text(text, encoding="utf-8", errors="surrogatepass")


def forge_source(path: Path, draw: random.Random) -> None:
    """Make records refer to other data, and runs to another scenario file."""
    targets = (
        "/dev/zero", "/etc/passwd", "private.txt", "pipe", "../outside", "outside",
    )  # fmt: skip
    target = draw.choice(targets)
    for file in path.parents[0].rglob("*.json"):
        _forge_source(file, target)


def _forge_source(file: Path, target: str) -> None:
    if not file.is_file() or file.stat().st_size > 1 << 20:
        return
    content = read_json(file)
    if not isinstance(content, dict):
        return
    source = content.get("dataset", {}).get("source")
    if source:
        source["params"]["path"] = target
    elif "path" in content:
        content["path"] = target
        content["study"] = target
    file.write_text(json.dumps(content), encoding="utf-8")


def rename_folder(path: Path, draw: random.Random) -> None:
    """Rename a folder, if the system accepts the name."""
    name = draw.choice(NAMES).replace("\0", "").replace("/", "_")[:200] or "x"
    target = path.parent.parent / name
    if name not in (".", "..") and not target.exists():
        path.parent.rename(target)  # fails if the name has a lone surrogate


ATTACKS: tuple[Callable[[Path, random.Random], None], ...] = (
    replace_by_pipe, replace_by_folder, link_elsewhere, write_deep, write_sparse,
    write_noise, forge_values, forge_values, forge_values, forge_source, forge_source,
    rename_folder,
)  # fmt: skip


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _set_any(content: Any, draw: random.Random) -> None:
    """Set one value somewhere in nested lists and mappings."""
    while True:
        keys = list(content) if isinstance(content, dict) else range(len(content))
        if not keys:
            return
        key = draw.choice(keys)
        if not isinstance(content[key], dict | list) or draw.random() < 0.3:
            content[key] = draw.choice(VALUES)
            return
        content = content[key]


class Sweep:
    """Calls commands in malicious folders and checks their behavior."""

    def __init__(self, root: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.root = root
        self.counts: Counter[str] = Counter()
        self.whole = root / "whole"
        self._prepare(seed)

    def _prepare(self, seed: int) -> None:
        self.whole.mkdir()
        write_study(self.whole, seed)
        (self.whole / "out").mkdir()
        (self.whole / "outside").mkdir()
        (self.whole / "private.txt").write_text(f"{SECRET}\nname: {SECRET}\n")
        (self.whole / "outside" / "kept.txt").write_text("kept")
        for command in (RUN, (*COMMANDS["check-update"][:-1], "out/baseline.json")):
            answer = call(self.whole, *command)
            if answer.code:
                raise SystemExit(answer.text)

    def attack(self, name: str) -> None:
        """Attack a copy of the folder and call a command in it."""
        folder = self.root / "trial"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.whole, folder)
        os.mkfifo(folder / "pipe")
        n_attacks = self.random.choice((1, 1, 2, 3))
        attacks = [self._attack_file(folder) for _ in range(n_attacks)]
        before = self._outside(folder)
        answer = call(folder, *COMMANDS[name], seconds=LONGEST)
        self.counts["calls"] += 1
        for what in self._faults(answer, before, self._outside(folder)):
            self.counts[what] += 1
            print(f"  {what}: {name}: {'; '.join(attacks)}: {answer.text[-1500:]}")

    def _attack_file(self, folder: Path) -> str:
        files = sorted(
            path for path in (folder / "results").rglob("*") if path.is_file()
        )
        if not files:
            return "no files left"
        path, attack = self.random.choice(files), self.random.choice(ATTACKS)
        try:
            attack(path, self.random)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, MemoryError):
            return "none"  # attacked before, or rejected by the system
        return f"{attack.__name__} {str(path.relative_to(folder))!a}"

    def _faults(
        self, answer: Answer, before: dict[str, float], after: dict[str, float]
    ) -> list[str]:
        lines = answer.text.splitlines()
        faults = {
            "tracebacks": "Traceback" in answer.text or answer.code == 70,
            "timeouts": answer.code < 0,
            "other exit codes": answer.code not in (0, 1, 2, 70) and answer.code >= 0,
            "files written outside": before != after,
            "forged lines": any(line.startswith(FORGED) for line in lines),
            "control characters": any(
                not char.isprintable() and char not in "\n\t" for char in answer.text
            ),
            "secrets": SECRET in answer.text,
        }
        return [fault for fault, is_present in faults.items() if is_present]

    def _outside(self, folder: Path) -> dict[str, float]:
        """Return the modification times of files outside of the writable folders."""
        paths = [
            *folder.iterdir(),
            *self.root.iterdir(),
            *ELSEWHERE.glob("escaped*"),
        ]
        paths += (folder / "outside").rglob("*")
        writable = {"results", "cache", "out", "trial", "mlruns"}
        return {
            str(path): path.lstat().st_mtime
            for path in paths
            if path.name not in writable
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=sorted(COMMANDS), action="append")
    arguments = parser.parse_args()
    import_all()
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep(Path(folder), arguments.seed)
        names = arguments.only or list(COMMANDS)
        for number in range(arguments.tries):
            sweep.attack(names[number % len(names)])
        counts = sweep.counts
    for name, count in counts.items():
        print(f"{count:>6} {name}")
    return int(len(counts) > 1)


if __name__ == "__main__":
    sys.exit(main())
