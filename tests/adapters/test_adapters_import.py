"""Looking at the room costs nothing: no torch before a method is used."""

import subprocess
import sys
from pathlib import Path

import pytest

from adapters import get_method

from .models import tiny

HEAVY = "{'torch', 'peft', 'transformers', 'pydantic', 'numpy'}"


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("import adapters; adapters.METHODS.entries(), adapters.WEIGHTINGS.entries()", "set()"),
        ("from adapters import get_weighting; get_weighting('per_language')([[1, 2]])", "{'pydantic', 'numpy'}"),
        ("from adapters import Method, LearningRates", "{'pydantic', 'numpy'}"),
        (
            "from adapters import METHODS, get_method; [get_method(name).identity() for name in METHODS.names()]",
            "{'pydantic', 'numpy'}",
        ),
    ],
)
def test_importing_is_cheap(statement: str, allowed: str) -> None:
    code = f"import sys; {statement}; sys.exit(str(({HEAVY} & set(sys.modules)) - {allowed}).replace('set()', ''))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_a_fresh_process_loads_a_houlsby_adapter(tmp_path: Path) -> None:
    """PEFT must have been told of the tuner, whoever asks first."""
    method = get_method("houlsby")
    method.save(method.prepare(tiny()), tmp_path)
    code = (
        "import sys; from pathlib import Path; from adapters import get_method; "
        "from tests.adapters.models import tiny; "
        "print(type(get_method('houlsby').load(tiny(), Path(sys.argv[1]))).__name__)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "PeftModelForSequenceClassification"


def test_unknown_names_are_attribute_errors() -> None:
    import adapters

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = adapters.nothing
    assert all(hasattr(adapters, name) for name in adapters.__all__)
