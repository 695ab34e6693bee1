"""Packs: which folder a name means, what config.yaml changes of them, and where their errors are."""

from __future__ import annotations

import os
import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from refeed.config.load import ReloadableSettings, load_settings
from refeed.config.packs import BUILTIN_PACKS, load_builtin_sources
from refeed.config.settings import Settings
from refeed.config.topic_rules import NameList
from refeed.config.yaml_loader import read_document
from refeed.errors import ConfigError


def write_files(home: Path, config: str, **files: str) -> Path:
    """config.yaml and the files of a pack beside it, called `mine`: `sources__tea="…"` is mine/sources/tea.yaml."""
    for name, text in files.items():
        file = home.joinpath("mine", *name.split("__")).with_suffix(".yaml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    (home / "config.yaml").write_text(config, "utf-8")
    return home / "config.yaml"


def load(home: Path, config: str, **files: str) -> Settings:
    return load_settings({}, write_files(home, config, **files))


def find_errors(home: Path, config: str, **files: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(home, config, **files)
    return [error.replace(f"{home}/", "").replace(f"{BUILTIN_PACKS}/", "") for error in caught.value.errors]


SOURCE = "id: tea\nhosts: [tea.example.org]\n"
TOPIC = "id: leaf\nwords: [茶叶]\n"


def test_pack_beside_config_yaml_adds_its_sources_and_topics(tmp_path: Path) -> None:
    settings = load(tmp_path, "packs: [mine, chinese-news]\n", sources__tea=SOURCE, topics__leaf=TOPIC)
    assert {"tea", "bbc"} <= {rule.id for rule in settings.sources}
    assert [rule.id for rule in settings.topics][:2] == ["leaf", "climate"]
    assert settings.pack_dirs == (str(tmp_path / "mine"),)


def test_sources_and_topics_beside_config_yaml_belong_to_it(tmp_path: Path) -> None:
    for name, text in {"sources/tea.yaml": SOURCE, "topics/leaf.yaml": TOPIC, "sources/notes.txt": "not ours"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    config = write_files(tmp_path, "packs: []\n")
    current = ReloadableSettings(load_settings({}, config), lambda: load_settings({}, config))
    assert [rule.id for rule in (*current.settings.sources, *current.settings.topics)] == ["tea", "leaf"]
    (tmp_path / "sources" / "cup.yaml").write_text("id: cup\n", "utf-8")
    assert current.reload_if_changed(rested=True)
    assert [rule.id for rule in current.settings.sources] == ["cup", "tea"]


def test_all_errors_of_a_source_are_shown_at_once(tmp_path: Path) -> None:
    wrong = (
        "id: tea\nhost: [tea.example.org]\ntimezone: Asia/Nowhere\nextract: [{select: 'p['}, {select: p, to: autor}]\n"
    )
    wrong += "line_rules:\n  - match: '('\n    where: top\n"
    expected = [
        "tea.yaml:2: host",
        "tea.yaml:3: timezone",
        "tea.yaml:4: extract[1].to",
        "tea.yaml:6: line_rules[0].match",
        "tea.yaml:7: line_rules[0].where",
        "tea.yaml:4: extract[0].select",
    ]
    errors = find_errors(tmp_path, "packs: [mine]\n", sources__tea=wrong)
    assert [": ".join(error.removeprefix("mine/sources/").split(": ")[:2]) for error in errors] == expected
    (tmp_path / "mine" / "sources" / "tea.yaml").unlink()
    item = "\n    ".join(wrong.splitlines())
    errors = find_errors(tmp_path, f"packs: []\nsources:\n  - {item}\n")
    assert len(errors) == 6


def test_without_packs_there_are_the_sources_of_chinese_news_and_no_topics(tmp_path: Path) -> None:
    settings = load(tmp_path, "")
    assert settings.sources == load_builtin_sources()
    assert settings.topics == ()


def test_no_packs_means_no_sources_and_no_topics(tmp_path: Path) -> None:
    settings = load(tmp_path, "packs: []\n")
    assert (settings.sources, settings.topics) == ((), ())


def test_half_of_a_pack_can_be_listed_alone(tmp_path: Path) -> None:
    settings = load(tmp_path, "packs: [mine/topics]\n", sources__tea=SOURCE, topics__leaf=TOPIC)
    assert settings.sources == ()
    assert [rule.id for rule in settings.topics] == ["leaf"]


def test_pack_beside_config_yaml_comes_before_a_built_in_one_of_its_name(tmp_path: Path) -> None:
    write_files(tmp_path, "packs: [chinese-news]\n", sources__tea=SOURCE)
    (tmp_path / "mine").rename(tmp_path / "chinese-news")
    assert [rule.id for rule in load_settings({}, tmp_path / "config.yaml").sources] == ["tea"]


def test_folder_that_is_no_pack_does_not_hide_a_built_in_one(tmp_path: Path) -> None:
    (tmp_path / "chinese-news").mkdir()
    assert len(load(tmp_path, "packs: [chinese-news]\n").sources) == 9


def test_sources_and_topics_may_lie_directly_beside_config_yaml(tmp_path: Path) -> None:
    write_files(tmp_path, "packs: [.]\n", sources__tea=SOURCE, topics__leaf=TOPIC)
    for half in ("sources", "topics"):
        (tmp_path / "mine" / half).rename(tmp_path / half)
    settings = load_settings({}, tmp_path / "config.yaml")
    assert ([rule.id for rule in settings.sources], [rule.id for rule in settings.topics]) == (["tea"], ["leaf"])


def test_config_yaml_changes_only_the_keys_that_it_gives(tmp_path: Path) -> None:
    config = """
packs: [chinese-news]
sources: [{id: bbc, title: BBC, drop_related: false}]
topics: [{id: climate, threshold: 6}]
"""
    settings, shipped = load(tmp_path, config), load(tmp_path, "packs: [chinese-news]\n")
    (bbc,) = (rule for rule in settings.sources if rule.id == "bbc")
    assert (bbc.title, bbc.drop_related) == ("BBC", False)  # true in the pack, and false by default
    assert bbc.hosts
    assert [rule.id for rule in settings.topics] == [rule.id for rule in shipped.topics]
    assert settings.topics[0].threshold == 6
    assert settings.topics[0].words == shipped.topics[0].words


def test_topics_follow_pack_yaml_and_then_their_ids(tmp_path: Path) -> None:
    topics = {f"topics__{id}": f"id: {id}\nwords: [{id}]\n" for id in "abcd"}
    settings = load(tmp_path, "packs: [mine]\n", **topics, pack="topics: [c, b]\n")
    assert [rule.id for rule in settings.topics] == ["c", "b", "a", "d"]


def test_unknown_pack_is_named_with_the_nearest_known_one(tmp_path: Path) -> None:
    assert find_errors(tmp_path, "packs:\n  - chinese-news\n  - chinse-news\n") == [
        "config.yaml:3: packs[1]: no pack 'chinse-news' beside config.yaml or built in; did you mean 'chinese-news'?"
    ]
    assert "did you mean 'mine'" in find_errors(tmp_path, "packs: [mein]\n", topics__leaf=TOPIC)[0]


def test_folder_without_sources_and_topics_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert find_errors(tmp_path, "packs: [empty]\n") == [
        "config.yaml:1: packs[0]: the folder empty has no sources/ or topics/"
    ]


def test_pack_listed_twice_is_an_error(tmp_path: Path) -> None:
    errors = find_errors(tmp_path, "packs: [chinese-news, chinese-news/topics]\n")
    assert errors == ["config.yaml:1: packs[1]: 'chinese-news/topics' is already listed"]


def test_error_in_a_pack_names_file_line_and_key(tmp_path: Path) -> None:
    files = {
        "sources__tea": "id: tea\nhost: [tea.example.org]\n",
        "topics__cup": "id: cup\nhints: [杯]\nwords: [茶杯]\n",
        "topics__leaf": "id: leaf\nwords: [茶叶,\n  're:(']\n",
        "topics__pot": "id: pots\nwords: [茶壶]\n",
        "pack": "topics: [cups]\n",
    }
    assert find_errors(tmp_path, "packs: [mine]\nfeeds: {entries: many}\n", **files) == [
        "config.yaml:2: feeds.entries: must be a whole number, got 'many'",
        "mine/sources/tea.yaml:2: host: unknown key; did you mean 'hosts'?",
        "mine/pack.yaml:1: topics[0]: unknown topic 'cups'; did you mean 'cup'?",
        "mine/topics/cup.yaml:2: hints: renamed; write weak_words instead",
        "mine/topics/leaf.yaml:3: words[1]: invalid RE2 pattern '(': missing ): (",
        "mine/topics/pot.yaml:1: id: must be 'pot' like the file, got 'pots'",
    ]


def test_error_between_packs_names_the_file_of_the_second(tmp_path: Path) -> None:
    bbc = "id: bbc\ntitle: BBC\n"
    assert find_errors(tmp_path, "packs: [chinese-news, mine]\n", sources__bbc=bbc) == [
        "mine/sources/bbc.yaml:1: id: 'bbc' is already used by chinese-news/sources/bbc.yaml"
    ]


def test_topic_of_two_packs_has_the_words_and_titles_of_both(tmp_path: Path) -> None:
    (tmp_path / "other" / "topics").mkdir(parents=True)
    other = "id: leaf\ntitle: {en: Tea, de: Tee}\nwords: [tea]\nthreshold: 9\nweight: {body: 1}\n"
    (tmp_path / "other" / "topics" / "leaf.yaml").write_text(other, "utf-8")
    config = "packs: [mine, other]\ntopics: [{id: leaf, per_source: 0.5}]\n"
    (topic,) = load(tmp_path, config, topics__leaf="id: leaf\ntitle: {zh: 茶, en: Leaf}\nwords: [茶叶]\n").topics
    assert (topic.words, topic.title) == (("茶叶", "tea"), {"zh": "茶", "en": "Leaf", "de": "Tee"})
    assert (topic.threshold, topic.weight, topic.per_source) == (4.0, {}, 0.5)


def test_packs_of_news_have_the_same_topics_in_the_same_order() -> None:
    packs = [BUILTIN_PACKS / f"{name}-news" for name in ("chinese", "english", "japanese")]
    orders = [yaml.safe_load((pack / "pack.yaml").read_text("utf-8"))["topics"] for pack in packs]
    assert orders[0] == orders[1] == orders[2]
    for pack in packs:
        assert sorted(file.stem for file in (pack / "topics").iterdir()) == sorted(orders[0])


def test_error_of_the_whole_names_the_key_of_a_pack_or_of_config_yaml(tmp_path: Path) -> None:
    files = {
        "sources__tea": "id: tea\nextract:\n  - select: 'p['\nhosts:\n  - bbc.com\n",
        "topics__leaf": "id: leaf\nwords: [茶叶]\nsources: [tee]\naliases: [cup]\n",
        "topics__cup": "id: cup\nwords: [茶杯]\n",
    }
    config = "packs: [chinese-news/sources, mine]\ntopics:\n  - id: cup\n    sources: [coffee]\n"
    errors = find_errors(tmp_path, config, **files)
    assert [error.split(": ")[:2] for error in errors] == [
        ["config.yaml:4", "topics[0].sources[0]"],
        ["mine/topics/leaf.yaml:4", "aliases"],
        ["mine/topics/leaf.yaml:3", "sources[0]"],
        ["mine/sources/tea.yaml:3", "extract[0].select"],
        ["mine/sources/tea.yaml:5", "hosts[0]"],
    ]


def test_file_of_a_pack_with_another_suffix_is_an_error(tmp_path: Path) -> None:
    config = write_files(tmp_path, "packs: [mine]\n", topics__leaf=TOPIC)
    for name in ("cup.yml", ".cup.yaml.swp", "leaf.yaml~"):
        (tmp_path / "mine" / "topics" / name).write_text("", "utf-8")
    with pytest.raises(ConfigError, match=r"cup\.yml: not a rule of the pack; its name must end in \.yaml"):
        load_settings({}, config)


def test_changed_pack_changes_the_settings(tmp_path: Path) -> None:
    config = write_files(tmp_path, "packs: [mine]\n", topics__leaf=TOPIC)
    current = ReloadableSettings(load_settings({}, config), lambda: load_settings({}, config))
    assert not current.reload_if_changed(rested=True)
    write_files(tmp_path, "packs: [mine]\n", topics__leaf=TOPIC, topics__cup="id: cup\nwords: [茶杯]\n")
    assert current.reload_if_changed(rested=True)
    assert [rule.id for rule in current.settings.topics] == ["cup", "leaf"]
    write_files(tmp_path, "packs: [mine]\n", topics__cup="id: cup\nwords: []\n")
    with pytest.raises(ConfigError):
        current.reload_if_changed(rested=True)
    assert not current.is_valid
    assert len(current.settings.topics) == 2


def test_a_changed_file_rests_for_a_second_before_it_is_read_and_an_empty_one_is_refused(tmp_path: Path) -> None:
    config = write_files(tmp_path, "packs: []\n")
    current = ReloadableSettings(load_settings({}, config), lambda: load_settings({}, config))
    config.write_text("")
    assert not current.reload_if_changed()
    config.write_text("packs: []\nhttp: {age: 7m}\n")
    assert not current.reload_if_changed()
    for age in (2, -3600):  # the clock was set back by an hour
        os.utime(config, (time.time() - age, time.time() - age))
        assert current.reload_if_changed() == (age == 2)
    config.write_text("")
    with pytest.raises(ConfigError, match="the file is empty"):
        current.reload_if_changed(rested=True)
    assert current.settings.http.age == timedelta(minutes=7)


def load_changed(home: Path, config: str, **files: str) -> ReloadableSettings:
    """Settings that were valid, after a change of config.yaml that is not."""
    file = write_files(home, "packs: []\n")
    current = ReloadableSettings(load_settings({}, file), lambda: load_settings({}, file))
    write_files(home, config, **files)
    with pytest.raises(ConfigError):
        current.reload_if_changed(rested=True)
    assert not current.reload_if_changed(rested=True)  # reported once, until a file changes again
    assert not current.is_valid
    return current


def test_repair_of_a_newly_listed_pack_is_noticed_at_once(tmp_path: Path) -> None:
    current = load_changed(tmp_path, "packs: [mine]\n", topics__leaf="id: leaf\nwords: []\n")
    (tmp_path / "mine" / "topics" / "leaf.yaml").write_text(TOPIC, "utf-8")
    assert current.reload_if_changed(rested=True)
    assert [rule.id for rule in current.settings.topics] == ["leaf"]
    assert current.is_valid


def test_newly_listed_pack_may_be_made_after_config_yaml_lists_it(tmp_path: Path) -> None:
    current = load_changed(tmp_path, "packs: [mine/topics]\n")
    (tmp_path / "mine" / "topics").mkdir(parents=True)
    (tmp_path / "mine" / "topics" / "leaf.yaml").write_text(TOPIC, "utf-8")
    assert current.reload_if_changed(rested=True)
    assert [rule.id for rule in current.settings.topics] == ["leaf"]


def test_removal_of_a_misnamed_file_of_a_pack_is_noticed(tmp_path: Path) -> None:
    misnamed = tmp_path / "mine" / "topics" / "leaf.yml"
    misnamed.parent.mkdir(parents=True)
    misnamed.write_text(TOPIC, "utf-8")
    current = load_changed(tmp_path, "packs: [mine]\n")
    misnamed.rename(misnamed.with_suffix(".yaml"))
    assert current.reload_if_changed(rested=True)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("views: []", "views: renamed; write filtered_feeds instead"),
        ("site: {reseed: 'https://example.org'}", "site.reseed: renamed; write restore_from instead"),
        ("sources: [{id: a, cut: [b]}]", "sources[0].cut: renamed; write trim_end instead"),
        ("topics: [{id: a, words: [b], without: [c]}]", "topics[0].without: renamed; write exclude instead"),
    ],
)
def test_key_of_an_earlier_version_is_refused_with_its_present_name(tmp_path: Path, config: str, message: str) -> None:
    assert find_errors(tmp_path, config) == [f"config.yaml:1: {message}"]


TEA_LIST = "id: tea\norigin: our own samples\nnames: {zh: [绿茶], en: [green tea]}"


def test_topic_names_a_list_of_a_pack_anywhere_in_its_words(tmp_path: Path) -> None:
    config = (
        "packs: []\ntopics:\n  - {id: tea, words: [茶, 'list:mine/tea'], exclude: ['list:mine/tea'], "
        "pairs: [[['list:mine/tea'], [杯]]]}"
    )
    (rule,) = load(tmp_path, config, lists__tea=TEA_LIST).topics
    names = ("zh:绿茶", "en:green tea")
    assert (rule.words, rule.exclude, rule.pairs) == (("茶", *names), names, ((names, ("杯",)),))


def test_list_that_no_pack_has_is_an_error_with_its_place(tmp_path: Path) -> None:
    config = "packs: []\ntopics: [{id: tea, words: [茶, 'list:mine/te']}]"
    (error,) = find_errors(tmp_path, config, lists__tea=TEA_LIST)
    assert error.endswith("config.yaml:2: topics[0].words[1]: no list 'mine/te' in a pack; did you mean 'mine/tea'?")


def test_mistake_in_a_list_is_named_with_its_file(tmp_path: Path) -> None:
    config = "packs: []\ntopics: [{id: tea, words: ['list:mine/tea']}]"
    errors = find_errors(tmp_path, config, lists__tea="id: tea\nnames: {zh: [绿茶]}")
    assert ["mine/lists/tea.yaml:1" in error and "origin" in error for error in errors] == [True]


def test_changed_list_is_read_again_when_the_pack_is_listed(tmp_path: Path) -> None:
    files = {"lists__tea": TEA_LIST, "topics__tea": "{id: tea, words: ['list:mine/tea']}"}
    file = write_files(tmp_path, "packs: [mine]", **files)
    settings = ReloadableSettings(load_settings({}, file), lambda: load_settings({}, file))
    write_files(tmp_path, "packs: [mine]", lists__tea=TEA_LIST.replace("绿茶", "红茶"))
    assert settings.reload_if_changed(rested=True)
    assert settings.settings.topics[0].words == ("zh:红茶", "en:green tea")


def test_words_of_a_pack_with_a_language_are_for_texts_in_it(tmp_path: Path) -> None:
    topic = "{id: tea, words: [tea, 're:green.tea'], pairs: [[[cup], [tea]]], sections: [drinks]}"
    (rule,) = load(tmp_path, "packs: [mine]", pack="language: en", topics__tea=topic).topics
    assert (rule.words, rule.pairs) == (("en:tea", "en:re:green.tea"), ((("en:cup",), ("en:tea",)),))
    assert rule.sections == ("en:drinks",)


def test_every_list_of_the_packs_says_where_its_names_come_from_and_is_used() -> None:
    used = {
        name
        for file in BUILTIN_PACKS.glob("*/topics/*.yaml")
        for name in re.findall(r"list:([a-z-]+/[a-z-]+)", file.read_text("utf-8"))
    }
    lists = {f"{file.parts[-3]}/{file.stem}": read_document(file, NameList) for file in BUILTIN_PACKS.glob("*/lists/*")}
    assert used == lists.keys()
    for name, document in lists.items():
        assert document.load().id == name.partition("/")[2]


@pytest.mark.parametrize(
    "file", sorted(BUILTIN_PACKS.glob("*/topics/*.yaml")), ids=lambda file: "/".join(file.parts[-3:])
)
def test_topic_with_its_lists_fits_into_fifteen_lines_of_a_hundred_characters(file: Path) -> None:
    # Comments are free, and so are lists that a topic only excludes. English words are twice as long as Chinese ones.
    pack = file.parents[1] / "pack.yaml"
    language = yaml.safe_load(pack.read_text("utf-8")).get("language", "zh")
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
    text = "\n".join(lines)
    own = re.sub(r"(?m)^exclude:(?:.*\n)(?:  .*\n)*", "", text)
    names = [
        name
        for pack_list in set(re.findall(r"list:([a-z-]+/[a-z-]+)", own))
        for name in read_document(BUILTIN_PACKS / f"{pack_list.replace('/', '/lists/')}.yaml", NameList)
        .load()
        .names.get(language, ())
    ]
    limit = 3000 if language == "en" else 1500
    assert len(text[text.index("words:") :]) + len(", ".join(names)) <= limit
