"""The URL of an embedded player -> the page that shows what it plays, and the site's name. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

from .url_cleaner import HTTP_URL, clean_link

_SITE_NAMES = (
    ("youtube.com", "YouTube"), ("youtu.be", "YouTube"), ("facebook.com", "Facebook"), ("twitter.com", "Twitter"),
    ("x.com", "X"), ("instagram.com", "Instagram"), ("vimeo.com", "Vimeo"), ("bilibili.com", "bilibili"),
    ("dailymotion.com", "Dailymotion"), ("soundcloud.com", "SoundCloud"), ("spotify.com", "Spotify"),
    ("t.me", "Telegram"), ("tiktok.com", "TikTok"), ("google.com", "Google"), ("twitch.tv", "Twitch"),
    ("ted.com", "TED"), ("podcasts.apple.com", "Apple Podcasts"), ("music.apple.com", "Apple Music"),
    ("reddit.com", "Reddit"),
    ("v.qq.com", "腾讯视频"), ("youku.com", "优酷"), ("music.163.com", "网易云音乐"), ("nicovideo.jp", "ニコニコ動画"),
    ("codepen.io", "CodePen"), ("archive.org", "Internet Archive"), ("gist.github.com", "GitHub Gist"),
    ("acast.com", "Acast"), ("giphy.com", "GIPHY"), ("tenor.com", "Tenor"), ("imgur.com", "Imgur"),
    ("datawrapper.dwcdn.net", "Datawrapper"), ("flourish.studio", "Flourish"), ("infogram.com", "Infogram"),
    ("tableau.com", "Tableau"), ("openstreetmap.org", "OpenStreetMap"), ("scribd.com", "Scribd"),
    ("slideshare.net", "SlideShare"), ("issuu.com", "Issuu"), ("documentcloud.org", "DocumentCloud"),
    ("typeform.com", "Typeform"), ("megaphone.fm", "Megaphone"), ("simplecast.com", "Simplecast"),
    ("buzzsprout.com", "Buzzsprout"), ("podbean.com", "Podbean"), ("spreaker.com", "Spreaker"),
    ("ivoox.com", "iVoox"), ("omny.fm", "Omny"), ("libsyn.com", "Libsyn"), ("wistia.com", "Wistia"),
    ("rumble.com", "Rumble"), ("odysee.com", "Odysee"), ("bandcamp.com", "Bandcamp"), ("deezer.com", "Deezer"),
    ("threads.net", "Threads"), ("bsky.app", "Bluesky"), ("vk.com", "VK"), ("rutube.ru", "RUTUBE"),
    ("weibo.com", "微博"), ("xiaoyuzhoufm.com", "小宇宙"), ("ximalaya.com", "喜马拉雅"),
)  # fmt: skip
_MEDIA_LABELS = {
    "audio": {
        "zh-Hans": "音频", "zh-Hant": "音訊", "ja": "音声", "ko": "오디오", "ru": "Аудио", "uk": "Аудіо", "pt": "Áudio",
        "sv": "Ljud", "no": "Lyd", "da": "Lyd", "fi": "Ääni", "tr": "Ses", "el": "Ήχος", "ar": "صوت", "hi": "ऑडियो",
    },
    "video": {
        "zh-Hans": "视频", "zh-Hant": "影片", "ja": "動画", "ko": "동영상", "ru": "Видео", "es": "Vídeo", "fr": "Vidéo",
        "pt": "Vídeo", "uk": "Відео", "pl": "Wideo", "el": "Βίντεο", "ar": "فيديو", "hi": "वीडियो", "th": "วิดีโอ",
        "hu": "Videó",
    },
}  # fmt: skip
_MEDIUM = re.compile(
    r"(?:^|[/._-])(?:(?P<audio>audio|podcasts?|radio|sound)|(?P<video>videos?|tv|film|movie|player|videoplayer|mediaplayer))[/._?=-]",
    re.IGNORECASE,
)
_TWEET = re.compile(r"https?://(?:www\.)?(?:twitter|x)\.com/(\w+)/status/\d+")

_Query = dict[str, str]


def _youtube(path: str, query: _Query) -> str:
    if list_id := query.get("list"):
        playlist = f"https://www.youtube.com/playlist?list={list_id}"
        if path in ("/embed", "/embed/", "/embed/videoseries"):
            return playlist
    if path == "/embed/live_stream" and "channel" in query:
        return f"https://www.youtube.com/channel/{query['channel']}/live"
    match = re.fullmatch(r"/(?:embed|v|shorts|live)/([\w-]{6,})/?", path)
    return f"https://www.youtube.com/watch?v={match[1]}" if match else ""


def _vimeo(path: str, query: _Query) -> str:
    if match := re.fullmatch(r"/video/(\d+)/?", path):
        hash = query.get("h", "")
        return f"https://vimeo.com/{match[1]}{'/' + hash if hash else ''}"
    return ""


def _bilibili(path: str, query: _Query) -> str:
    query = {name.lower(): value for name, value in query.items()}
    page = query.get("page") or query.get("p") or "1"
    part = f"?p={page}" if page.isdigit() and page != "1" else ""
    if live := re.search(r"/(?:blanc|h5)/(\d+)", path):
        return f"https://live.bilibili.com/{live[1]}"
    for name in ("bvid", "aid"):
        id = query.get(name, "")
        if re.fullmatch(r"BV\w{10}", id):
            return f"https://www.bilibili.com/video/{id}{part}"
        if re.fullmatch(r"(?:av)?\d+", id):
            return f"https://www.bilibili.com/video/av{id.removeprefix('av')}{part}"
    for names, kind in ((("episodeid", "epid", "ep_id"), "ep"), (("seasonid", "season_id"), "ss")):
        if id := next((query[name] for name in names if query.get(name, "").isdigit()), ""):
            return f"https://www.bilibili.com/bangumi/play/{kind}{id}"
    return ""


def _twitch(_path: str, query: _Query) -> str:
    if video := query.get("video"):
        return f"https://www.twitch.tv/videos/{video.removeprefix('v')}"
    if clip := query.get("clip"):
        return f"https://clips.twitch.tv/{clip}"
    return f"https://www.twitch.tv/{query['channel']}" if "channel" in query else ""


def _netease(_path: str, query: _Query) -> str:
    kind = {"0": "playlist", "1": "album", "2": "song", "3": "program", "4": "djradio"}.get(query.get("type", ""), "")
    return f"https://music.163.com/{kind}?id={query['id']}" if kind and query.get("id", "").isdigit() else ""


def _vk(_path: str, query: _Query) -> str:
    owner, id = query.get("oid", ""), query.get("id", "")
    return f"https://vk.com/video{owner}_{id}" if re.fullmatch(r"-?\d+", owner) and id.isdigit() else ""


def _mixcloud(_path: str, query: _Query) -> str:
    feed = query.get("feed", "")
    return f"https://www.mixcloud.com{feed}" if feed.startswith("/") else ""


def _by_parameter(name: str, page: str) -> Callable[[str, _Query], str]:
    """A page whose address has the value of a parameter."""
    return lambda _path, query: page.format(query[name]) if re.fullmatch(r"[\w-]+", query.get(name, "")) else ""


def _by_path(pattern: str, page: str) -> Callable[[str, _Query], str]:
    """A page whose address has a part of the player's path."""

    def page_of(path: str, _query: _Query) -> str:
        match = re.fullmatch(pattern, path)
        return match.expand(page) if match else ""

    return page_of


