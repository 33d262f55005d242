"""The numbers of a row's details, against the cells' own files and plain formulas."""

import json
import shutil
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest
from scipy import stats

from leaderboard.site import write_site
from leaderboard.statistics.intervals import KEPT, SEEDS_ONLY_T_INTERVAL, T_INTERVAL, TEXTS_T_INTERVAL
from tests.leaderboard.site.folders import opened
from tests.leaderboard.synthetic import Kind

KIND = Kind("imbalanced", "full", "none", 0)
SEEDS = (KIND, Kind("imbalanced", "full", "none", 1))


@pytest.fixture(scope="module")
def data(site: Path) -> dict[str, Any]:
    return opened(site)


def row_of(data: dict[str, Any], kind: Kind) -> int:
    return next(row for row, cells in enumerate(data["board"]["cells"]) if kind.id in cells)


def table(data: dict[str, Any], row: int, measure: str, **params: object) -> dict[str, Any]:
    """Return a table of a row, its numbers by what they are of."""
    rows = data["rows-0"]
    for names, decimals, mean, half, seeds in rows["rows"][row]["tables"]:
        found, told, by, _, method, _ = rows["shared"][names]
        if found == measure and params.items() <= json.loads(told).items():
            keys = [tuple(sorted(one.values())) for one in json.loads(by)]
            spread = half or [None] * len(keys)
            columns = zip(mean, spread, *seeds, strict=True)
            scaled = [[None if one is None else one / 10**decimals for one in column] for column in columns]
            return {"method": method, **dict(zip(keys, scaled, strict=True))}
    raise AssertionError(f"no table of {measure} {params}")


def values(results: Path, kind: Kind, measure: str, **params: object) -> dict[tuple[str, ...], dict[str, Any]]:
    told = json.loads((results / "cells" / kind.id / "metrics.json").read_text())
    block = next(
        one for one in told["measures"] if one["measure"] == measure and params.items() <= one.get("params", {}).items()
    )
    return {tuple(sorted(one.get("by", {}).values())): one for one in block["values"]}


@pytest.mark.parametrize(("measure", "decimals"), [("prediction_share", 4), ("accuracy", 4)])
def test_means_and_t_intervals(results: Path, data: dict[str, Any], measure: str, decimals: int) -> None:
    found = table(data, row_of(data, KIND), measure)
    cells = [values(results, kind, measure) for kind in SEEDS]
    assert found.pop("method") == T_INTERVAL.format(n=2)
    assert set(found) == set(cells[0])
    for key, (mean, half, *seeds) in found.items():
        own = [cell[key]["value"] for cell in cells]
        assert seeds == pytest.approx(own, abs=0.51 * 10**-decimals)
        assert mean == pytest.approx(fmean(own), abs=0.51 * 10**-decimals)
        wanted = stats.t.ppf(0.975, 1) * stdev(own) / 2**0.5
        assert half == pytest.approx(wanted, abs=0.51 * 10**-decimals)


def test_drift_has_the_error_over_texts_where_every_seed_has_one(results: Path, data: dict[str, Any]) -> None:
    found = table(data, row_of(data, KIND), "drift", threshold=0.01)
    cells = [values(results, kind, "drift", threshold=0.01) for kind in SEEDS]
    method, with_texts = found.pop("method"), 0
    for key, (mean, half, *_) in found.items():
        own = [cell[key] for cell in cells]
        numbers = [one["value"] for one in own]
        assert mean == pytest.approx(fmean(numbers), abs=1e-5)
        seeds, texts = stdev(numbers) ** 2 / 2, 0.0
        if all("low" in one for one in own):
            texts = fmean(((one["high"] - one["low"]) / 2 / stats.norm.ppf(0.975)) ** 2 for one in own)
            with_texts += 1
        weighted = stats.t.ppf(0.975, 1) * seeds + stats.t.ppf(0.975, KEPT - 1) * texts
        assert half == pytest.approx(weighted / (seeds + texts) ** 0.5, rel=1e-3, abs=1e-5)
    assert 0 < with_texts <= len(found)
    assert method == (TEXTS_T_INTERVAL if with_texts == len(found) else SEEDS_ONLY_T_INTERVAL).format(n=2)


def test_the_placebo_is_the_references_mean_size(results: Path, data: dict[str, Any]) -> None:
    reference = data["board"]["reference_row"][row_of(data, KIND)]
    assert data["board"]["reference"][reference] == 1
    found = table(data, reference, "placebo_size", threshold=0.01)
    kinds = [Kind(method="full", seed=seed) for seed in (0, 1)]
    cells = [values(results, kind, "drift", threshold=0.01) for kind in kinds]
    found.pop("method")
    for key, (mean, half, *_) in found.items():
        sizes = [abs(cell[tuple(sorted((*key, "placebo")))]["value"]) for cell in cells]
        assert mean == pytest.approx(fmean(sizes), abs=1e-5)
        assert half is None


def test_a_single_seed_keeps_its_own_interval(results: Path, data: dict[str, Any]) -> None:
    untuned = Kind(None, "untuned", None, None)
    found = table(data, row_of(data, untuned), "leakage", corpus="probe", vectors="pooler", probe="paper")
    own = values(results, untuned, "leakage", corpus="probe", vectors="pooler", probe="paper")
    assert found.pop("method").startswith("one seed")
    assert found[()] == pytest.approx([own[()]["value"], (own[()]["high"] - own[()]["low"]) / 2], abs=1e-4)
    assert found[("majority",)][0] == pytest.approx(own[("majority",)]["value"], abs=1e-4)


def test_seeds_of_different_versions_are_not_averaged(results: Path, tmp_path: Path) -> None:

    mixed = Path(shutil.copytree(results, tmp_path / "mixed"))
    path = mixed / "cells" / KIND.id / "metrics.json"
    told = json.loads(path.read_text())
    next(one for one in told["measures"] if one["measure"] == "prediction_share")["version"] = 99
    path.write_text(json.dumps(told))
    data = opened(write_site(mixed, tmp_path / "site"))
    rows = data["rows-0"]
    (one,) = (
        one for one in rows["rows"][row_of(data, KIND)]["tables"] if rows["shared"][one[0]][0] == "prediction_share"
    )
    assert set(one[2]) == {None}
    assert "different versions" in rows["shared"][one[0]][5]


def test_the_layout_of_the_files_does_not_matter(results: Path, site: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(results, tmp_path / "other"))
    for path in (other / "cells").glob("*/metrics.json"):
        path.write_text(json.dumps(json.loads(path.read_text()), indent=2))
    assert write_site(other, tmp_path / "site").read_bytes() == site.read_bytes()


def test_provenance(results: Path, data: dict[str, Any]) -> None:
    rows = data["rows-0"]
    row = rows["rows"][row_of(data, KIND)]
    assert [cell["id"] for cell in row["cells"]] == [kind.id for kind in SEEDS]
    cell = row["cells"][0]
    assert rows["shared"][cell["in_force"]] == {"packages": {"torch": "2.6"}, "device": "cpu", "threads": 1}
    assert rows["shared"][cell["measures"]]["leakage"] == 2
    manifest = json.loads((results / "cells" / KIND.id / "predict/manifest.json").read_text())
    assert cell["checksums"]["predict/predictions.parquet"] == manifest["files"]["predictions.parquet"]["sha256"][:16]
    twin = rows["rows"][row_of(data, Kind("imbalanced", "full", "global", 0))]["cells"][0]
    assert twin["worker"] == KIND.id
    assert rows["shared"][row["truth"]] == [[0.2] * 5] * 6
