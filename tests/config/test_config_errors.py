"""A mistake stops the start and names the key, its place and the nearest known key."""

from __future__ import annotations

from pathlib import Path

import pytest

from refeed.config.load import load_settings
from refeed.errors import ConfigError

ROOT = Path(__file__).parents[2]


def mistakes(tmp_path: Path, text: str, **environ: str) -> list[str]:
    file = tmp_path / "config.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(environ, file)
    return [line.replace(str(file), "config.yaml") for line in caught.value.errors]


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_known_one(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "site:\n  titel: x\n") == [
        "config.yaml:2: site.titel: unknown key; did you mean 'title'?"
    ]


def test_every_mistake_is_said_at_once(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "feeds: {entries: many}\nsight: {}\ndumps: {folders: dumps}\n")
    assert [line.split(": ")[1] for line in found] == ["feeds.entries", "sight", "dumps.folders"]


def test_what_is_not_yaml_is_said_with_its_line(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, "site:\n\ttitle: x\n")
    assert line.startswith("config.yaml:2: not YAML: ")


def test_a_key_given_twice_is_a_mistake(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "site: {title: a, title: b}\n") == ["config.yaml:1: site.title: given twice"]


def test_two_topics_of_one_id_are_a_mistake(tmp_path: Path) -> None:
    text = "topics:\n  - {id: a, words: [x]}\n  - {id: a, words: [y]}\n"
    assert mistakes(tmp_path, text) == ["config.yaml:3: topics[1].id: 'a' is taken already by topics[0]"]


def test_a_word_that_cannot_be_meant_is_named_with_the_line_that_it_stands_on(tmp_path: Path) -> None:
    text = "topics:\n  - id: a\n    words: [样例,\n      're:(?<=a)b', '']\n    weight: {titel: 2}\n"
    (refused,) = mistakes(tmp_path, text)
    assert refused.startswith("config.yaml:4: topics[0].words: number 2, 're:(?<=a)b', is no pattern that re2 takes: ")
    (weight,) = mistakes(tmp_path, text.replace("'re:(?<=a)b', ''", "茶"))
    assert weight.startswith("config.yaml:5: topics[0].weight.titel: no such place; known here: title")


def test_a_pair_without_two_lists_is_named_with_its_line(tmp_path: Path) -> None:
    text = "topics:\n  - id: a\n    pairs:\n      - [[美国], [中国]]\n      - [[样例]]\n"
    (refused,) = mistakes(tmp_path, text)
    assert refused.startswith("config.yaml:5: topics[0].pairs: number 2 is no pair; write two lists of words")
    (refused,) = mistakes(tmp_path, text.replace("[[样例]]", "[[样例], ['re:(']]"))
    assert refused.startswith("config.yaml:5: topics[0].pairs: number 2, list 2, word 1, 're:(', is no pattern")


def test_a_selector_that_is_no_css_is_named_with_its_line(tmp_path: Path) -> None:
    text = "sources:\n  - id: a\n    extract:\n      - select: p\n      - select: 'p['\n"
    (refused,) = mistakes(tmp_path, text)
    assert refused.startswith("config.yaml:5: sources[0].extract[1].select: 'p[' is no CSS selector: ")


def test_a_topic_of_a_source_that_does_not_exist_is_a_mistake(tmp_path: Path) -> None:
    text = "topics:\n  - id: a\n    words: [x]\n    sources: [bcc]\n"
    assert mistakes(tmp_path, text) == [
        "config.yaml:4: topics[0].sources[0]: no source is called 'bcc'; did you mean 'bbc'?"
    ]


def test_a_former_id_that_is_still_in_use_or_given_twice_is_a_mistake(tmp_path: Path) -> None:
    topics = (
        "{id: a, words: [x], aliases: [b]}",
        "{id: b, words: [y], aliases: [z]}",
        "{id: c, words: [y], aliases: [z]}",
    )
    text = "topics:\n" + "".join(f"  - {topic}\n" for topic in topics)
    assert mistakes(tmp_path, text) == [
        "config.yaml:2: topics[0].aliases: 'b' is still the id of topics[1]",
        "config.yaml:4: topics[2].aliases: 'z' is what topics[1] was already",
    ]


def test_aliases_are_refused_because_they_explode(tmp_path: Path) -> None:
    text = "topics:\n  - {id: a, words: &w [x]}\n  - {id: b, words: *w}\n"
    assert "aliases are not taken" in mistakes(tmp_path, text)[0]


