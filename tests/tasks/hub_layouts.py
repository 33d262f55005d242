"""Made-up repositories in the layout of each data set that the shipped tasks and `tasks.mirrors` read.

What is known of a layout and what is assumed stands with each function. "Known": file names, columns and configs are
those of the published repository, or are used so by several public projects. "Assumed": not checked against the hub.
"""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import yaml

from tasks import get_task
from tasks.mirrors import MIRRORS

SPLITS = ("train", "validation", "test")
SHIPPED = ("umsab_8", "paws_x", "sib200", "afrisenti")  # `xnli_15` reads what `xnli` reads
REVIEWED = ("de", "en", "es", "fr", "ja", "zh")
STARS = 5
COPIES = 3  # rows of each label in each split and language
RELATIONS = ("entailment", "neutral", "contradiction")
WIKIPEDIA = ("ar", "en", "fr")
SCRIPT = "raise SystemExit('a loading script must never run')\n"


def commits() -> dict[str, str]:
    """The pinned commits of all known data sets, for `hub_stand_in.serve`."""
    wikipedia = {"wikimedia/wikipedia": "b04c8d1ceb2f5cd4588862100d08de323dccfbaa"}
    pinned = {name: mirror["source"].get("revision") for name, mirror in MIRRORS.items()}
    pinned |= {str(source.hub): source.revision for source in (get_task(name).source for name in SHIPPED)}
    pinned.pop("shmuhammad/AfriSenti-twitter-sentiment")  # read at a branch
    return wikipedia | {name: revision for name, revision in pinned.items() if revision}


def write_all(folder: Path) -> None:
    """Write every data set into its ``organisation/name`` under ``folder``."""
    write_xnli(folder / "facebook" / "xnli")
    write_mteb_classification(folder / "mteb" / "AmazonReviewsClassification")
    write_mteb_reviews(folder / "mteb" / "amazon_reviews_multi")
    for language in REVIEWED:
        write_setfit(folder / "SetFit" / f"amazon_reviews_multi_{language}", language)
    write_buruzaemon(folder / "buruzaemon" / "amazon_reviews_multi")
    write_goosmanlei(folder / "goosmanlei" / "amazon_reviews_multi")
    write_wikipedia(folder / "wikimedia" / "wikipedia")
    write_umsab(folder / "cardiffnlp" / "tweet_sentiment_multilingual")
    write_paws(folder / "google-research-datasets" / "paws-x")
    write_sib(folder / "Davlan" / "sib200")
    write_afrisenti(folder / "shmuhammad" / "AfriSenti-twitter-sentiment")


def reviews(language: str, split: str) -> list[dict[str, object]]:
    """Rows with the columns of the corpus as its owner published it."""
    return [
        {
            "review_id": f"{language}_{split}_{stars}_{copy}",
            "product_id": f"product_{language}_{copy}",
            "reviewer_id": f"reviewer_{language}_{copy}",
            "stars": stars,
            "review_body": f"{language} {split} body {stars} {copy}",
            "review_title": f"{language} title {stars}",
            "language": language,
            "product_category": "other",
        }
        for stars in range(1, STARS + 1)  # sorted by stars, as the published files are
        for copy in range(COPIES)
    ]


def pairs(language: str, split: str) -> list[dict[str, object]]:
    """Rows of XNLI: three hypotheses for each premise, the same pair in row n of every language."""
    return [
        {
            "premise": f"{language} {split} premise {number // 3}",
            "hypothesis": f"{language} {split} hypothesis {number}",
            "label": number % 3,
        }
        for number in range(3 * COPIES)
    ]


