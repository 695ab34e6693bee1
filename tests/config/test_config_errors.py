"""An error in config.yaml or the environment names file, line and key, and the nearest known key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from refeed.config.load import load_settings
from refeed.config.packs import BUILTIN_PACKS
from refeed.errors import ConfigError

ROOT = Path(__file__).parents[2]


def find_errors(tmp_path: Path, text: str, **environ: str) -> list[str]:
    file = tmp_path / "config.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(environ, file)
    return [line.replace(str(file), "config.yaml") for line in caught.value.errors]


def test_unknown_key_is_named_with_its_line_and_the_nearest_known_key(tmp_path: Path) -> None:
    assert find_errors(tmp_path, "site:\n  titel: x\n") == [
        "config.yaml:2: site.titel: unknown key; did you mean 'title'?"
    ]


def test_all_errors_are_reported_at_once(tmp_path: Path) -> None:
    errors = find_errors(tmp_path, "feeds: {entries: many}\nsight: {}\ndumps: {folders: dumps}\n")
    assert [line.split(": ")[1] for line in errors] == ["feeds.entries", "sight", "dumps.folders"]


def test_errors_of_single_keys_do_not_hide_those_between_keys(tmp_path: Path) -> None:
    text = """feeds: {entries: many}
topics:
  - {id: a, words: [x], threshold: high}
  - {id: a, words: [y], sources: [nowhere]}
