"""The README as PyPI shows it: its relative links lead to the repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class ReadmeHook(MetadataHookInterface):
    """Make the links of README.md absolute, in the metadata only."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the readme, which `dynamic` names in pyproject.toml."""
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": absolute_links(readme, metadata["urls"]["Homepage"]),
        }


def absolute_links(readme: str, repository: str) -> str:
    """Return Markdown in which relative links start from a repository.

    >>> absolute_links("[how](docs/a.md) ![b](docs/b.png)", "https://g")
    '[how](https://g/blob/main/docs/a.md) ![b](https://g/raw/main/docs/b.png)'
    """
    link = re.compile(r"(!?)(\[[^\]]*\])\((?!\w+:|#)")
    return link.sub(
        lambda found: (
            f"{found[1]}{found[2]}({repository}/{'raw' if found[1] else 'blob'}/main/"
        ),
        readme,
    )