def test_a_variable_without_value_or_default_is_a_mistake(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "site: {title: '${NO_SUCH}'}\n") == [
        "config.yaml:1: site.title: the environment has no NO_SUCH, and no default stands here (${NO_SUCH:-default})"
    ]


def test_a_number_from_the_environment_is_checked(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "{}", PORT="http") == ["environment: PORT: 'http' is no number from 0 to 65535"]


def test_an_address_that_is_none_is_named_where_it_was_given(tmp_path: Path) -> None:
    (wrong,) = mistakes(tmp_path, "site:\n  base_url: https://two words\n")
    assert wrong.startswith("config.yaml:2: site.base_url: 'https://two words' is no http(s) address")
    (wrong,) = mistakes(tmp_path, "{}", BASE_URL="feeds.example.org")
    assert wrong.startswith("environment: BASE_URL: 'feeds.example.org' is no http(s) address")


@pytest.mark.parametrize("url", ["https://example.org/?a=1", "https://example.org/#top", "https://a:b@example.org"])
def test_a_site_s_address_holds_no_query_and_no_password_wherever_it_is_given(tmp_path: Path, url: str) -> None:
    (in_file,) = mistakes(tmp_path, f"site: {{base_url: '{url}'}}")
    (in_environment,) = mistakes(tmp_path, "{}", BASE_URL=url)
    said = in_environment.removeprefix("environment: BASE_URL: ")
    assert in_file == f"config.yaml:1: site.base_url: {said}"
    assert "a:b" not in said


