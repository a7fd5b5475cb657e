"""Which files are images by the ends of their names, and what other media would need to be read."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import PurePosixPath

from PIL import features

_ALWAYS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".tga"),
)
_AVIF = (".avif",)
_JPEG_2000 = (".jp2", ".j2k")
_HEIC = (".heic", ".heif", ".hif")
_DOCUMENTS = re.compile(
    r"""(
      .*\.(txt|md|rst|rtf|tex|bib|log|pdf|docx?|odt|pptx?|xlsx?|ods|html?|css|url|lnk|names)
    | .*\.(csv|tsv|jsonl?|ndjson|xml|ya?ml|toml|ini|cfg|conf|lst|list|data|parquet|arrow|feather|sqlite|db|pkl)
    | .*\.(py|ipynb|m|mat|r|sh|bat|ps1|c|h|cpp|java|js|pt|pth|onnx|h5)
    | .*\.(zip|tar|gz|tgz|bz2|xz|7z|rar|md5|sha1|sha256|part|tmp|bak|lock|torrent|shp|dbf|prj|kml|geojson)
    | (license|licence|readme|notice|copying|changelog|authors|citation|makefile|md5sums|sha256sums)
    )""",
    re.IGNORECASE | re.VERBOSE,
)


_OPTIONAL = (
    (_AVIF, features.check("avif"), "pip install 'pillow>=11.3'"),
    (_JPEG_2000, features.check("jpg_2000"), "pip install --upgrade pillow"),
    (_HEIC, find_spec("pillow_heif") is not None, "pip install 'backbone-bench[heic]'"),
)
IMAGE_SUFFIXES: tuple[str, ...] = (*_ALWAYS, *(suffix for some, read, _ in _OPTIONAL if read for suffix in some))
"""The suffixes of the image files that this installation reads, in lower case."""


def is_image(name: str) -> bool:
    """Return whether a file is an image by its name, in capitals or not."""
    return name.lower().endswith(IMAGE_SUFFIXES)


def suffix_of(name: str) -> str:
    """Return the suffix by which a file is counted: in lower case, `no suffix` if it has none."""
    return PurePosixPath(name).suffix.lower() or "no suffix"


def is_document(name: str) -> bool:
    """Return whether a file is text, code, a table or an archive by its name, not an image in an unread format."""
    return _DOCUMENTS.fullmatch(PurePosixPath(name).name) is not None


def how_to_read(suffixes: set[str]) -> str:
    """Return what makes files of these suffixes readable: the package to install, else their conversion."""
    installs = [install for some, read, install in _OPTIONAL if not read and suffixes & set(some)]
    return f"Install what reads them: {' && '.join(installs)}" if installs else "Convert them to JPEG or PNG"
