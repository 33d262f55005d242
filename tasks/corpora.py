"""What a task and a probe corpus share: where the rows come from, and which columns they have."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class _Declaration(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Paths = Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)]


class Source(_Declaration):
    """Where the rows come from: a data set on the Hugging Face hub, local files, or the suite's own generators.

    ``{language}`` in ``hub``, ``config`` and ``files`` stands for each language in turn; the rows read there then
    have that language. ``${NAME}`` in local ``files`` stands for an environment variable.

    A data set that is not public is read with the token that the hub's client finds itself, in ``HF_TOKEN`` or where
    ``hf auth login`` keeps it; a declaration is published with the results, so it has no place for one.

    Attributes:
        hub: a hub data set, ``organisation/name``.
        config: the data set's config.
        revision: the commit that pins the data; without it ``main`` is read, with a warning.
        splits: the hub's name of each split, where it differs from ours.
        languages: the source's name of each language, where it differs from ours, in ``{language}`` and in the column
            of languages.
        files: the file, or list of files, of each split: parquet, jsonl or csv, the latter two also gzipped
            (``.gz``). Together with ``hub`` these are read from the repository itself, which is the way for those
            that carry a loading script. A relative path in a YAML file is relative to that file.
        generated: which of the demo generators makes the rows.
        rows: for a generator, the rows of each (language, label) cell by split (of each language for a probe).
    """

    hub: str | None = None
    config: str | None = None
    revision: str | None = None
    splits: dict[str, str] = {}
    languages: dict[str, str] = {}
    files: dict[str, Paths] = {}
    generated: Literal["reviews", "nli", "wiki"] | None = None
    rows: dict[str, int] = {}

    @model_validator(mode="before")
    @classmethod
    def _no_token(cls, value: Any) -> Any:
        if isinstance(value, dict) and "token" in value:
            raise ValueError(
                "a token is no setting, because settings are published with the results; put it into the environment "
                "variable HF_TOKEN, or log in once with 'hf auth login'"
            )
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> "Source":
        if (self.hub is not None or bool(self.files)) == (self.generated is not None):
            raise ValueError("a source is one of 'hub', 'files', or 'generated'")
        if self.hub is None and (self.config or self.revision or self.splits):
            raise ValueError("'config', 'revision' and 'splits' go with 'hub'")
        if self.files and (self.config or self.splits):
            raise ValueError("'files' names the files to read, so 'config' and 'splits' have no meaning beside it")
        if bool(self.rows) != (self.generated is not None):
            raise ValueError("'rows' goes with 'generated': the rows of each cell by split")
        if any(count < 1 for count in self.rows.values()):
            raise ValueError("every number in 'rows' is at least 1")
        if self.languages and self.generated:
            raise ValueError("'languages' goes with 'hub' and 'files': generated rows have our names")
        if len(set(self.languages.values())) < len(self.languages):
            raise ValueError("source.languages gives each language a name of its own in the source")
        return self

    @property
    def by_language(self) -> bool:
        """Whether every part read holds one known language."""
        paths = [path for several in self.files.values() for path in several]
        if any("{language}" in (name or "") for name in (self.hub, self.config)):
            return True
        return bool(paths) and all("{language}" in path for path in paths)

    def fill(self, template: str, language: str | None) -> str:
        """Return a name with the source's name of a language for ``{language}``, where rows are read by language."""
        return template.replace("{language}", self.languages.get(language, language)) if language else template

    def check_splits(self, wanted: tuple[str, ...]) -> None:
        """Refuse missing and unknown splits in ``files`` and ``rows``, and unknown ones in ``splits``."""
        for key, given in (("files", set(self.files)), ("rows", set(self.rows))):
            if given and given != set(wanted):
                raise ValueError(
                    f"source.{key} has {', '.join(sorted(given))}; wanted is one entry for each of {', '.join(wanted)}"
                )
        if not set(self.splits) <= set(wanted):
            raise ValueError(f"source.splits translates the names {', '.join(wanted)}, not {', '.join(self.splits)}")


class Columns(_Declaration):
    """The source's column for each canonical column.

    Attributes:
        id: without it, rows are numbered.
        group: what must not be split between training and test; without it, the id.
        text: the text.
        text_pair: the second text of a pair.
        label: the label.
        language: the language; not needed where the source names one with ``{language}``.
        source: where a text comes from, for example one of several collections. A probe corpus may have it: a
            language probe can then be told apart from a source probe.
    """

    id: str | None = None
    group: str | None = None
    text: str = "text"
    text_pair: str | None = None
    label: str = "label"
    language: str | None = None
    source: str | None = None


class Corpus(_Declaration):
    """What a task and a probe corpus share; the attributes are described there."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    version: int = Field(default=1, ge=1)
    summary: str = ""
    languages: tuple[str, ...] = Field(min_length=1)
    source: Source
    columns: Columns = Columns()
    parallel: bool = False
    licence: str = ""
    redistribute: bool = False
    citation: str = ""

    @model_validator(mode="after")
    def _languages_known(self) -> "Corpus":
        if len(set(self.languages)) < len(self.languages):
            raise ValueError("a language stands twice in 'languages'")
        if not (self.source.generated or self.source.by_language or self.columns.language or len(self.languages) == 1):
            raise ValueError(
                "it is not said which language a row has: name the column in columns.language, or write {language} "
                "in the source's config or file names"
            )
        if self.parallel and not (self.source.generated or self.columns.id or self.source.by_language):
            raise ValueError("'parallel: true' needs columns.id, or one file or config for each language")
        return self
