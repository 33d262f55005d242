"""How long `polyskew audit` takes on a large file, and how much memory: ``python -m tests.speed.audit``.

Each run is a process of its own, so that imports count. The alternative, in the same run, is what one would write
first: the file through `pandas.read_parquet`, a cross table and `duplicated`. With POLYSKEW_DATA set, the audit of
the SemEval data in that folder is timed too. This process itself stays small: a child's peak is never reported below
its parent's.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.speed.report import machine, median

LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "it", "pt")
LABELS = ("negative", "neutral", "positive")
_CHUNK = 250_000


def write(path: Path, rows: int) -> None:
    """Write made-up rows of some 80 characters, of which one in fifty repeats an earlier text."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    words = np.array([f"word{number}" for number in range(2000)])
    schema = pa.schema([("text", pa.string()), ("label", pa.string()), ("language", pa.string())])
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for start in range(0, rows, _CHUNK):
            count = min(_CHUNK, rows - start)
            number = np.arange(start, start + count)
            number[rng.random(count) < 0.02] //= 2
            # The words are a function of the number, so that equal numbers are equal texts.
            chosen = words[(number[:, None] * np.array([7, 11, 13, 17, 19, 23, 29, 31, 37]) // 5) % len(words)]
            texts = [f"{one} {' '.join(row)}" for one, row in zip(number.tolist(), chosen.tolist(), strict=True)]
            language = rng.integers(len(LANGUAGES), size=count)
            label = (rng.random(count) ** (1 + language / 8) * len(LABELS)).astype(int)
            columns = [texts, np.array(LABELS)[label], np.array(LANGUAGES)[language]]
            file.write_table(pa.table(dict(zip(schema.names, columns, strict=True)), schema))


def alternative(path: Path) -> None:
    """Print the cross table and the number of repeated texts."""
    import pandas as pd

    frame = pd.read_parquet(path)
    print(pd.crosstab(frame["language"], frame["label"]))
    print(frame["text"].duplicated().sum(), frame.groupby("text")["label"].nunique().gt(1).sum())


def timed(*arguments: str) -> tuple[float, float, float]:
    """Run Python and return its seconds, its processor's seconds and its peak memory in MB."""
    start = time.perf_counter()
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Measure, in alternation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--alternative", metavar="FILE", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--write", metavar="FILE", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.alternative:
        alternative(chosen.alternative)
        return
    if chosen.write:
        write(chosen.write, chosen.rows)
        return
    with tempfile.TemporaryDirectory() as folder:
        whole, tenth = Path(folder) / "whole.parquet", Path(folder) / "tenth.parquet"
        for path, rows in ((whole, chosen.rows), (tenth, chosen.rows // 10)):
            timed("-m", "tests.speed.audit", "--write", str(path), "--rows", str(rows))
        ways = {
            f"audit, {chosen.rows:,} rows": ("-m", "polyskew", "audit", str(whole)),
            f"audit, {chosen.rows // 10:,} rows": ("-m", "polyskew", "audit", str(tenth)),
            f"pandas, {chosen.rows:,} rows": ("-m", "tests.speed.audit", "--alternative", str(whole)),
        }
        if os.environ.get("POLYSKEW_DATA"):
            semeval = Path(os.environ["POLYSKEW_DATA"]) / "semeval2018_ec"
            ways["audit, SemEval-2018 E-c"] = ("-m", "polyskew", "audit", str(semeval))
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
        for _ in range(chosen.repeats):  # alternating, so that a busy machine slows all
            for name, way in ways.items():
                found[name].append(timed(*way))
    print(f"whole processes, median of {chosen.repeats} alternating runs; {machine()}")
    for name, runs in found.items():
        seconds, busy, megabytes = (median(list(values)) for values in zip(*runs, strict=True))
        print(f"  {name}: {seconds:.1f} s, {busy:.1f} s of processors, {megabytes:,.0f} MB")


if __name__ == "__main__":
    main()
