"""Made-up rows, written as files of every kind."""

import gzip
import json
from pathlib import Path

import pandas as pd

KINDS = ("parquet", "jsonl", "csv", "tsv", "jsonl.gz", "csv.gz")


def rows(count: int = 60) -> pd.DataFrame:
    """Rows in three languages and two labels, uneven."""
    numbers = range(count)
    return pd.DataFrame(
        {
            "id": [f"r{number:03d}" for number in numbers],
            "text": [f"text, {number}\tof" if number % 7 else f'a "quoted" text {number}' for number in numbers],
            "label": ["bad" if number % 5 < 1 + number % 3 else "good" for number in numbers],
            "language": [("fr", "de", "en")[number % 3] for number in numbers],
        }
    )


def write(frame: pd.DataFrame, path: Path) -> Path:
    """Write rows to a file whose kind its name tells; missing values are null or empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = path.name.partition(".")[2]
    if kind == "parquet":
        frame.to_parquet(path, index=False, row_group_size=1000)
        return path
    if kind.startswith("jsonl"):
        records = [
            {name: None if value is None else value for name, value in row.items()} for row in frame.to_dict("records")
        ]
        content = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
    else:
        content = frame.to_csv(index=False, sep="\t" if kind == "tsv" else ",").encode()
    path.write_bytes(gzip.compress(content) if kind.endswith("gz") else content)
    return path