_PLAYERS: tuple[tuple[str, Callable[[str, _Query], str]], ...] = (
    ("youtube.com", _youtube),
    ("youtube-nocookie.com", _youtube),
    ("player.vimeo.com", _vimeo),
    ("vimeo.com", _by_path(r"(/(?:event|showcase|album)/\d+)/embed.*", r"https://vimeo.com\1")),
    ("bilibili.com", _bilibili),
    ("hdslb.com", _bilibili),
    ("share.acg.tv", _bilibili),
    ("acfun.cn", _by_path(r"/player/(ac\d+)", r"https://www.acfun.cn/v/\1")),
    ("geo.dailymotion.com", _by_parameter("video", "https://www.dailymotion.com/video/{}")),
    ("dailymotion.com", _by_path(r"/embed/((?:video|playlist)/\w+)", r"https://www.dailymotion.com/\1")),
    ("platform.twitter.com", _by_parameter("id", "https://twitter.com/i/status/{}")),
    ("instagram.com", _by_path(r"/((?:[\w.]+/)?(?:p|reel|tv)/[\w-]+)/embed.*", r"https://www.instagram.com/\1/")),
    ("v.qq.com", _by_parameter("vid", "https://v.qq.com/x/page/{}.html")),
    ("video.qq.com", _by_parameter("vid", "https://v.qq.com/x/page/{}.html")),
    ("imgcache.qq.com", _by_parameter("vid", "https://v.qq.com/x/page/{}.html")),
    ("player.youku.com", _by_path(r"/(?:embed/|player\.php/(?:.*/)?sid/)([\w=]+).*", r"https://v.youku.com/v_show/id_\1.html")),
    ("ixigua.com", _by_path(r"/iframe/(\d+)", r"https://www.ixigua.com/\1")),
    ("open.douyin.com", _by_parameter("vid", "https://www.douyin.com/video/{}")),
    ("music.163.com", _netease),
    ("open.spotify.com", _by_path(r"/embed(?:-podcast)?/(.+)", r"https://open.spotify.com/\1")),
    ("embed.ted.com", _by_path(r"(/talks/.+)", r"https://www.ted.com\1")),
    ("embed.podcasts.apple.com", _by_path(r"(/.+)", r"https://podcasts.apple.com\1")),
    ("embed.music.apple.com", _by_path(r"(/.+)", r"https://music.apple.com\1")),
    ("player.twitch.tv", _twitch),
    ("clips.twitch.tv", _twitch),
    ("t.me", _by_path(r"/(?:s/)?(\w+/\d+)", r"https://t.me/\1")),
    ("embed.reddit.com", _by_path(r"(/r/.+)", r"https://www.reddit.com\1")),
    ("redditmedia.com", _by_path(r"(/r/.+)", r"https://www.reddit.com\1")),
    ("codepen.io", _by_path(r"/([\w-]+)/embed/(?:preview/)?([\w-]+)", r"https://codepen.io/\1/pen/\2")),
    ("archive.org", _by_path(r"/embed/(.+)", r"https://archive.org/details/\1")),
    ("loom.com", _by_path(r"/embed/(\w+)", r"https://www.loom.com/share/\1")),
    ("streamable.com", _by_path(r"/[eos]/(\w+)", r"https://streamable.com/\1")),
    ("odysee.com", _by_path(r"/(?:\$|%24)/embed/(.+)", r"https://odysee.com/\1")),
    ("nicovideo.jp", _by_path(r"/(?:watch|thumb)/(\w+)", r"https://www.nicovideo.jp/watch/\1")),
    ("rutube.ru", _by_path(r"/play/embed/(\w+)/?", r"https://rutube.ru/video/\1/")),
    ("vk.com", _vk),
    ("vkvideo.ru", _vk),
    ("ok.ru", _by_path(r"/videoembed/(\d+)", r"https://ok.ru/video/\1")),
    ("coub.com", _by_path(r"/embed/(\w+)", r"https://coub.com/view/\1")),
    ("widget.deezer.com", _by_path(r"/widget/\w+/(\w+/\d+)", r"https://www.deezer.com/\1")),
    ("mixcloud.com", _mixcloud),
    ("anchor.fm", _by_path(r"/([\w-]+)/embed/(episodes/[\w-]+)", r"https://anchor.fm/\1/\2")),
    ("creators.spotify.com", _by_path(r"(/pod/show/[\w-]+)/embed(/.+)", r"https://creators.spotify.com\1\2")),
)  # fmt: skip
"""Hosts of players -> a function from (path, query) to the page; "" when it knows none. The first host counts."""