def test_variables_take_the_environment_s_value_or_their_default(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("site:\n  title: ${NAME:-none}\nfeeds:\n  entries: ${COUNT:-7}\n", "utf-8")
    assert load_settings({"NAME": "新闻"}, file).site.title == "新闻"
    assert load_settings({}, file).site.title == "none"
    assert load_settings({"COUNT": "9"}, file).feeds.entries == 9
    assert load_settings({}, file).feeds.entries == 7


def test_the_configuration_that_ships_has_no_mistakes() -> None:
    settings = load_settings({}, ROOT / "config.yaml")
    built_in = {path.stem for path in (ROOT / "src" / "refeed" / "sources").glob("*.yaml")}
    assert {rule.id for rule in settings.sources} == built_in
    assert len(settings.topics) == 17


def test_a_built_in_source_takes_what_config_yaml_says_and_keeps_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("sources:\n  - {id: bbc, title: BBC 中文}\n", "utf-8")
    rules = {rule.id: rule for rule in load_settings({}, file).sources}
    assert rules["bbc"].title == "BBC 中文"
    assert rules["bbc"].hosts


def test_mistakes_of_several_places_and_of_the_environment_are_said_at_once(tmp_path: Path) -> None:
    text = "foo: 1\nsite: {id: x}\nwebsub: {hubs: [x]}\ntopics:\n  - {id: A, words: [x]}\n  - {id: b}\n"
    found = mistakes(tmp_path, text, PORT="http", BASE_URL="feeds.example.org")
    assert [line.split(": ")[0] + ": " + line.split(": ")[1] for line in found] == [
        "config.yaml:1: foo",
        "config.yaml:2: site.id",
        "config.yaml:3: websub.hubs",
        "config.yaml:5: topics[0].id",
        "config.yaml:6: topics[1]",
        "environment: PORT",
        "environment: BASE_URL",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("site: {indexed: feed}", "site.indexed: 'feed' is not known here; did you mean 'feeds'?"),
        ("access: locked", "access: 'locked' is not known here; known here: private, public"),
        ("site: {title: 5}", 'site.title: text is wanted here, not 5; write "5"'),
        ("topics: [{id: a, words: [2024]}]", 'topics[0].words[0]: text is wanted here, not 2024; write "2024"'),
        ("feeds: {entries: '50'}", "feeds.entries: a whole number is wanted here, not '50'"),
        ("feeds: {entries: many}", "feeds.entries: a whole number is wanted here, not 'many'"),
        ("feeds: {bytes: 5}", "feeds.bytes: 5 is too small; write 10000 or more"),
        ("feeds: {entries: 5000}", "feeds.entries: 5000 is too large; write 1000 or less"),
        ("dumps: {polling: maybe}", "dumps.polling: true or false is wanted here, not 'maybe'"),
        ("dumps: {folders: dumps}", "dumps.folders: a list is wanted here, not a single value; write [dumps]"),
        ("dumps: {folders: []}", "dumps.folders: none given"),
        ("topics:", "topics: a list is wanted here, not nothing"),
        ("site:", "site: a mapping is wanted here, not nothing"),
        ("dumps: {rescan: 99999999999d}", "dumps.rescan: '99999999999d' is longer than a hundred years"),
        ("sources: [{id: bbc, keep: {age: 9999999d}}]", "keep.age: '9999999d' is longer than a hundred years"),
        ("dumps: {rescan: 0s}", "dumps.rescan: 0:00:00 is too short; once a second is the most"),
        ("dumps: {limits: {seconds: .nan}}", "dumps.limits.seconds: nan is no number above 0"),
        ("dumps: {limits: {seconds: .inf}}", "dumps.limits.seconds: inf is no number above 0"),
        ("topics: {}", "topics: a list is wanted here, not a mapping"),
        ("site: {language: Chinese (simplified)}", "site.language: 'Chinese (simplified)' is no language tag"),
        ("topics: [{id: a, words: [x], title: {Chinesisch!: x}}]", "topics[0].title: 'Chinesisch!' is no language tag"),
        ("sources: [{id: a, hosts: ['https://example.org']}]", "'https://example.org' is no host; write it alone"),
        ("sources: [{id: a, link: example.org}]", "sources[0].link: 'example.org' must begin with http:// or https://"),
        ("websub: {hubs: [hub.example.org]}", "websub.hubs: 'hub.example.org' must begin with http:// or https://"),
        (
            "site: {title: ${TITLE:-x}}",
            "expected ',' or '}'; within {…} and […] write '${NAME}'",
        ),
    ],
)
def test_a_value_that_cannot_be_meant_is_said_with_what_to_write(tmp_path: Path, text: str, said: str) -> None:
    (line,) = mistakes(tmp_path, text)
    assert line.startswith("config.yaml:1: ")
    assert said in line


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"REFEED_LOG": "xml"}, "REFEED_LOG: 'xml' is not known; write text or json"),
        ({"WEB_CONCURRENCY": "-1"}, "WEB_CONCURRENCY: '-1' is no number from 0 to"),
        ({"BASE_URL": "feeds.example.org"}, "BASE_URL: 'feeds.example.org' is no http(s) address such as https://"),
        ({"DATABASE_URL": "mysql://a:b@c/d"}, "DATABASE_URL: mysql is not supported; use sqlite or postgres"),
        ({"DATABASE_URL": "postgres://a:b@c:port/d"}, "DATABASE_URL: its port is no number"),
        ({"DATABASE_URL": "refeed.db"}, "DATABASE_URL: not a database URL; write sqlite:///path/to.db or postgres://…"),
        ({"DATABASE_URL": "sqlite:///:memory:"}, "DATABASE_URL: a store in memory would lose everything"),
        ({"PORT": "70000"}, "PORT: '70000' is no number from 0 to 65535"),
        ({"REFEED_PUSH_TOKEN": "密码"}, "REFEED_PUSH_TOKEN: no header can hold it; write printable ASCII"),
        ({"REFEED_PUSH_TOKEN": "token\n"}, "REFEED_PUSH_TOKEN: no header can hold it"),
        ({"REFEED_FEEDS": "FILE"}, "REFEED_FEEDS: 'FILE' is a file; name a folder"),
        ({"REFEED_VAR": "FILE"}, "REFEED_VAR: 'FILE' is a file; name a folder"),
    ],
)
def test_what_the_environment_says_is_checked(tmp_path: Path, environ: dict[str, str], said: str) -> None:
    file = str(tmp_path / "config.yaml")
    found = mistakes(tmp_path, "", **{name: value.replace("FILE", file) for name, value in environ.items()})
    (line,) = [line.replace("config.yaml", "FILE") for line in found]
    assert line.startswith(f"environment: {said}")


@pytest.mark.parametrize(
    "url",
    [
        "postgres://a:b#c@d/e",
        "postgres://a:b/c:d@e:5432/f?g=h@i:j",
        "postgresql://[::1]:5432/a",
        "postgres:///a?host=/b",
    ],
)
def test_a_store_is_not_refused_for_what_its_password_holds(tmp_path: Path, url: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("", "utf-8")
    assert load_settings({"DATABASE_URL": url}, file).database_url == url
