"""A source's rows as canonical rows, checked, with nothing standing in two splits."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd

from polyskew.errors import DataError
from tasks.corpora import Columns
from tasks.declare import SPLITS, Probe, Task
from tasks.sources import read_parts, warn_if_unpinned
from tasks.tables import Part


@dataclass(frozen=True)
class Splits:
    """A task's rows.

    Attributes:
        train: canonical rows: ``id``, ``group``, ``text``, ``text_pair`` (pairs only), ``label`` (int64 class
            index), ``language``. An id is unique within its language.
        validation: the same.
        test: the same.
        report: ``rows``: the rows read of each split; ``languages``: the same by split and language; ``dropped``:
            for training and validation, how many rows were dropped because their ``id``, ``text`` or ``group``
            stands in a later split.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    report: dict[str, Any]


@dataclass(frozen=True)
class _Rows:
    """Checked rows of one split, with the part and row of each for messages."""

    frame: pd.DataFrame
    parts: list[Part]
    part: np.ndarray
    index: np.ndarray

    def at(self, position: int, column: str | None = None) -> str:
        return self.parts[self.part[position]].at(self.index[position], column)

    def where(self, keep: np.ndarray) -> "_Rows":
        return _Rows(self.frame[keep].reset_index(drop=True), self.parts, self.part[keep], self.index[keep])


def load(task: Task) -> Splits:
    """Read, check and separate a task's splits; see `Task.load`."""
    columns = _canonical_columns(task)
    names = _source_names(task.columns, columns)
    warn_if_unpinned(task.source)
    splits = {split: _read(task, columns, split) for split in SPLITS}
    _number_labels(task, splits, names["label"])
    read = {split: len(rows.frame) for split, rows in splits.items()}
    languages = {split: rows.frame["language"].value_counts().to_dict() for split, rows in splits.items()}
    dropped: dict[str, dict[str, int]] = {}
    for split, later in (("train", ("validation", "test")), ("validation", ("test",))):
        splits[split], dropped[split] = _without_overlap(task, splits, split, later, names)
    report = {"rows": read, "languages": languages, "dropped": dropped}
    return Splits(**{split: rows.frame for split, rows in splits.items()}, report=report)


def load_unlabelled(probe: Probe, languages: tuple[str, ...], sample: int) -> pd.DataFrame:
    """Read and check a probe corpus; ``sample`` is the number of rows of each language to stream from a hub."""
    warn_if_unpinned(probe.source)
    probe = probe.model_copy(update={"languages": languages})
    source = [] if probe.columns.source is None else ["source"]
    return _read(probe, ["id", "group", "text", "language", *source], "probe", sample).frame


def _canonical_columns(task: Task) -> list[str]:
    return ["id", "group", "text", *(["text_pair"] if task.pair else []), "label", "language"]


def _source_names(columns: Columns, canonical: list[str]) -> dict[str, str]:
    """The source's name of each canonical column that it has."""
    return {name: getattr(columns, name) for name in canonical if getattr(columns, name) is not None}


def _read(corpus: Task | Probe, canonical: list[str], split: str, sample: int | None = None) -> _Rows:
    names = {name: name for name in canonical}
    if not corpus.source.generated:
        names = _source_names(corpus.columns, canonical)
        if corpus.source.by_language:
            names.pop("language", None)
    parts = list(read_parts(corpus.source, split, corpus.languages, list(dict.fromkeys(names.values())), sample))
    frames = [_canonical(corpus, part, names) for part in parts]
    if "id" not in names:
        _number(corpus, frames, split)
    kept = [np.flatnonzero(frame["language"].isin(corpus.languages).to_numpy()) for frame in frames]
    rows = _Rows(
        pd.concat([frame.take(index) for frame, index in zip(frames, kept, strict=True)], ignore_index=True),
        parts,
        np.repeat(np.arange(len(parts)), [len(index) for index in kept]),
        np.concatenate(kept),
    )
    _check_languages(corpus, rows, {name for frame in frames for name in frame["language"].unique()}, split, names)
    for name in ("text", "text_pair"):
        if name in canonical:
            _check_texts(rows, name, names[name])
    _check_ids(rows, names.get("id", "id"))
    return _with_groups(corpus, rows)


def _number(corpus: Task | Probe, frames: list[pd.DataFrame], split: str) -> None:
    """Give rows without an id their number within split and language."""
    languages = pd.concat([frame["language"] for frame in frames], ignore_index=True)
    numbers = (languages.groupby(languages).cumcount() + 1).astype("str")
    # Only where row n is the same text in every language may languages share an id, and so a group.
    ids = f"{split}-" + numbers if corpus.parallel else languages + f"-{split}-" + numbers
    start = 0
    for frame in frames:
        frame["id"] = ids.iloc[start : start + len(frame)].to_numpy()
        start += len(frame)


def _canonical(corpus: Task | Probe, part: Part, names: dict[str, str]) -> pd.DataFrame:
    """One part under canonical names, ids and labels as strings; texts are not yet checked."""
    frame = pd.DataFrame({name: part.frame[source] for name, source in names.items()})
    if part.language is not None:
        frame["language"] = part.language
    elif "language" not in names:
        frame["language"] = corpus.languages[0]
    for name in ("id", "group", "label", "language", "source"):
        if name in frame:
            frame[name] = _as_text(part, frame[name], names.get(name, name))
    if "language" in names and corpus.source.languages:
        frame["language"] = frame["language"].replace({name: own for own, name in corpus.source.languages.items()})
    return frame


def _as_text(part: Part, values: pd.Series, column: str) -> pd.Series:
    missing = values.isna().to_numpy()
    if missing.any():
        raise DataError(f"{part.at(int(missing.argmax()), column)}: the value is missing")
    return values.astype(str).astype("str")


