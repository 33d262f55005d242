"""The stages' artifacts as numpy arrays."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyskew.errors import DataError

Strings = NDArray[np.object_]


@dataclass(frozen=True)
class Rows:
    """Test, probe or explained rows.

    Attributes:
        id: ``[N]``, unique with the language.
        group: ``[N]``, what must not be split.
        language: ``[N]``.
    """

    id: Strings
    group: Strings
    language: Strings

    def language_index(self, languages: tuple[str, ...], path: Path) -> NDArray[np.int64]:
        """Return each row's place in ``languages``.

        Raises:
            DataError: a row has another language.
        """
        known = {name: index for index, name in enumerate(languages)}
        for row, name in enumerate(self.language):
            if name not in known:
                raise DataError(
                    f"{path}: row {row}, column 'language': {name!r} is none of the cell's languages "
                    f"({', '.join(languages)})"
                )
        return np.array([known[name] for name in self.language], dtype=np.int64)

    def keys(self) -> list[tuple[str, str]]:
        """Return (language, id) of each row."""
        return list(zip(self.language, self.id, strict=True))


@dataclass(frozen=True)
class Predictions(Rows):
    """``predict/predictions.parquet``: true class ``[N]`` and logits ``[N, C]``."""

    label: NDArray[np.int64]
    logits: NDArray[np.float32]

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The class with the largest logit, ``[N]``."""
        return self.logits.argmax(axis=1).astype(np.int64)


@dataclass(frozen=True)
class FeatureRows(Rows):
    """``features/test.parquet`` or ``probe.parquet``; a column that the file does not have is None.

    Attributes:
        label: class indices, ``[N]``; of test rows.
        tokens: number of tokens a text as the model saw it, ``[N]``.
        characters: number of characters a text, ``[N]``.
        source: where each text comes from, ``[N]``; of probe rows whose corpus names it.
    """

    label: NDArray[np.int64] | None
    tokens: NDArray[np.int64] | None
    characters: NDArray[np.int64] | None
    source: Strings | None


@dataclass(frozen=True)
class Attributions(Rows):
    """``attributions/attributions.parquet``, flattened over texts.

    Attributes:
        mode: how each text's values were computed, ``[N]``.
        start: first token of each text and one past the last, ``[N + 1]``.
        token_ids: ``[T]`` over all texts.
        values: SHAP values as probabilities, ``[T, C]``.
        errors: standard errors of the values, ``[T, C]``: 0 where they are exact, NaN where their mode states none.
        base: base values, ``[N, C]``.
    """

    mode: Strings
    start: NDArray[np.int64]
    token_ids: NDArray[np.int64]
    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    base: NDArray[np.float64]

    @property
    def text(self) -> NDArray[np.int64]:
        """Number of the text of each token, ``[T]``."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def tokens(self, text: int) -> NDArray[np.int64]:
        """Return the token ids of one text."""
        return self.token_ids[self.start[text] : self.start[text + 1]]


def read_predictions(path: Path, classes: int) -> Predictions:
    """Read predictions; raises `DataError` where the file is broken or does not have ``classes`` finite logits."""
    table = read_table(path, ["id", "group", "language", "label", "logits"])
    rows = _rows(table)
    logits, _ = _lists(table, "logits")
    if logits.size != len(rows.id) * classes:
        raise DataError(f"{path}: column 'logits': {classes} values a row are wanted, one for each label")
    label = table.column("label").to_numpy().astype(np.int64)
    if len(label) and not (label.min() >= 0 and label.max() < classes):
        raise DataError(f"{path}: column 'label': class indices from 0 to {classes - 1} are wanted")
    if not np.isfinite(logits).all():
        raise DataError(f"{path}: column 'logits' has values that are not finite")
    return Predictions(**vars(rows), label=label, logits=logits.reshape(-1, classes))


def read_attributions(path: Path, classes: int) -> Attributions:
    """Read attributions; raises `DataError` where lengths do not fit, a value is not finite or an error is negative."""
    table = read_table(
        path, ["id", "group", "language", "mode", "token_ids", "values", "base", "errors"], later=("errors",)
    )
    rows = _rows(table)
    values, values_start = _lists(table, "values")
    tokens, start = _lists(table, "token_ids")
    base, _ = _lists(table, "base")
    if (values_start != start * classes).any() or base.size != len(rows.id) * classes:
        raise DataError(f"{path}: each row needs {classes} 'values' a token and {classes} 'base' values")
    if not (np.isfinite(values).all() and np.isfinite(base).all()):
        raise DataError(f"{path} has SHAP values that are not finite")
    return Attributions(
        **vars(rows),
        mode=table.column("mode").to_numpy(zero_copy_only=False),
        start=start,
        token_ids=tokens.astype(np.int64),
        values=values.astype(np.float64).reshape(-1, classes),
        errors=_errors(table.column("errors"), start, classes, path),
        base=base.astype(np.float64).reshape(-1, classes),
    )


def read_feature_rows(path: Path, classes: int) -> FeatureRows:
    """Read the rows of a feature file; raises `DataError` where it is broken or a label is none of ``classes``."""
    table = read_table(path, ["id", "group", "language"], optional=("label", "tokens", "characters", "source"))

    def numbers(name: str) -> NDArray[np.int64] | None:
        return table.column(name).to_numpy().astype(np.int64) if name in table.column_names else None

    label = numbers("label")
    if label is not None and len(label) and not (label.min() >= 0 and label.max() < classes):
        raise DataError(f"{path}: column 'label': class indices from 0 to {classes - 1} are wanted")
    source = table.column("source").to_numpy(zero_copy_only=False) if "source" in table.column_names else None
    return FeatureRows(
        **vars(_rows(table)), label=label, tokens=numbers("tokens"), characters=numbers("characters"), source=source
    )


def feature_names(path: Path) -> list[str]:
    """Return the names of the vectors in a feature file, reading its header only."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return sorted(file.keys())
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path} is not a readable safetensors file ({error})") from None


