"""Numbers of this side, and what is missing among them."""

from dataclasses import dataclass, field

from leaderboard.statistics.averaging import Number

_NAMED = 4  # places that a sentence names; each missing number is marked in its own place, too


@dataclass(frozen=True)
class Got:
    """A number of this side, or why there is none.

    Attributes:
        number: the mean over seeds.
        word: what stands in the table where it is missing: ``not in the grid``, ``not run``, ``failed``, ...
        planned: number of seeds in the grid.
    """

    number: Number
    word: str = ""
    planned: int = 0


@dataclass
class Missing:
    """Gathers what is missing in a table, so that each reason is told once, with its first places."""

    places: dict[str, list[str]] = field(default_factory=dict)

    def add(self, place: str, got: Got) -> None:
        """Note that a number, or some of its seeds, are missing."""
        reason = got.number.reason or (got.word if got.number.value is None else "")
        if reason:
            known = self.places.setdefault(reason, [])
            known.extend([place] if place not in known else [])

    def sentences(self) -> tuple[str, ...]:
        """Return one sentence for each reason."""
        told = []
        for reason, places in self.places.items():
            more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
            told.append(f"{'; '.join(places[:_NAMED])}{more}: {reason}.")
        return tuple(told)