def _check_languages(corpus: Task | Probe, rows: _Rows, present: set[str], split: str, names: dict[str, str]) -> None:
    for language in corpus.languages:
        if language not in present:
            column = f", column {names['language']!r}" if "language" in names else ""
            places = " and ".join(dict.fromkeys(part.place for part in rows.parts if part.language in (None, language)))
            raise DataError(
                f"{places}{column}: the {split} split has no row in language {language!r}; it has "
                f"{', '.join(sorted(present)) or 'none'}"
            )


def _check_texts(rows: _Rows, name: str, column: str) -> None:
    texts = rows.frame[name]
    wrong = ~texts.map(lambda text: isinstance(text, str)).to_numpy(dtype=bool)
    if wrong.any():
        position = int(wrong.argmax())
        value = texts.iloc[position]
        what = "missing" if value is None or value is pd.NA or value != value else f"{value!r}, which is not a text"
        raise DataError(f"{rows.at(position, column)}: the text is {what}")
    rows.frame[name] = texts.astype("str")
    empty = (rows.frame[name].str.strip() == "").to_numpy(dtype=bool)
    if empty.any():
        raise DataError(f"{rows.at(int(empty.argmax()), column)}: the text is empty")


def _check_ids(rows: _Rows, column: str) -> None:
    twice = rows.frame.duplicated(["language", "id"]).to_numpy()
    if twice.any():
        position = int(twice.argmax())
        row = rows.frame.iloc[position]
        same = (rows.frame["id"] == row["id"]) & (rows.frame["language"] == row["language"])
        first = rows.at(int(same.to_numpy().argmax()))
        raise DataError(
            f"{rows.at(position, column)}: the id {row['id']!r} stands twice in language {row['language']!r} "
            f"(first: {first})"
        )


def _with_groups(corpus: Task | Probe, rows: _Rows) -> _Rows:
    frame, columns = rows.frame, corpus.columns
    if "group" not in frame:
        frame["group"] = frame["id"]
    elif columns.group in (columns.text, columns.text_pair) and not corpus.source.generated:
        # A text serves as group by its checksum: groups are kept with results, texts may not be.
        codes, texts = pd.factorize(frame["group"])
        digests = np.array([blake2b(text.encode(), digest_size=8).hexdigest() for text in texts])
        frame["group"] = pd.Series(digests[codes], index=frame.index, dtype="str")
    if corpus.parallel:
        order = {language: number for number, language in enumerate(corpus.languages)}
        by_language = frame.loc[frame["language"].map(order).argsort(kind="stable")]
        first = by_language.drop_duplicates("id").set_index("id")["group"]
        frame["group"] = frame["id"].map(first)
    kept = ["id", "group", "text", "text_pair", "label", "language", "source"]
    return _Rows(frame[[name for name in kept if name in frame]], rows.parts, rows.part, rows.index)


def _number_labels(task: Task, splits: dict[str, _Rows], column: str) -> None:
    """Turn the labels of all splits into class indices.

    Names go before positions: values 1 to 5 are the labels "1" to "5", and 0 to 4 their positions.
    """
    found = {value for rows in splits.values() for value in rows.frame["label"].unique()}
    positions = {str(number): number for number in range(len(task.labels))}
    names = {task.label_values.get(label, label): number for number, label in enumerate(task.labels)}
    if task.source.generated or (not task.label_values and not found <= set(names) and found <= set(positions)):
        names = positions
    for split, rows in splits.items():
        numbers = rows.frame["label"].map(names)
        unknown = numbers.isna().to_numpy()
        if unknown.any():
            position = int(unknown.argmax())
            raise DataError(
                f"{rows.at(position, column)}: unknown label {rows.frame['label'].iloc[position]!r}; known: "
                f"{', '.join(names)}" + ("" if task.label_values else f", or the positions 0 to {len(names) - 1}")
            )
        frame = rows.frame.assign(label=numbers.astype(np.int64))
        splits[split] = _Rows(frame, rows.parts, rows.part, rows.index)


def _without_overlap(
    task: Task, splits: dict[str, _Rows], split: str, later: tuple[str, ...], names: dict[str, str]
) -> tuple[_Rows, dict[str, int]]:
    """Drop the rows whose id, text or group stands in a later split, and count them."""
    rows = splits[split]
    keys: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
        "id": lambda frame: frame["language"] + "\n" + frame["id"],
        "text": _text_key,
        "group": lambda frame: frame["group"],
    }
    others = pd.concat([splits[other].frame for other in later], ignore_index=True)
    gone = np.zeros(len(rows.frame), dtype=bool)
    counts = {}
    for name, key in keys.items():
        found = key(rows.frame).isin(key(others)).to_numpy() & ~gone
        if found.any() and task.on_overlap == "error":
            position = int(found.argmax())
            value = key(rows.frame.iloc[[position]]).iloc[0]
            other = next(other for other in later if (key(splits[other].frame) == value).any())
            twin = int((key(splits[other].frame) == value).to_numpy().argmax())
            raise DataError(
                f"{rows.at(position, names.get(name, names['text']))}: the {name} of this {split} row also stands in "
                f"the {other} split ({splits[other].at(twin)})"
            )
        counts[name] = int(found.sum())
        gone |= found
    kept = rows.where(~gone)
    for language in task.languages:
        if not (kept.frame["language"] == language).any():
            raise DataError(
                f"the {split} split of task {task.name!r} has no row in language {language!r} left: all stand in a "
                f"later split too (same id, text or group); if ids are numbered anew in every split, leave out "
                f"columns.id"
            )
    return kept, counts


def _text_key(frame: pd.DataFrame) -> pd.Series:
    key = frame["language"] + "\n" + frame["text"]
    return key + "\n" + frame["text_pair"] if "text_pair" in frame else key
