"""Small shops on disk for the tests of the reader."""

import gzip
from pathlib import Path

from warmstart.data.dataset import Dataset
from warmstart.data.reader import ReadReport, read_shop

NOW = 1_750_000_000.0
ITEMS = "item_id,title\na,red shoe\nb,蓝牙耳机\n"


def write(folder: Path, **files: str | bytes) -> Path:
    """Write files named like `items_csv` or `items_csv_gz` (underscores before suffixes become dots)."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, content in files.items():
        name = key
        for suffix in (
            "csv",
            "tsv",
            "jsonl",
            "json",
            "parquet",
            "toml",
            "gz",
            "inter",
            "item",
            "user",
            "kg",
            "link",
        ):
            name = name.replace(f"_{suffix}", f".{suffix}")
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


def read(folder: Path, **files: str | bytes) -> tuple[Dataset, ReadReport]:
    """Write files and read the folder as a shop, at a fixed time."""
    return read_shop(write(folder, **files), now=NOW)