def read_features(path: Path, name: str, rows: int) -> NDArray[np.float32]:
    """Read vectors ``[N, H]``; raises `DataError` unless there are ``rows`` of them, all finite."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            features = file.get_tensor(name)
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path} is not a readable safetensors file with {name!r} ({error})") from None
    if features.ndim != 2 or len(features) != rows:
        raise DataError(f"{path}: {name!r} has shape {features.shape}, its table has {rows} rows")
    if not np.isfinite(features).all():
        raise DataError(f"{path}: {name!r} has values that are not finite")
    return features


def _errors(column: Any, start: NDArray[np.int64], classes: int, path: Path) -> NDArray[np.float64]:
    """Return the standard errors of all texts' values, ``[T, C]``, NaN for a text whose row is null."""
    import pyarrow

    errors = np.full((start[-1], classes), np.nan)
    if pyarrow.types.is_null(column.type):
        return errors
    column = column.combine_chunks()
    stated = column.is_valid().to_numpy(zero_copy_only=False)
    tokens = np.where(stated, np.diff(start), 0)
    if (column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False) != tokens * classes).any():
        raise DataError(f"{path}: each row needs {classes} 'errors' a token, or null")
    found = column.flatten().to_numpy(zero_copy_only=False).astype(np.float64)
    if not (np.isfinite(found).all() and (found >= 0).all()):
        raise DataError(f"{path}: column 'errors' has standard errors that are not finite or negative")
    errors[np.repeat(stated, np.diff(start))] = found.reshape(-1, classes)
    return errors


def read_table(path: Path, columns: list[str], later: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> Any:
    """Read columns of a parquet file as a pyarrow table.

    Args:
        path: the file.
        columns: must be there.
        later: those of them that files of earlier versions lack.
        optional: are read where they are there.

    Raises:
        DataError: the file cannot be read, or lacks a column.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            missing = [name for name in columns if name not in names]
            if missing and missing[0] in later:
                raise DataError(
                    f"{path} was made by an earlier version, without {missing[0]!r}; `polyskew run` makes it again"
                )
            if missing:
                raise DataError(f"{path} has no column {missing[0]!r}")
            return file.read(columns=[*columns, *(name for name in optional if name in names)])
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise DataError(f"{path} is not a readable parquet file ({error})") from None


def _rows(table: Any) -> Rows:
    return Rows(*(table.column(name).to_numpy(zero_copy_only=False).astype(object) for name in Rows.__annotations__))


def _lists(table: Any, name: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return a list column's values, flat, and where each row's begin."""
    column = table.column(name).combine_chunks()
    flat = column.flatten().to_numpy(zero_copy_only=False)
    lengths = column.value_lengths().to_numpy(zero_copy_only=False)
    return flat, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