def write_xnli(root: Path) -> None:
    """``facebook/xnli``. Known: parquet, one config a language and ``all_languages``, the label a class label."""
    label = {"class_label": {"names": {str(number): name for number, name in enumerate(RELATIONS)}}}
    columns = {"premise": "string", "hypothesis": "string", "label": label}
    for language in ("en", "fr", "de", "zh"):
        for split in SPLITS:
            write_parquet(root / language / f"{split}-00000-of-00001.parquet", pairs(language, split))
    # All translations in one row: 15 times as large, and never to be read.
    write_parquet(root / "all_languages" / "train-00000-of-00001.parquet", [{"premise": {"en": "?"}, "label": 0}])
    layout = {language: (language, SPLITS) for language in ("en", "fr", "de", "zh")}
    write_card(root, {"all_languages": ("all_languages", ("train",)), **layout}, columns, 3 * COPIES)


def write_mteb_classification(root: Path) -> None:
    """``mteb/AmazonReviewsClassification``. Known: configs, splits, ``text``, ``label`` from 0. Assumed: parquet."""
    for language in REVIEWED:
        for split in SPLITS:
            write_parquet(root / language / f"{split}-00000-of-00001.parquet", as_mteb(language, split))
    columns = {"id": "string", "text": "string", "label": "int32", "label_text": "string"}
    write_card(root, {language: (language, SPLITS) for language in REVIEWED}, columns, STARS * COPIES)


def write_mteb_reviews(root: Path) -> None:
    """``mteb/amazon_reviews_multi``. Known: a script, and ``<language>/<split>.jsonl`` with the same columns."""
    for language in REVIEWED:
        for split in SPLITS:
            write_jsonl(root / language / f"{split}.jsonl", as_mteb(language, split))
    (root / "amazon_reviews_multi.py").write_text(SCRIPT)


def write_setfit(root: Path, language: str) -> None:
    """``SetFit/amazon_reviews_multi_<language>``. Known: file names and columns; no config."""
    for split in SPLITS:
        rows = [{"id": row["id"], "text": row["text"], "label": row["label"]} for row in as_mteb(language, split)]
        write_jsonl(root / f"{split}.jsonl", [row | {"label_text": str(row["label"])} for row in rows])


def write_buruzaemon(root: Path) -> None:
    """``buruzaemon/amazon_reviews_multi``. Known: a script, ``<language>/<split>.jsonl.gz``, original columns."""
    for language in REVIEWED:
        for split in SPLITS:
            write_jsonl(root / language / f"{split}.jsonl.gz", reviews(language, split))
    (root / "amazon_reviews_multi.py").write_text(SCRIPT)


def write_goosmanlei(root: Path) -> None:
    """``goosmanlei/amazon_reviews_multi``. Known: one config a language, the original columns. Assumed: file names."""
    for language in REVIEWED:
        for split in SPLITS:
            write_parquet(root / language / f"{split}-00000-of-00001.parquet", reviews(language, split))
    columns = {name: "int32" if name == "stars" else "string" for name in reviews("en", "train")[0]}
    write_card(root, {language: (language, SPLITS) for language in REVIEWED}, columns, STARS * COPIES)


def write_umsab(root: Path) -> None:
    """``cardiffnlp/tweet_sentiment_multilingual``. Known: a script, ``data/<english name>/<split>.jsonl``, columns.

    Assumed: whether a label is written as a number or in quotes; here it is one in English, the other elsewhere.
    """
    for name in ("english", "french", "arabic"):
        for split in SPLITS:
            rows = [{"text": f"{name} {split} tweet {number}", "label": number % 3} for number in range(3 * COPIES)]
            quoted = [row | {"label": str(row["label"])} for row in rows]
            write_jsonl(root / "data" / name / f"{split}.jsonl", rows if name == "english" else quoted)
    (root / "tweet_sentiment_multilingual.py").write_text(SCRIPT)


def write_paws(root: Path) -> None:
    """``google-research-datasets/paws-x``. Known: parquet, one config a language, columns, ids that begin anew."""
    label = {"class_label": {"names": {"0": "0", "1": "1"}}}
    columns = {"id": "int32", "sentence1": "string", "sentence2": "string", "label": label}
    for language in ("en", "de", "ja"):
        for split in SPLITS:
            rows = [
                {
                    "id": number + 1,
                    # Validation and test have a first sentence in common, as theirs come from one set.
                    "sentence1": f"{language} {'train' if split == 'train' else 'eval'} first {number // 2}",
                    "sentence2": f"{language} {split} second {number}",
                    "label": number % 2,
                }
                for number in (range(8) if split != "validation" else range(6, 14))
            ]
            write_parquet(root / language / f"{split}-00000-of-00001.parquet", rows)
    write_card(root, {language: (language, SPLITS) for language in ("en", "de", "ja")}, columns, 8)


