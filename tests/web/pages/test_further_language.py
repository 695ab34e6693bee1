"""A further language of the pages is one .po file."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import resources
from pathlib import Path
from shutil import copytree

import pytest

from helpers.page_fixtures import settings_at
from refeed.store.store import Store

ARABIC = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "Everything"
msgstr "كل شيء"
"""
CODE = """
import os
from refeed.web.app import create_app
client = create_app().test_client()
for accepted in ("ar-EG,en;q=0.5", "ja", "fr"):
    print(client.get("/", headers={"Accept-Language": accepted}).text)
"""


@pytest.mark.slow
def test_a_file_of_translations_adds_a_language(tmp_path: Path) -> None:
    with resources.as_file(resources.files("refeed")) as package:
        copytree(package, tmp_path / "refeed")
    (tmp_path / "refeed" / "translations" / "ar.po").write_text(ARABIC, "utf-8")
    settings = settings_at(tmp_path, "site: {id: 'tag:example.org,2026', title: Sample, language: en}\n")
    Store(settings.database_url).migrate()
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path),
        "REFEED_CONFIG": settings.config_file,
        "REFEED_VAR": settings.var_dir,
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environ, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True
    )
    arabic, japanese, other = done.stdout.split("<!doctype html>")[1:]
    assert '<html lang="ar" dir="rtl">' in arabic
    assert ">كل شيء</a>" in arabic
    assert all(">العربية</a>" in page for page in (arabic, japanese, other))
    assert '<html lang="ja">' in japanese
    assert '<html lang="en">' in other
