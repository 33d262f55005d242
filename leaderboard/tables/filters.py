"""Which rows to show: a small language of comparisons, which is parsed and never evaluated as code.

expression  = conjunction {"or" conjunction}
conjunction = negation {"and" negation}
negation    = {"not"} ("(" expression ")" | comparison)
comparison  = operand (sign operand {sign operand} | ["not"] "in" list | "is" ["not"] "missing")
list        = ("[" | "(") operand {"," operand} ("]" | ")")
operand     = NAME | "text" | 'text' | NUMBER
"""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from leaderboard.rows import Row
from leaderboard.tables.fields import Fields, Value, no_column
from leaderboard.tables.tokens import Token, error, split
from leaderboard.tables.writing import shortened
from polyskew.errors import UserError

Test = Callable[[Row], bool]
LONGEST, DEEPEST = 10_000, 50  # characters and parentheses of an expression
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


class _Operand(NamedTuple):
    """What is compared: as it is written, whether it is a text, and what takes a row and returns its value."""

    written: str
    text: bool
    get: Callable[[Row], Value]


def predicate(expression: str, fields: Fields) -> Test:
    """Return what tells whether a row fits.

    Args:
        expression: for example ``method == "lora" and accuracy > .3``. Names are columns of the CSV. A missing number
            is neither equal to another nor different, smaller or larger; ``accuracy is missing`` asks for it.
        fields: what rows can be asked for.

    Raises:
        UserError: not an expression; the message names the place.
    """
    if len(expression) > LONGEST:
        raise UserError(f"the filter has {len(expression)} characters; at most {LONGEST} are read")
    return _Parser(expression, fields).whole()


class _Parser:
    """Recursive descent: each method takes the tokens of what it is named after."""

    def __init__(self, expression: str, fields: Fields) -> None:
        self._expression = expression
        self._fields = fields
        self._tokens = split(expression)
        self._next = 0
        self._depth = 0

    def whole(self) -> Test:
        test = self._any()
        if self._token.kind != "end":
            raise self._error(self._token.place, "and, or, or the end is wanted here")
        return test

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _error(self, place: int, message: str) -> UserError:
        return error(self._expression, place, message)

    def _takes(self, *texts: str) -> str:
        """Take the next token if it is one of the signs or words, and return it; else return nothing."""
        token = self._token
        if token.kind not in ("sign", "word") or token.text not in texts:
            return ""
        self._next += 1
        return token.text

    def _any(self) -> Test:
        tests = [self._all()]
        while self._takes("or"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _all(self) -> Test:
        tests = [self._negation()]
        while self._takes("and"):
            tests.append(self._negation())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _negation(self) -> Test:
        wanted, place = True, self._token.place
        while self._takes("not"):
            wanted, place = not wanted, self._token.place
        test = self._nested(place) if self._takes("(") else self._comparison()
        return test if wanted else lambda row: not test(row)

    def _nested(self, opening: int) -> Test:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(opening, f"parentheses are nested more than {DEEPEST} deep")
        test = self._any()
        if not self._takes(")"):
            raise self._error(self._token.place, f"the parenthesis of character {opening + 1} is to be closed here")
        self._depth -= 1
        return test

    def _comparison(self) -> Test:
        left = self._operand()
        place = self._token.place
        if self._takes("is"):
            wanted = not self._takes("not")
            if not self._takes("missing"):
                raise self._error(self._token.place, "missing is wanted after is")
            return lambda row: (left.get(row) in (None, "")) is wanted
        if self._token.text in _COMPARE:
            return self._chain(left)
        wanted = not self._takes("not")
        if not self._takes("in"):
            raise self._error(place, f"a comparison of {left.written} is wanted here, such as == or in")
        return _within(left, self._list(left), wanted)

    def _chain(self, left: _Operand) -> Test:
        """Take one comparison, or several in a row as in ``.3 < accuracy < .5``."""
        tests = []
        place = self._token.place
        while sign := self._takes(*_COMPARE):
            right = self._operand()
            self._check_alike(left, right, place)
            if left.text and sign not in ("==", "!="):
                raise self._error(place, f"texts are compared with == and != only, and {left.written} is one")
            tests.append(_compared(left, _COMPARE[sign], right))
            left, place = right, self._token.place
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _list(self, left: _Operand) -> list[_Operand]:
        opening = self._takes("[", "(")
        if not opening:
            raise self._error(self._token.place, 'a list is wanted after in, such as ["lora", "full"]')
        among: list[_Operand] = []
        while not among or self._takes(","):
            place = self._token.place
            among.append(self._operand())
            self._check_alike(left, among[-1], place)
        closing = "]" if opening == "[" else ")"
        if not self._takes(closing):
            raise self._error(self._token.place, f"a comma or {closing} is wanted in the list")
        return among

    def _operand(self) -> _Operand:
        token = self._token
        if token.kind not in ("name", "text", "number"):
            raise self._error(token.place, 'a column, a number or a text in quotes is wanted, such as method == "lora"')
        if token.kind == "name" and token.text not in self._fields:
            name = shortened(token.text)
            raise self._error(token.place, no_column(name, self._fields, f'a text stands in quotes, as in "{name}"'))
        self._next += 1
        if token.kind == "name":
            return _Operand(token.text, self._fields[token.text].text, self._fields[token.text].get)
        value = token.text[1:-1] if token.kind == "text" else float(token.text)
        return _Operand(token.text, token.kind == "text", lambda _: value)

    def _check_alike(self, left: _Operand, right: _Operand, place: int) -> None:
        if left.text != right.text:
            told = [f"{one.written} is a {'text' if one.text else 'number'}" for one in (left, right)]
            raise self._error(place, f"{' and '.join(told)}, which cannot be compared")


def _compared(left: _Operand, sign: Callable[[Any, Any], bool], right: _Operand) -> Test:
    def test(row: Row) -> bool:
        one, other = left.get(row), right.get(row)
        return one is not None and other is not None and sign(one, other)

    return test


def _within(left: _Operand, among: list[_Operand], wanted: bool) -> Test:
    def test(row: Row) -> bool:
        one = left.get(row)
        return one is not None and any(one == other.get(row) for other in among) is wanted

    return test