_PAGE_PARAMETERS = ("href", "url", "canonicalurl", "src", "u", "page")
"""Parameters of players and viewers that hold the whole URL of what they show."""


def player_page_url(url: str) -> str:
    """Return the page that shows what the player at this URL plays; the URL itself when no such page is known."""
    try:
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query, max_num_fields=60).items()}
    except ValueError:
        return url
    host = (parts.hostname or "").removeprefix("www.")
    for site, page_of in _PLAYERS:
        if (host == site or host.endswith("." + site)) and (page := page_of(parts.path, query)):
            return clean_link(page, url) or url
    for name in _PAGE_PARAMETERS:
        if HTTP_URL.match(query.get(name, "")) and not query[name].startswith("https://api."):
            page = clean_link(unquote(query[name]), url)
            return player_page_url(page) if page and page != url else url
    return url


def guess_medium(url: str) -> str:
    """Return `audio` or `video` when the address of a player of an unknown site has such a word, else ""."""
    if link_label(url, "", "") != _host(url) or (match := _MEDIUM.search(url.partition("://")[2])) is None:
        return ""
    return match.lastgroup or ""


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].removeprefix("www.")


def link_label(url: str, medium: str, language: str) -> str:
    """Return the text of a link to a player: the medium in the entry's language, or the name of its site."""
    if medium in _MEDIA_LABELS:
        labels = _MEDIA_LABELS[medium]
        return labels.get(language) or labels.get(language.partition("-")[0]) or medium.capitalize()
    if tweet := _TWEET.match(url):
        return f"Twitter: @{tweet[1]}"
    host = _host(url)
    return next((name for site, name in _SITE_NAMES if host == site or host.endswith("." + site)), host)
