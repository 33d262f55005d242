"""The paper's encoders by their short names, through the hub's own clients, from a stand-in on loopback."""

import json

import pytest

from benchmark.models import SHORT_NAMES
from tests.benchmark.hub_checkpoints import write_mbert, write_xlmr
from tests.tasks.hub_stand_in import serve

LOAD = """
import json, sys
from benchmark.models import ModelChoice
from benchmark.models.loading import load_model, load_tokenizer
from polyskew.errors import UserError

found = {}
for settings in json.loads(sys.argv[1]):
    choice = ModelChoice(**settings)
    try:
        tokenizer = load_tokenizer(choice)
        model = load_model(choice, ("bad", "good"), 0)
        found[json.dumps(settings)] = [type(tokenizer).__name__, type(model).__name__, model.config.num_hidden_layers]
    except UserError as error:
        found[json.dumps(settings)] = str(error)
print("RESULT" + json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("hub")
    write_mbert(folder / SHORT_NAMES["mbert"][0])
    write_xlmr(folder / SHORT_NAMES["xlm-r"][0])
    asked = [
        {"name": "mbert"},
        {"name": "xlm-r"},
        {"name": "mbert", "revision": "f" * 40},
        {"name": "org/absent"},
    ]
    with serve(folder, commits=dict(SHORT_NAMES.values())) as hub:
        return hub.ask(LOAD, asked, tmp_path_factory.mktemp("cache"))


def test_the_short_names_load_at_their_commits(found: dict[str, object]) -> None:
    # The stand-in has no other commit than the pinned one.
    assert found['{"name": "mbert"}'] == ["BertTokenizer", "BertForSequenceClassification", 2]
    assert found['{"name": "xlm-r"}'] == ["XLMRobertaTokenizer", "XLMRobertaForSequenceClassification", 1]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"name": "mbert", "revision": "f" * 40},
            f"bert-base-multilingual-cased at revision {'f' * 40} cannot be loaded",
        ),
        ({"name": "org/absent"}, "org/absent cannot be loaded"),
    ],
)
def test_what_the_hub_does_not_have_is_one_sentence(
    found: dict[str, object], settings: dict[str, str], words: str
) -> None:
    said = found[json.dumps(settings)]
    assert isinstance(said, str)
    assert words in said
    assert "\n" not in said