def write_sib(root: Path) -> None:
    """``Davlan/sib200``. Known: a script, ``data/<code>/{train,dev,test}.tsv``, columns, ids in all languages."""
    topics = get_task("sib200").labels
    for code in ("eng_Latn", "fra_Latn", "kab_Latn"):
        for place, split in enumerate(("train", "dev", "test")):
            lines = ["index_id\tcategory\ttext"]
            lines += [f"{3 * number + place}\t{topic}\t{code} {topic} {split}" for number, topic in enumerate(topics)]
            path = root / "data" / code / f"{split}.tsv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(lines) + "\n")
    (root / "sib200.py").write_text(SCRIPT)


def write_afrisenti(root: Path) -> None:
    """``shmuhammad/AfriSenti-twitter-sentiment`` as the hub converted it: ``<code>/<split>/0000.parquet``, columns."""
    for code in ("amh", "ary", "hau"):
        for split in SPLITS:
            rows = [{"tweet": f"{code} {split} {number}", "label": number % 3} for number in range(3 * COPIES)]
            write_parquet(root / code / split / "0000.parquet", rows)


def write_wikipedia(root: Path) -> None:
    """``wikimedia/wikipedia``. Known: config ``20231101.<language>``, shards in its folder, only ``train``."""
    for language in WIKIPEDIA:
        for shard in range(2):
            rows = [
                {
                    "id": str(number),
                    "url": f"https://{language}.wikipedia.org/wiki/{number}",
                    "title": f"title {number}",
                    "text": f"{language} article {number}",
                }
                for number in range(10 * shard, 10 * shard + 10)
            ]
            write_parquet(root / f"20231101.{language}" / f"train-0000{shard}-of-00002.parquet", rows)
    layout = {f"20231101.{language}": (f"20231101.{language}", ("train",)) for language in WIKIPEDIA}
    write_card(root, layout, dict.fromkeys(("id", "url", "title", "text"), "string"), 20)


def as_mteb(language: str, split: str) -> list[dict[str, object]]:
    """Title, empty line and body in one text; the label is the number of stars less 1."""
    return [
        {
            "id": row["review_id"],
            "text": f"{row['review_title']}\n\n{row['review_body']}",
            "label": int(str(row["stars"])) - 1,
            "label_text": str(int(str(row["stars"])) - 1),
        }
        for row in reviews(language, split)
    ]


def write_parquet(path: Path, rows: Iterable[dict[str, object]]) -> None:
    """Write rows to a parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(list(rows)).to_parquet(path, index=False)


def write_jsonl(path: Path, rows: Iterable[dict[str, object]]) -> None:
    """Write rows as JSON lines, gzipped where the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def write_card(
    root: Path, layout: dict[str, tuple[str, tuple[str, ...]]], columns: dict[str, object], rows: int
) -> None:
    """Write the front matter of README.md: each config's folder and splits, and what `datasets` knows beforehand."""
    features = [{"name": name, "dtype": kind} for name, kind in columns.items()]
    counted = [
        {
            "config_name": config,
            "features": features,
            "splits": [{"name": split, "num_bytes": 1, "num_examples": rows} for split in splits],
            "download_size": 1,
            "dataset_size": 1,
        }
        for config, (_, splits) in layout.items()
    ]
    files = [
        {
            "config_name": config,
            "data_files": [{"split": split, "path": f"{under}/{split}-*"} for split in splits],
        }
        for config, (under, splits) in layout.items()
    ]
    front = yaml.safe_dump({"dataset_info": counted, "configs": files}, sort_keys=False, allow_unicode=True)
    (root / "README.md").write_text(f"---\n{front}---\n")
