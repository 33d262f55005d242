"""What the demo premises say and what follows from them, without the words of any language.

A scene holds a subject, an act and up to three details. Going up (to a general term, or dropping a
detail) gives an entailed scene, going down or adding a detail an open one, and swapping for
something that excludes the original a contradicting one. All three kinds of hypothesis also go up
elsewhere, and general terms, details and negations occur with every label, so that the hypothesis
alone says little.
"""

from dataclasses import astuple, dataclass, replace
from typing import Any

from tasks.demo.stream import Draws, load_lexicon

GO_UP = {"entailed": 0.25, "open": 0.6, "contrary": 0.45}
"""Chance that a hypothesis generalises any one part of the premise besides what its label needs.

Open hypotheses add a detail and entailed ones lose one, so the chances differ the other way round:
otherwise the length of the hypothesis would tell the two apart."""


@dataclass(frozen=True)
class Scene:
    """One statement. ``act`` and ``subject`` may be specific or general; the rest may be None."""

    subject: str
    number: int
    act: str
    negated: bool = False
    place: str | None = None
    day: str | None = None
    part: str | None = None  # of the day; only together with ``day``
    extra: str | None = None

    def key(self) -> str:
        """Return a string that identifies the scene in every language."""
        return "|".join(map(str, astuple(self)))


