"""The standard's schema files are the published ones, byte for byte, and NOTICE says where they come from."""

import hashlib
import re
from importlib.resources import files

import pytest

FOLDER = files("contracts").joinpath("schema")


@pytest.mark.parametrize("name", ["odcs-3.1.0.schema.json", "odcs-3.2.0.schema.json"])
def test_a_schema_file_is_the_published_one(name):
    notice = FOLDER.joinpath("NOTICE").read_text(encoding="utf-8")
    entry = notice[notice.index(name) :]
    stated = re.search(r"sha256 ([0-9a-f]{64})", entry)
    assert stated is not None
    assert hashlib.sha256(FOLDER.joinpath(name).read_bytes()).hexdigest() == stated.group(1)
