"""The digest that ids are made of."""

import pytest

from polyskew.canonical import digest


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    # Computed with: printf '{"a":1,"b":["\\u00e9"]}' | sha256sum
    assert digest({"b": ["é"], "a": 1}) == digest({"a": 1, "b": ["é"]}) == "28cae5a5c18b9007"


def test_what_is_no_number_in_json_has_no_digest() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest({"a": float("nan")})
