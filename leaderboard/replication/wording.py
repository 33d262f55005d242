"""Sentences and names that every table shares: what stands in for what, and which reading of the paper was used."""

from dataclasses import replace

from leaderboard.replication.published import MODELS, TASKS
from leaderboard.replication.studies import Study, in_force, pick

_METHODS = {"full": "full fine-tuning", "lora": "LoRA", "houlsby": "Houlsby adapters"}


def shown(study: Study) -> str:
    """Return the task's name as the paper has it; a stand-in's own, and how the study differs from another."""
    task = TASKS.get(study.task, study.task)
    return f"{task} ({study.variant})" if study.variant else task


def told_apart(studies: list[Study]) -> list[Study]:
    """Return the studies with variants that tell them from each other and say no more.

    A study keeps its variant where another one has its names; where one task and method stand there for several models,
    the model's name is part of it.
    """
    names = [(study.task, study.model, study.method) for study in studies]
    apart = []
    for study, own in zip(studies, names, strict=True):
        models = {model for task, model, method in names if (task, method) == (study.task, study.method)}
        parts = [model_shown(study) if len(models) > 1 else "", study.variant if names.count(own) > 1 else ""]
        apart.append(replace(study, variant=", ".join(part for part in parts if part)))
    return apart


def model_shown(study: Study) -> str:
    """Return the model's name as the paper has it; a stand-in's own."""
    return MODELS.get(study.model, study.model)


def method_shown(method: str) -> str:
    """Return a method's name as it stands in a sentence."""
    return _METHODS.get(method, method)


def stand_ins(studies: list[Study]) -> list[str]:
    """Return ``umsab in place of Amazon reviews`` for each task and model that stands in for the paper's."""
    pairs = [(study.task, study.task_as) for study in studies if study.task_as != TASKS.get(study.task, "")]
    pairs += [(study.model, study.model_as) for study in studies if study.model_as != MODELS.get(study.model, "")]
    return [f"{mine} in place of {papers}" for mine, papers in dict.fromkeys(pairs)]


def captioned(caption: str, studies: list[Study]) -> str:
    """Return a caption that says what stands in for the paper's data or model, if anything does."""
    told = stand_ins(studies)
    return f"{caption} (stand-in: {', '.join(told)})" if told else caption


def here_is(studies: list[Study]) -> tuple[str, ...]:
    """Return the sentence that the page must begin with where something stands in."""
    told = stand_ins(studies)
    if not told:
        return ()
    return (
        f'STAND-IN: "here" is {" and ".join(told)}. A difference to the paper is one of data or model, not an error '
        "of replication.",
    )


def reading(studies: list[Study]) -> tuple[str, ...]:
    """Return which recipe, variant of the loss, decay and sizes the studies have, one sentence for each kind."""
    told: dict[str, list[str]] = {}
    for study in studies:
        sentence = ", ".join(_choices(study))
        known = told.setdefault(sentence, [])
        known.extend([study.task] if study.task not in known else [])
    return tuple(f"Reading ({', '.join(tasks)}): {sentence}." for sentence, tasks in told.items())


def _choices(study: Study) -> list[str]:
    final = pick(in_force(study.first), "recipe", "final_rate")
    entropy = {
        "": "without the masked-input entropy loss",
        "paper": "masked-input entropy loss as in the paper's code",
        "text": "masked-input entropy loss as in equation 3",
    }
    choices = [f"recipe {study.recipe}", entropy.get(study.entropy, f"masked-input entropy loss {study.entropy}")]
    way = pick(study.first.spec.canonical, "recipe", "unlearn_language")
    if way:
        kind = str(pick(way, "use")).replace("_", " ")
        choices.append(f"the language unlearned by {kind}, weight {pick(way, 'weight') or 1.0:g}")
    if isinstance(final, int | float):
        whose = {0.01: " as in the paper's code", 0.0: " as in the paper's text"}.get(final, "")
        choices.append(f"learning rates fall to {final:g} of their peak{whose}")
    choices.append("sizes by the paper's code's rule" if study.sizes == "paper" else "sizes by the suite's own rule")
    return choices
