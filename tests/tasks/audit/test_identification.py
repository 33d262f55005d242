"""Wrong language tags among sentences that were written for this test."""

import sys

import pytest

from polyskew.errors import UserError
from tasks.audit.identification import check_installed, identify
from tasks.audit.samples import Sampled

SENTENCES = {
    "fr": (
        "Nous avons mangé une bonne soupe chez ma grand-mère hier soir.",
        "Le train partira demain matin de bonne heure.",
    ),
    "de": (
        "Gestern Abend haben wir bei meiner Großmutter Suppe gegessen.",
        "Der Zug fährt morgen früh vom Bahnhof ab.",
    ),
    "en": (
        "Yesterday evening we ate soup at my grandmother's house.",
        "The train leaves early tomorrow from the station.",
    ),
}


def sampled(*texts: str) -> list[Sampled]:
    return [Sampled(text, 0, row) for row, text in enumerate(texts, start=1)]


def test_wrong_tags_are_found_and_right_ones_left_alone() -> None:
    pytest.importorskip("py3langid")
    found = identify(
        {"fr": sampled(*SENTENCES["fr"], SENTENCES["de"][0]), "de-CH": sampled(*SENTENCES["de"], "Ja, klar!")}
    )
    assert found["fr"].checked == 3
    assert found["fr"].other == {"de": 1}
    ((text, like),) = found["fr"].examples
    assert (text.row, like) == (3, "de")
    assert (found["de-CH"].checked, found["de-CH"].skipped, found["de-CH"].other) == (2, 1, {})


def test_addresses_names_and_numbers_say_nothing() -> None:
    pytest.importorskip("py3langid")
    noise = "@the_weather_channel #MorningNews https://example.org/the-weather-today 1234567890 ..."
    found = identify({"fr": sampled(noise), "de": sampled(f"{noise} {SENTENCES['de'][0]}")})
    assert (found["fr"].checked, found["fr"].skipped) == (0, 1)
    assert found["de"].other == {}


def test_a_tag_that_the_identifier_does_not_know_is_not_checked() -> None:
    pytest.importorskip("py3langid")
    found = identify({"xx": sampled(*SENTENCES["fr"]), "fr": sampled(*SENTENCES["fr"])})
    assert (found["xx"].checked, found["xx"].skipped) == (0, 0)


def test_a_missing_identifier_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    with pytest.raises(UserError, match=r"pip install 'polyskew\[identify\]'"):
        check_installed()