sources: [{id: b, timezone: 5, hosts: [b.example.org], extract: [{select: '..x'}]}]
filtered_feeds: [{id: c, feed: topic/none, filterr: x}]
"""
    errors = [line.split(": ")[:2] for line in find_errors(tmp_path, text)]
    assert errors == [
        ["config.yaml:1", "feeds.entries"],
        ["config.yaml:3", "topics[0].threshold"],
        ["config.yaml:4", "topics[1].id"],
        ["config.yaml:4", "topics[1].sources[0]"],
        ["config.yaml:5", "sources[0].extract[0].select"],
        ["config.yaml:5", "sources[0].timezone"],
        ["config.yaml:6", "filtered_feeds[0].feed"],
        ["config.yaml:6", "filtered_feeds[0].filterr"],
    ]


def test_a_rule_with_an_invalid_id_causes_no_further_errors(tmp_path: Path) -> None:
    text = "topics: [{id: A B, words: [x]}]\nfiltered_feeds: [{id: c, feed: topic/a-b}]\n"
    (only,) = find_errors(tmp_path, text)
    assert only.startswith("config.yaml:1: topics[0].id: ")


def test_the_name_of_a_language_is_not_its_tag(tmp_path: Path) -> None:
    (refused,) = find_errors(tmp_path, "site: {language: english}\n")
    assert refused.startswith("config.yaml:1: site.language: must be a language tag (BCP 47) such as en or zh-Hans")


def test_invalid_yaml_is_reported_with_its_line(tmp_path: Path) -> None:
    (line,) = find_errors(tmp_path, "site:\n\ttitle: x\n")
    assert line.startswith("config.yaml:2: not YAML: ")


def test_key_given_twice_is_an_error(tmp_path: Path) -> None:
    assert find_errors(tmp_path, "site: {title: a, title: b}\n") == ["config.yaml:1: site.title: given twice"]


def test_two_topics_with_one_id_are_an_error(tmp_path: Path) -> None:
    text = "topics:\n  - {id: a, words: [x]}\n  - {id: a, words: [y]}\n"
    assert find_errors(tmp_path, text) == ["config.yaml:3: topics[1].id: 'a' is already used by topics[0]"]


def test_invalid_word_is_named_with_its_own_line(tmp_path: Path) -> None:
    text = "topics:\n  - id: a\n    words: [样例,\n      're:(?<=a)b', '']\n    weight: {titel: 2}\n"
    pattern, blank, weight = find_errors(tmp_path, text)
    assert pattern.startswith("config.yaml:4: topics[0].words[1]: invalid RE2 pattern '(?<=a)b': ")
    assert blank == "config.yaml:4: topics[0].words[2]: must be more than blanks, got ''"
    assert weight.startswith("config.yaml:5: topics[0].weight.titel: unknown value 'titel'; did you mean 'title'?")


def test_pair_without_two_lists_is_named_with_its_line(tmp_path: Path) -> None:
    text = "topics:\n  - id: a\n    pairs:\n      - [[美国], [中国]]\n      - [[样例]]\n"
    (refused,) = find_errors(tmp_path, text)
    assert refused.startswith("config.yaml:5: topics[0].pairs[1]: must be two lists of words")
    (refused,) = find_errors(tmp_path, text.replace("[[样例]]", "[[样例], ['re:(']]"))
    assert refused.startswith("config.yaml:5: topics[0].pairs[1][1][0]: invalid RE2 pattern '('")


def test_invalid_css_selector_is_named_with_its_line(tmp_path: Path) -> None:
    text = "sources:\n  - id: a\n    extract:\n      - select: p\n      - select: 'p['\n"
    (refused,) = find_errors(tmp_path, text)
    assert refused.startswith("config.yaml:5: sources[0].extract[1].select: invalid CSS selector 'p[': ")


def test_topic_of_an_unknown_source_is_an_error(tmp_path: Path) -> None:
    text = "topics:\n  - id: a\n    words: [x]\n    sources: [bcc]\n"
    assert find_errors(tmp_path, text) == [
        "config.yaml:4: topics[0].sources[0]: unknown source 'bcc'; did you mean 'bbc'?"
    ]


def test_alias_that_is_an_id_or_another_alias_is_an_error(tmp_path: Path) -> None:
    topics = (
        "{id: a, words: [x], aliases: [b]}",
        "{id: b, words: [y], aliases: [z]}",
        "{id: c, words: [y], aliases: [z]}",
    )
    text = "topics:\n" + "".join(f"  - {topic}\n" for topic in topics)
    assert find_errors(tmp_path, text) == [
        "config.yaml:2: topics[0].aliases: 'b' is still the id of topics[1]",
        "config.yaml:4: topics[2].aliases: 'z' is already an alias of topics[1]",
    ]


def test_yaml_aliases_are_refused_because_they_explode(tmp_path: Path) -> None:
    text = "topics:\n  - {id: a, words: &w [x]}\n  - {id: b, words: *w}\n"
    assert "aliases are not supported" in find_errors(tmp_path, text)[0]


def test_variable_without_value_or_default_is_an_error(tmp_path: Path) -> None:
    assert find_errors(tmp_path, "site: {title: '${NO_SUCH}'}\n") == [
        "config.yaml:1: site.title: NO_SUCH is not set in the environment, and has no default (${NO_SUCH:-default})"
    ]


def test_number_in_the_environment_is_checked(tmp_path: Path) -> None:
    assert find_errors(tmp_path, "{}", PORT="http") == ["environment: PORT: must be a whole number, got 'http'"]


def test_invalid_base_url_is_named_where_it_is_set(tmp_path: Path) -> None:
    (wrong,) = find_errors(tmp_path, "site:\n  base_url: https://two words\n")
    assert wrong.startswith("config.yaml:2: site.base_url: must be an http(s) URL such as")
    (wrong,) = find_errors(tmp_path, "{}", BASE_URL="feeds.example.org")
    assert wrong.startswith("environment: BASE_URL: must be an http(s) URL such as")


@pytest.mark.parametrize("url", ["https://example.org/?a=1", "https://example.org/#top", "https://a:b@example.org"])
def test_base_url_has_no_query_and_no_password_wherever_it_is_set(tmp_path: Path, url: str) -> None:
    (in_file,) = find_errors(tmp_path, f"site: {{base_url: '{url}'}}")
    (in_environment,) = find_errors(tmp_path, "{}", BASE_URL=url)
    message = in_environment.removeprefix("environment: BASE_URL: ")
    assert in_file == f"config.yaml:1: site.base_url: {message}"
    assert "a:b" not in message


def test_variables_have_the_value_of_the_environment_or_their_default(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("site:\n  title: ${NAME:-none}\nfeeds:\n  entries: ${COUNT:-7}\n", "utf-8")
    assert load_settings({"NAME": "新闻"}, file).site.title == "新闻"
    assert load_settings({}, file).site.title == "none"
    assert load_settings({"COUNT": "9"}, file).feeds.entries == 9
    assert load_settings({}, file).feeds.entries == 7


def test_shipped_configuration_is_valid() -> None:
    settings = load_settings({}, ROOT / "config.yaml")
    files = {path.stem for path in (BUILTIN_PACKS / "chinese-news" / "sources").glob("*.yaml")}
    assert {rule.id for rule in settings.sources} == files
    assert len(settings.topics) == 17


def test_commented_examples_of_config_yaml_are_valid(tmp_path: Path) -> None:
    """Uncommented, every one of them works: a key at the start of a line, or indented below one."""
    text = (ROOT / "config.yaml").read_text("utf-8")
    examples = re.sub(r"(?m)^# (?=[a-z_]+: +#|  )", "", text)
    (tmp_path / "config.yaml").write_text(examples, "utf-8")
    settings = load_settings({}, tmp_path / "config.yaml")
    assert "example" in {rule.id for rule in settings.sources}
    assert settings.topics[-1].id == "tea"
    assert [rule.source for rule in settings.upstreams] == ["example"]
    assert [rule.id for rule in settings.filtered_feeds] == ["taiwan-hant"]


def test_source_of_a_pack_keeps_what_config_yaml_does_not_change(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("sources:\n  - {id: bbc, title: BBC 中文}\n", "utf-8")
    rules = {rule.id: rule for rule in load_settings({}, file).sources}
    assert rules["bbc"].title == "BBC 中文"
    assert rules["bbc"].hosts


def test_errors_of_several_places_and_of_the_environment_are_reported_at_once(tmp_path: Path) -> None:
    text = "foo: 1\nsite: {id: x}\nwebsub: {hubs: [x]}\ntopics:\n  - {id: A, words: [x]}\n  - {id: b}\n"
    errors = find_errors(tmp_path, text, PORT="http", BASE_URL="feeds.example.org")
    assert [line.split(": ")[0] + ": " + line.split(": ")[1] for line in errors] == [
        "config.yaml:1: foo",
        "config.yaml:2: site.id",
        "config.yaml:3: websub.hubs[0]",
        "config.yaml:5: topics[0].id",
        "config.yaml:6: topics[1]",
        "environment: PORT",
        "environment: BASE_URL",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("site: {indexed: feed}", "site.indexed: unknown value 'feed'; did you mean 'feeds'?"),
        ("access: locked", "access: unknown value 'locked'; known: private, public"),
        ("site: {title: 5}", "site.title: must be text, got 5; write it in quotes"),
        ("topics: [{id: a, words: [2024]}]", "topics[0].words[0]: must be text, got 2024; write it in quotes"),
        ("feeds: {entries: '50'}", "feeds.entries: must be a whole number, got '50'"),
        ("feeds: {entries: many}", "feeds.entries: must be a whole number, got 'many'"),
        ("feeds: {bytes: 5}", "feeds.bytes: must be 10000 or more, got 5"),
        ("feeds: {entries: 5000}", "feeds.entries: must be 1000 or less, got 5000"),
        ("dumps: {polling: maybe}", "dumps.polling: must be true or false, got 'maybe'"),
        ("dumps: {folders: dumps}", "dumps.folders: must be a list, got 'dumps'; write [dumps]"),
        ("dumps: {folders: []}", "dumps.folders: must not be empty"),
        ("topics:", "topics: must be a list, got nothing"),
        ("site:", "site: must be a mapping, got nothing"),
        ("dumps: {rescan: 99999999999d}", "dumps.rescan: must be at most a hundred years, got '99999999999d'"),
        ("sources: [{id: bbc, keep: {age: 9999999d}}]", "keep.age: must be at most a hundred years, got '9999999d'"),
        ("dumps: {rescan: 0s}", "dumps.rescan: must be at least 1s, got '0s'"),
        ("dumps: {limits: {seconds: .nan}}", "dumps.limits.seconds: must be 3600 or less, got nan"),
        ("dumps: {limits: {seconds: .inf}}", "dumps.limits.seconds: must be 3600 or less, got inf"),
        ("topics: {}", "topics: must be a list, got a mapping"),
        (
            "site: {language: Chinese (simplified)}",
            "site.language: must be a language tag (BCP 47) such as en or zh-Hans, got 'Chinese (simplified)'",
        ),
        (
            "topics: [{id: a, words: [x], title: {Chinesisch!: x}}]",
            "topics[0].title.Chinesisch!: must be a language tag (BCP 47) such as en or zh-Hans, got 'Chinesisch!'",
        ),
        (
            "sources: [{id: a, hosts: ['https://example.org']}]",
            "sources[0].hosts[0]: must be only a host, such as example.org, got 'https://example.org'",
        ),
        (
            "sources: [{id: a, link: example.org}]",
            "sources[0].link: must begin with http:// or https://, got 'example.org'",
        ),
        (
            "sources: [{id: a, permalink: 'https://example.org/{title}'}]",
            "must have {slug}, and may have {year}, {month} and {day}, got 'https://example.org/{title}'",
        ),
        (
            "websub: {hubs: [hub.example.org]}",
            "websub.hubs[0]: must begin with http:// or https://, got 'hub.example.org'",
        ),
        (
            "site: {title: ${TITLE:-x}}",
            "expected ',' or '}'; within {…} and […] write '${NAME}'",
        ),
    ],
)
def test_invalid_value_is_reported_with_what_to_write(tmp_path: Path, text: str, message: str) -> None:
    (line,) = find_errors(tmp_path, text)
    assert line.startswith("config.yaml:1: ")
    assert message in line


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"REFEED_LOG": "xml"}, "REFEED_LOG: must be text or json, got 'xml'"),
        ({"WEB_CONCURRENCY": "-1"}, "WEB_CONCURRENCY: must be 0 or more, got '-1'"),
        ({"BASE_URL": "feeds.example.org"}, "BASE_URL: must be an http(s) URL such as https://"),
        (
            {"DATABASE_URL": "mysql://a:b@c/d"},
            "DATABASE_URL: must be sqlite:///path/to.db (not in memory) or postgres:",
        ),
        ({"DATABASE_URL": "refeed.db"}, "DATABASE_URL: must be sqlite:///path/to.db"),
        ({"DATABASE_URL": "sqlite:///:memory:"}, "DATABASE_URL: must be sqlite:///path/to.db"),
        ({"PORT": "70000"}, "PORT: must be 65535 or less, got '70000'"),
        ({"REFEED_PUSH_TOKEN": "密码"}, "REFEED_PUSH_TOKEN: must be printable ASCII without spaces around it"),
        ({"REFEED_PUSH_TOKEN": "only-15-letters"}, "REFEED_PUSH_TOKEN: must have at least 16 characters, got 15"),
        ({"REFEED_OPERATOR_TOKEN": "short"}, "REFEED_OPERATOR_TOKEN: must have at least 16 characters, got 5"),
        ({"REFEED_PUSH_TOKEN": "token\n"}, "REFEED_PUSH_TOKEN: must be printable ASCII"),
        ({"REFEED_FEEDS": "FILE"}, "REFEED_FEEDS: must be a folder, but 'FILE' is a file"),
        ({"REFEED_VAR": "FILE"}, "REFEED_VAR: must be a folder, but 'FILE' is a file"),
    ],
)
def test_environment_is_checked(tmp_path: Path, environ: dict[str, str], message: str) -> None:
    file = str(tmp_path / "config.yaml")
    errors = find_errors(tmp_path, "", **{name: value.replace("FILE", file) for name, value in environ.items()})
    (line,) = [line.replace("config.yaml", "FILE") for line in errors]
    assert line.startswith(f"environment: {message}")


@pytest.mark.parametrize(
    "url",
    [
        "postgres://a:b#c@d/e",
        "postgres://a:b/c:d@e:5432/f?g=h@i:j",
        "postgresql://[::1]:5432/a",
        "postgres:///a?host=/b",
    ],
)
def test_database_url_with_an_unusual_password_is_accepted(tmp_path: Path, url: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("", "utf-8")
    assert load_settings({"DATABASE_URL": url}, file).database_url == url
