"""Known copies of the data sets on the hub, with the column names that each uses.

The Amazon reviews corpus was withdrawn by its owner, and copies come and go; so the source is a setting:
``get_task("amazon_reviews", source={"hub": "SetFit/amazon_reviews_multi_{language}"})``. Copies that are listed here
without a revision are read at ``main``, with a warning: pin them with ``source.revision``.
"""

from typing import Any

# The columns of the corpus as its owner published it; stars are 1 to 5.
ORIGINAL_COLUMNS = {"id": "review_id", "text": "review_body", "label": "stars", "language": "language"}

MIRRORS: dict[str, dict[str, Any]] = {
    # Title, empty line and body in one text; labels 0 to 4.
    "mteb/AmazonReviewsClassification": {
        "corpus": "amazon_reviews",
        "source": {
            "hub": "mteb/AmazonReviewsClassification",
            "config": "{language}",
            "revision": "6b5d328eaae8ef408dd7d775040245cf86f92e9d",
        },
        "columns": {"text": "text", "label": "label"},
    },
    # The same rows; the repository carries a loading script, so its files are read directly.
    "mteb/amazon_reviews_multi": {
        "corpus": "amazon_reviews",
        "source": {
            "hub": "mteb/amazon_reviews_multi",
            "revision": "1399c76144fd37290681b995c656ef9b2e06e26d",
            "files": {split: f"{{language}}/{split}.jsonl" for split in ("train", "validation", "test")},
        },
        "columns": {"text": "text", "label": "label"},
    },
    # The original columns, in parquet.
    "goosmanlei/amazon_reviews_multi": {
        "corpus": "amazon_reviews",
        "source": {
            "hub": "goosmanlei/amazon_reviews_multi",
            "config": "{language}",
            "revision": "a7b1fa9703f1f930d5c8e1a65c5d2774aaab0c85",
        },
        "columns": ORIGINAL_COLUMNS,
    },
    # One repository a language, so one revision cannot pin them all; labels 0 to 4.
    "SetFit/amazon_reviews_multi_{language}": {
        "corpus": "amazon_reviews",
        "source": {"hub": "SetFit/amazon_reviews_multi_{language}"},
        "columns": {"id": "id", "text": "text", "label": "label"},
    },
    # The original columns; the repository carries a loading script, so its files are read directly.
    "buruzaemon/amazon_reviews_multi": {
        "corpus": "amazon_reviews",
        "source": {
            "hub": "buruzaemon/amazon_reviews_multi",
            "files": {split: f"{{language}}/{split}.jsonl.gz" for split in ("train", "validation", "test")},
        },
        "columns": ORIGINAL_COLUMNS,
    },
    # Rows are numbered: row n is the same pair in every language. 0 entailment, 1 neutral, 2 contradiction.
    "facebook/xnli": {
        "corpus": "xnli",
        "source": {
            "hub": "facebook/xnli",
            "config": "{language}",
            "revision": "b8dd5d7af51114dbda02c0e3f6133f332186418e",
        },
        "columns": {"group": "premise", "text": "premise", "text_pair": "hypothesis", "label": "label"},
    },
}


def other_copies(hub: str) -> list[str]:
    """Return the other known copies of a data set, by what ``source.hub`` names."""
    corpus = MIRRORS.get(hub, {}).get("corpus")
    return [name for name, mirror in MIRRORS.items() if mirror["corpus"] == corpus and name != hub]
