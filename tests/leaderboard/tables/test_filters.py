"""The filter language: against Python's own comparisons on random expressions, and its errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.reading.columns import COLUMNS
from leaderboard.tables.fields import fields_of
from leaderboard.tables.filters import DEEPEST, LONGEST, predicate
from polyskew.errors import UserError
from tests.leaderboard.tables.made_up import row, small

FIELDS = fields_of(COLUMNS)
METHODS, VALUES = ("full", "lora", "houlsby"), (None, 0.25, 0.5, 0.75)
SIGNS = {
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def kept(expression: str) -> list[tuple[str, str]]:
    return [(one.method, one.regime) for one in small().where(expression).rows]


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> tuple[str, object]:
    """An expression, and what it says of a method and an accuracy; written without the parser."""
    kind = draw(st.sampled_from(["number", "text", "in", "missing", *(["not", "and", "or"] if depth else [])]))
    if kind == "number":
        sign, bound = draw(st.sampled_from(list(SIGNS))), draw(st.sampled_from(VALUES[1:]))
        return f"accuracy {sign} {bound}", lambda _, x: x is not None and SIGNS[sign](x, bound)
    if kind == "text":
        sign, name = draw(st.sampled_from(["==", "!="])), draw(st.sampled_from(METHODS))
        quote = draw(st.sampled_from("'\""))
        return f"method{sign}{quote}{name}{quote}", lambda method, _: SIGNS[sign](method, name)
    if kind == "in":
        among = draw(st.lists(st.sampled_from(METHODS), min_size=1))
        sides, negated = draw(st.sampled_from(["[]", "()"])), draw(st.booleans())
        told = sides[0] + ", ".join(f'"{name}"' for name in among) + sides[1]
        return f"method {'not ' * negated}in {told}", lambda method, _: (method in among) is not negated
    if kind == "missing":
        negated = draw(st.booleans())
        return f"accuracy is {'not ' * negated}missing", lambda _, x: (x is None) is not negated
    if kind == "not":
        told, test = draw(expressions(depth - 1))
        return f"not ({told})", lambda *values: not test(*values)
    parts = draw(st.lists(expressions(depth - 1), min_size=2, max_size=3))
    gathered = all if kind == "and" else any
    told = f" {kind} ".join(f"({part})" for part, _ in parts)
    return told, lambda *values: gathered([test(*values) for _, test in parts])


@given(expressions(), st.sampled_from(METHODS), st.sampled_from(VALUES))
def test_an_expression_says_what_python_says(made: tuple[str, object], method: str, value: float | None) -> None:
    expression, test = made
    assert predicate(expression, FIELDS)(row(method, numbers={"accuracy": value})) is test(method, value)


@given(st.booleans(), st.booleans(), st.booleans())
def test_and_binds_more_tightly_than_or_and_not_more_than_both(a: bool, b: bool, c: bool) -> None:
    one = row("full" if a else "x", "r" if b else "x", "w" if c else "x")
    written = 'not method == "full" and regime == "r" or weighting == "w"'
    assert predicate(written, FIELDS)(one) is ((not a and b) or c)
    assert predicate(f"weighting == 'w' or {written}", FIELDS)(one) is (c or (not a and b) or c)


def test_the_example_of_the_documentation() -> None:
    told = 'method == "lora" and accuracy > .3 and regime in ("balanced", "imbalanced")'
    assert kept(told) == [("lora", "balanced"), ("lora", "imbalanced")]
    assert kept("accuracy < .6 and accuracy_low > 5.05e-1 and status != 'failed'") == [
        ("full", "imbalanced"),
        ("lora", "imbalanced"),
    ]
    assert kept(".55 < accuracy <= .6") == [("lora", "balanced"), ("lora", "imbalanced")]
    assert kept("skew_uptake > -0.02 and skew_uptake<.2") == [("lora", "balanced"), ("lora", "imbalanced")]
    assert kept("reference == 1") == [("full", "balanced"), ("lora", "balanced")]
    assert kept("seeds_done < seeds_planned") == [("houlsby", "imbalanced")]


def test_a_missing_number_is_neither_equal_nor_different_nor_larger() -> None:
    for sign in SIGNS:
        assert ("houlsby", "imbalanced") not in kept(f"accuracy {sign} 0.5")
    assert ("houlsby", "imbalanced") not in kept("accuracy in [.5]")
    assert ("houlsby", "imbalanced") not in kept("accuracy not in [.5]")
    assert kept("accuracy is missing") == [("houlsby", "imbalanced")]
    assert len(kept("accuracy is not missing")) == 4
    assert len(kept("variant is missing")) == 5


def test_a_column_with_a_point_in_its_name_and_comparisons_can_be_asked_for() -> None:
    one = row(numbers={"neutral_drift_at_0.05": 0.3}, p={"accuracy": 0.01}, groups={"accuracy": "ab"})
    assert predicate("neutral_drift_at_0.05 > .2", FIELDS)(one)
    assert predicate("accuracy_vs_reference_p < .05 and accuracy_group == 'ab'", FIELDS)(one)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "filter, at its end: a column, a number or a text in quotes is wanted"),
        ("acuracy > .3", "filter, character 1 ('acuracy > .3'): the board has no column 'acuracy'; did you mean 'acc"),
        ("method == lora", "character 11 ('lora'): the board has no column 'lora'; a text stands in quotes"),
        ("accuracy", "at its end: a comparison of accuracy is wanted here"),
        ("accuracy >", "at its end: a column, a number or a text in quotes is wanted"),
        ("accuracy > .3 .4", "character 15 ('.4'): and, or, or the end is wanted"),
        ("accuracy > .3 AND accuracy < 1", "character 15 ('AND accuracy < 1'): and, or, or the end"),
        ("accuracy = .3", "character 10 ('= .3'): the character '=' means nothing here; \"is equal\" is written =="),
        ("accuracy > .3 & accuracy < 1", "character 15 ('& accuracy < 1'): the character '&' means nothing here; wri"),
        ('method == "lora', "character 11 ('\"lora'): this quote is not closed"),
        ('accuracy == "lora"', 'accuracy is a number and "lora" is a text, which cannot be compared'),
        ('method in ["lora", 3]', "character 20 ('3]'): method is a text and 3 is a number"),
        ('method < "lora"', "texts are compared with == and != only, and method is one"),
        ('method in "lora"', "a list is wanted after in"),
        ("method in []", "character 12 (']'): a column, a number or a text"),
        ('method in ["lora")', "a comma or ] is wanted in the list"),
        ("(accuracy > 1", "at its end: the parenthesis of character 1 is to be closed here"),
        ("accuracy > 1)", "character 13 (')'): and, or, or the end is wanted"),
        ("accuracy is 3", "missing is wanted after is"),
        ("not", "at its end: a column"),
        ("__import__('os').system('true')", "character 17 (\".system('true')\"): the character '.' means nothing"),
        ("__import__('os')", "the board has no column '__import__'"),
        ("method.upper() == 'LORA'", "the board has no column 'method.upper'"),
        ("accuracy\x00 > 1", "the character '\\x00' means nothing here"),
        ("(" * (DEEPEST + 1) + "accuracy > 1", f"parentheses are nested more than {DEEPEST} deep"),
        ("(" * 9_000, f"parentheses are nested more than {DEEPEST} deep"),
        ("not " * 2_400, "at its end: a column"),
        ("a" * LONGEST, "the board has no column 'aaaa"),
        ("a" * (LONGEST + 1), f"has {LONGEST + 1} characters; at most {LONGEST} are read"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(expression: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        predicate(expression, FIELDS)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 250


def test_long_chains_are_read() -> None:
    many = " or ".join(["accuracy == 2"] * 500)
    assert kept(f"{many} or method == 'lora'") == [("lora", "balanced"), ("lora", "imbalanced")]
    nested = "(" * DEEPEST + "accuracy > .6" + ")" * DEEPEST
    assert kept(nested) == [("full", "balanced")]
    assert kept("not " * 1_001 + "accuracy > .6") == kept("not accuracy > .6")
