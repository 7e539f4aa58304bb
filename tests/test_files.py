"""A file that is written is whole or not there."""

import pytest

from lenet.files import whole


def test_a_file_takes_its_place_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "numbers.json"
    with whole(path) as part:
        part.write_text("1")
        assert not path.exists()
    assert [file.name for file in path.parent.iterdir()] == ["numbers.json"]
    assert path.read_text() == "1"


def write_half(path):
    with whole(path) as part:
        part.write_text("half")
        raise RuntimeError


def test_after_an_error_the_old_file_stands_and_nothing_lies_beside_it(tmp_path):
    path = tmp_path / "numbers.json"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        write_half(path)
    assert (path.read_text(), list(tmp_path.iterdir())) == ("old", [path])
