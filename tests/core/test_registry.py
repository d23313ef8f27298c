"""Tables of plug-ins are mappings, and say what there is where a name is unknown."""

from __future__ import annotations

import pickle

import pytest

from lycurgus.core.errors import ParameterError, UnknownNameError
from lycurgus.core.registry import Registry

TABLE: Registry[object] = Registry("toy", {"a": "collections:OrderedDict", "b": "nowhere:Nothing"})
SENTENCE = "there is no toy called 'x': choose one of a, b"


def test_a_name_that_is_missing_is_no_error_where_a_default_is_given() -> None:
    assert TABLE.get("x") is None
    assert "x" not in TABLE
    assert TABLE.get("a") is TABLE["a"]


@pytest.mark.parametrize("kind", [ParameterError, KeyError])
def test_a_missing_name_is_a_sentence_for_users_and_a_key_error_for_code(kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        TABLE["x"]
    assert str(caught.value) == SENTENCE


def test_the_error_comes_back_whole_from_another_process() -> None:
    with pytest.raises(UnknownNameError) as caught:
        TABLE["x"]
    assert str(pickle.loads(pickle.dumps(caught.value))) == SENTENCE