class Concepts:
    """The concept lexicon with the look-ups that the moves need."""

    def __init__(self) -> None:
        """Read ``lexicons/nli_concepts.yaml``."""
        raw: dict[str, Any] = load_lexicon("nli_concepts")
        self.subjects: dict[str, list[str]] = raw["subjects"]
        self.exclusive: list[str] = raw["exclusive"]
        self.actions: dict[str, dict[str, list[str]]] = raw["actions"]
        self.places: dict[str, list[str]] = raw["places"]
        self.days: list[str] = raw["days"]
        self.parts: list[str] = raw["parts"]
        self.extras: list[str] = raw["extras"]
        self.class_of = {s: c for c, members in self.subjects.items() for s in members}
        self.family_of = {a: f for f, entry in self.actions.items() for a in entry["acts"]}
        self.side_of = {p: side for side, members in self.places.items() for p in members}

    def family(self, act: str) -> str:
        """Return the general act of ``act`` (itself if it is general)."""
        return self.family_of.get(act, act)

    def side(self, place: str) -> str:
        """Return "in" or "out" for a place or a side."""
        return self.side_of.get(place, place)

    def sides(self, act: str) -> list[str]:
        """Return where ``act`` may happen."""
        return self.actions[self.family(act)]["where"]

    def draw_premise(self, draws: Draws) -> Scene:
        """Return a random scene with one or two of the details place, time and extra."""
        subject_class = draws.weighted(list(self.subjects), [9, 3, 3, 3])
        general = subject_class != "person" and draws.uniform() < 0.35
        subject = subject_class if general else draws.pick(self.subjects[subject_class])
        family = draws.pick(list(self.actions))
        act = family if draws.uniform() < 0.3 else draws.pick(self.actions[family]["acts"])
        scene = Scene(subject, draws.weighted((1, 2, 3, 4), (50, 25, 15, 10)), act)
        for detail in draws.shuffled(["place", "time", "extra"])[: 1 + draws.below(2)]:
            scene = self.with_detail(scene, detail, draws)
        return scene

    def with_detail(self, scene: Scene, detail: str, draws: Draws) -> Scene:
        """Return ``scene`` with a drawn "place", "time" or "extra"."""
        if detail == "place":
            side = draws.pick(self.sides(scene.act))
            general = draws.uniform() < 0.25
            return replace(scene, place=side if general else draws.pick(self.places[side]))
        if detail == "time":
            part = None if draws.uniform() < 0.3 else draws.pick(self.parts)
            return replace(scene, day=draws.pick(self.days), part=part)
        return replace(scene, extra=draws.pick(self.extras))

    def ups(self, scene: Scene, draws: Draws) -> dict[str, Scene]:
        """Return the ways to say less, by the part of the scene that is generalised."""
        result = {}
        if scene.subject in self.class_of:
            result["subject"] = replace(scene, subject=self.class_of[scene.subject])
        if scene.act in self.family_of:
            result["act"] = replace(scene, act=self.family_of[scene.act])
        if scene.place is not None:
            general = self.side(scene.place)
            keep = scene.place != general and draws.uniform() < 0.5
            result["place"] = replace(scene, place=general if keep else None)
        if scene.day is not None:
            keep = scene.part is not None and draws.uniform() < 0.5
            result["time"] = replace(scene, day=scene.day if keep else None, part=None)
        if scene.extra is not None:
            result["extra"] = replace(scene, extra=None)
        return result

    def go_up(self, scene: Scene, draws: Draws, kind: str, spare: str | None = None) -> Scene:
        """Return ``scene`` generalised at random, as often as a hypothesis of ``kind`` needs.

        The part ``spare`` stays as it is; an entailed scene without one changes at least one part.
        Parts are taken one after the other, so each one's options are those of the current scene.
        """
        parts = draws.shuffled([part for part in self.ups(scene, draws) if part != spare])
        for index, part in enumerate(parts):
            forced = kind == "entailed" and spare is None and index == 0
            if forced or draws.uniform() < GO_UP[kind]:
                scene = self.ups(scene, draws)[part]
        return scene

    def entailed(self, scene: Scene, draws: Draws) -> Scene:
        """Return a scene that holds whenever ``scene`` does."""
        if draws.uniform() < 0.2:
            # She was reading, hence she was not sleeping.
            other = draws.pick(self.actions[self.family(scene.act)]["against"])
            if draws.uniform() < 0.5:
                other = draws.pick(self.actions[other]["acts"])
            moved = replace(scene, act=other, negated=True, place=None, extra=None)
            return self.go_up(moved, draws, "entailed", spare="act")
        return self.go_up(scene, draws, "entailed")

    def open(self, scene: Scene, draws: Draws) -> Scene:
        """Return a scene that may or may not hold when ``scene`` does."""
        absent = {"place": scene.place, "time": scene.day, "extra": scene.extra}
        moves = [detail for detail, value in absent.items() if value is None]
        moves += ["subject"] if scene.subject in self.subjects else []
        moves += ["act"] if scene.act in self.actions else []
        moves += ["place"] if scene.place in self.places else []
        moves += ["time"] if scene.day is not None and scene.part is None else []
        move = draws.pick(moves)
        if move in absent and absent[move] is None:
            moved = self.with_detail(scene, move, draws)
        elif move == "subject":
            moved = replace(scene, subject=draws.pick(self.subjects[scene.subject]))
        elif move == "act":
            act, negated = draws.pick(self.actions[scene.act]["acts"]), draws.uniform() < 0.5
            extra = None if negated else scene.extra
            moved = replace(scene, act=act, negated=negated, extra=extra)
        elif move == "place":
            moved = replace(scene, place=draws.pick(self.places[str(scene.place)]))
        else:
            moved = replace(scene, part=draws.pick(self.parts))
        return self.go_up(moved, draws, "open", spare=move)

    def contrary(self, scene: Scene, draws: Draws) -> Scene:
        """Return a scene that cannot be true of the situation that ``scene`` describes."""
        moves = ["number", "act", "act", "negation"]
        group = self.class_of.get(scene.subject, scene.subject)
        if group in self.exclusive:
            moves.append("subject")
        if scene.place is not None and len(self.sides(scene.act)) > 1:
            moves += ["place", "place"]
        if scene.day is not None:
            moves += ["time", "time"]
        move = draws.pick(moves)
        if move == "number":
            number = draws.pick([n for n in (1, 2, 3, 4) if n != scene.number])
            return self.go_up(replace(scene, number=number), draws, "contrary")
        if move == "negation":
            # Denying the general act denies the specific one, so going up comes first. The extra
            # goes: "not reading because of a bet" could be read in two ways.
            return replace(self.go_up(scene, draws, "contrary"), negated=True, extra=None)
        if move == "subject":
            other = draws.pick([c for c in self.exclusive if c != group])
            if draws.uniform() < 0.6:
                other = draws.pick(self.subjects[other])
            moved = replace(scene, subject=other)
        elif move == "act":
            other = draws.pick(self.actions[self.family(scene.act)]["against"])
            if draws.uniform() < 0.6:
                other = draws.pick(self.actions[other]["acts"])
            fits = scene.place is None or self.side(scene.place) in self.sides(other)
            moved = replace(scene, act=other, place=scene.place if fits else None)
        elif move == "place":
            side = "in" if self.side(str(scene.place)) == "out" else "out"
            general = draws.uniform() < 0.25
            moved = replace(scene, place=side if general else draws.pick(self.places[side]))
        else:
            moved = replace(scene, day=draws.pick([d for d in self.days if d != scene.day]))
        return self.go_up(moved, draws, "contrary", spare=move)
