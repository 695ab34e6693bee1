"""URLs as a dump has them -> as their authors meant them: out of proxies and redirectors, absolute, untracked."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urljoin, urlsplit

_UNSAFE = re.compile(r"[^\x21-\x7e]|[\"<>\\^`{|}]")
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# What needs no repair, and almost every URL is such.
_PLAIN = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]+(?:/[!#-;=?-\[\]_a-z~]*)?")
# No page has a longer address, and every pattern here is then quick whatever it is asked.
_LONGEST = 4000
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_WEB = re.compile(r"https?://", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]+\.)+[\w-]{2,}(?::\d{1,5})?|\[[0-9a-fA-F:.]{2,40}\](?::\d{1,5})?", re.IGNORECASE)

# Who carries a picture for somebody else: what stands before the picture's own URL. Everything behind it is that URL;
# it is not a query, so a `?v=1&t=2` in it is its own.
_PROXIES = re.compile(
    r"https?://(?:"
    r"images\.weserv\.nl/?\?(?:[a-z]+=[^&]*&)*?url=|wsrv\.nl/?\?(?:[a-z]+=[^&]*&)*?url=|"
    r"i[0-3]\.wp\.com/|"
    r"images\d*-focus-opensocial\.googleusercontent\.com/gadgets/proxy\?(?:[a-z_]+=[^&]*&)*?url=|"
    r"[\w.-]*duckduckgo\.com/iu/\?(?:[a-z]+=[^&]*&)*?u=|"
    r"(?:[\w-]+\.)*cdn\.ampproject\.org/i{1,2}/(?:s/)?|"
    r"(?:external|[\w-]+)[\w.-]*\.fbcdn\.net/safe_image\.php\?(?:[a-z_]+=[^&]*&)*?url=|"
    r"image\.baidu\.com/search/down\?(?:[a-z]+=[^&]*&)*?url=|"
    r"img\.noobzone\.ru/getimg\.php\?url="
    r")(ssl:)?",
    re.IGNORECASE,
)
# Parameters that weserv and Photon themselves read; they follow the picture's URL.
_PROXY_OPTIONS = re.compile(
    r"[?&](?:w|h|q|fit|resize|crop|ssl|strip|quality|output|we|il|n|dpr|default|maxage|container|refresh)(?:=[^&]*)?(?=&|$)"
)
# A resizer with the whole URL in its path: thumbor, imgproxy's plain form, and their like.
_NESTED = re.compile(
    r"https?://[^?#]*?/(?:unsafe|resize|thumb|thumbs?or|insecure|plain|fit-in|cdn-cgi/image|fetch|proxy|imgproxy|rs:[^/]*)/(?:[^?#]*?/)?(https?(?::|%3A)(?:/|%2F){1,2}.+)",
    re.IGNORECASE,
)

_MAYBE_PROXIED = re.compile(
    r"[?&/]u(?:rl)?=|\.wp\.com/|\.ampproject\.org/|/https?(?::|%3A)|=https?(?::|%3A)", re.IGNORECASE
)

# Who counts a click before passing it on, and the parameter that says where to.
_REDIRECTORS = re.compile(
    r"https?://(?:"
    r"(?:www\.)?google\.[a-z.]+/url\?(?:.*?&)?(?:q|url)=([^&]+)|"
    r"l(?:m)?\.(?:facebook|instagram)\.com/(?:l\.php)?\?(?:.*?&)?u=([^&]+)|"
    r"(?:www\.)?youtube\.com/redirect\?(?:.*?&)?q=([^&]+)|"
    r"t\.umblr\.com/redirect\?(?:.*?&)?z=([^&]+)|"
    r"(?:link|c)\.zhihu\.com/\?(?:.*?&)?target=([^&]+)|"
    r"(?:out\.)?reddit\.com/t3_[^?]*\?(?:.*?&)?url=([^&]+)|"
    r"(?:www\.)?linkedin\.com/redir/redirect\?(?:.*?&)?url=([^&]+)|"
    r"vk\.com/away\.php\?(?:.*?&)?to=([^&]+)|"
    r"(?:[a-z0-9]+\.)?safelinks\.protection\.outlook\.com/\?(?:.*?&)?url=([^&]+)|"
    r"steamcommunity\.com/linkfilter/\?(?:.*?&)?url=([^&]+)|"
    r"feedproxy\.google\.com/~r/[^?]*\?(?:.*?&)?url=([^&]+)|"
    # Outlook's web client: everything after URL= is the address, often unescaped.
    r"[^/?]+/owa/redir\.aspx\?(?:.*?&)?URL=(.+)|"
    r"(?:[\w-]+\.)*cdn\.ampproject\.org/[cv]/(s/[^#]+|[^#]+)|"
    r"(?:www\.)?google\.[a-z.]+/amp/(s/[^#]+|[^#]+)"
    r")",
    re.IGNORECASE,
)

_TRACKERS = re.compile(
    r"(?:utm_[a-z_]+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|igshid|igsh|mc_cid|mc_eid|mkt_tok|_hsenc|_hsmi|hsctatracking|vero_id|"
    r"ref_src|ref_url|spm|scm|campaign_id|emc|instance_id|regi_id|segment_id|smid|smtyp|partner|cmpid|ocid|ns_campaign|ns_mchannel|ns_source|"
    r"ns_linkname|at_medium|at_campaign|at_custom\d|at_bbc_team|xtor|share_source|share_medium|share_plat|share_token|share_tag|_branch_match_id|"
    r"ncid|cid_source|trk|trkinfo|sc_campaign|sc_channel|wt\.mc_id|__twitter_impression|feature=emb_[a-z]+|"
    r"s_kwcid|ck_subscriber_id|oly_anon_id|oly_enc_id|rb_clickid|wickedid|cvid|oicd)",
    re.IGNORECASE,
)
# Names too short to be trackers everywhere, by the host that uses them so.
_HOST_TRACKERS = {
    "nytimes.com": re.compile(
        r"nl|te|user_id|action|module|pgtype|source|contentCollection|region|version|clickSource|WT\.nav|smid|referringSource",
        re.I,
    ),
    "twitter.com": re.compile(r"s|t|ref_src|lang", re.I),
    "x.com": re.compile(r"s|t", re.I),
    "youtube.com": re.compile(r"feature|si|pp|ab_channel", re.I),
    "youtu.be": re.compile(r"feature|si", re.I),
    "nytcn.me": re.compile(r"source", re.I),
}

_SHARERS = re.compile(
    r"(?:https?:)?//(?:(?:www|m|web)\.)?(?:facebook\.com/(?:sharer|share\.php|dialog/(?:share|feed|send))|twitter\.com/(?:intent|share|home\?status)|x\.com/(?:intent|share)|"
    r"api\.whatsapp\.com/send|web\.whatsapp\.com/send|wa\.me/\?|t\.me/share|telegram\.me/share|linkedin\.com/(?:shareArticle|sharing|cws/share)|"
    r"pinterest\.[a-z]+/pin/create|reddit\.com/submit|tumblr\.com/(?:share|widgets/share)|service\.weibo\.com/share|v\.t\.sina\.com\.cn/share|"
    r"connect\.qq\.com/widget/shareqq|sns\.qzone\.qq\.com/cgi-bin/qzshare|social-plugins\.line\.me/lineit|line\.me/R/msg|"
    r"addtoany\.com/(?:share|add_to)|addthis\.com/bookmark|del\.icio\.us/post|getpocket\.com/(?:save|edit)|news\.ycombinator\.com/submitlink|"
    r"(?:douban|renren|kaixin001)\.com/(?:share|recommend)|feeds\.feedburner\.com/~ff/)",
    re.IGNORECASE,
)


def absolutize_url(url: str, base: str) -> str:
    """The URL, absolute, what URLs do not take percent-encoded; empty when it is no web or mail address."""
    url = url.strip().replace("\t", "").replace("\n", "").replace("\r", "").replace("\\&", "&")
    if not url or url.startswith("#") or len(url) > _LONGEST:
        return ""
    if not _WEB.match(url):
        if _SCHEME.match(url):
            return percent_encode(url) if url[:7].lower() == "mailto:" and len(url) > 7 else ""
        try:
            url = urljoin(base, url)
        except ValueError:
            return ""
    return _web(url)


def _web(url: str) -> str:
    if _PLAIN.fullmatch(url):
        return url
    scheme, _, rest = url.partition("://")
    end = min((at for at in (rest.find(mark) for mark in "/?#\\") if at >= 0), default=len(rest))
    # `http://www.example.com%20/2020/` is one of ours: a blank pasted into the host.
    host = rest[:end].replace("%20", "").strip().rpartition("@")[2]
    if scheme.lower() not in ("http", "https") or not _HOST.fullmatch(host):
        return ""
    return f"{scheme.lower()}://{_host(host)}{percent_encode(rest[end:])}"


def _host(host: str) -> str:
    if host.isascii():
        return host.lower()
    try:
        return host.lower().encode("idna").decode("ascii")
    except UnicodeError:
        return quote(host)


def percent_encode(text: str) -> str:
    """White space, quotes and whatever is not ASCII percent-encoded; escapes that stand there stay as they are."""
    if _UNSAFE.search(text) is None:
        return text
    return _UNSAFE.sub(lambda match: quote(match[0], safe=""), text.encode("utf-8", "replace").decode("utf-8"))


def strip_image_proxy(url: str) -> str:
    """The picture's own URL, from any depth of image proxies."""
    if _MAYBE_PROXIED.search(url) is None:
        return url
    for _ in range(4):
        inner = _inner_image(url)
        if not inner or inner == url:
            break
        url = inner
    return url


def _inner_image(url: str) -> str:
    if match := _PROXIES.match(url):
        inner = url[match.end() :]
        escaped = "/" not in inner.partition("?")[0] and "%2f" in inner.lower()
        if escaped:
            inner = unquote(inner.partition("&")[0])
        elif "?" not in inner or ".wp.com/" in match[0]:
            inner = _PROXY_OPTIONS.sub("", inner)
        inner = inner.removeprefix("ssl:")
        return inner if _WEB.match(inner) else f"https://{inner.lstrip('/')}"
    if match := _NESTED.match(url):
        inner = match[1]
        if not _WEB.match(inner):
            inner = unquote(inner) if "%" in inner[:12] else re.sub(r"^(https?):/+", r"\1://", inner)
        # The last scheme is the origin's: thumbor goes into thumbor.
        return inner
    return ""


def strip_redirector(url: str) -> str:
    """Where a link leads in the end, without the counters between."""
    if "?" not in url and "/amp/" not in url and "ampproject.org/" not in url:
        return url
    for _ in range(4):
        match = _REDIRECTORS.match(url)
        if not match:
            break
        target = next(group for group in match.groups() if group)
        if "ampproject.org" in match[0] or "/amp/" in match[0]:
            target = f"https://{target[2:]}" if target.startswith("s/") else f"http://{target}"
        elif "/" not in target or "%3a" in target[:12].lower():
            target = unquote(target)
        if not _WEB.match(target) or target == url:
            break
        url = target
    return url


def strip_tracking_params(url: str) -> str:
    """The URL without the parameters that tell who sent the reader. All others stay, as they are and in their order."""
    head, mark, query = url.partition("?")
    if not mark:
        return url
    query, hash_mark, fragment = query.partition("#")
    own = _host_trackers(head)
    parts = [part for part in query.split("&") if not _tracks(part, own)]
    return head + ("?" + "&".join(parts) if any(parts) else "") + hash_mark + fragment


def _host_trackers(head: str) -> re.Pattern[str] | None:
    host = head.partition("://")[2].partition("/")[0]
    for suffix, pattern in _HOST_TRACKERS.items():
        if host == suffix or host.endswith("." + suffix):
            return pattern
    return None


def _tracks(part: str, own: re.Pattern[str] | None) -> bool:
    name = part.partition("=")[0].removeprefix("amp;")
    return bool(_TRACKERS.fullmatch(name) or (own and own.fullmatch(name)))


def is_share_link(url: str) -> bool:
    """True of a link that posts the page somewhere."""
    return bool(_SHARERS.match(url)) or url.startswith(("whatsapp:", "fb-messenger:", "tg:", "weixin:", "line:"))


def repair_url(url: str) -> str:
    """The URL before a parser took its `&reg` and `&sect` for characters, and before it was pasted twice."""
    if "®" in url or "§" in url:
        url = url.replace("®", "&reg").replace("§", "&sect")
    first, blank, second = url.strip().partition(" ")
    return first if blank and (second == first or second.strip() == first) else url


def clean_link(url: str, base: str) -> str:
    """A link as its author meant it; empty when it leads nowhere that a reader can go."""
    url = repair_url(url)
    if url and "://" not in url[:9] and not url.startswith(("/", "#", "?", ".")) and url[:4].lower() == "www.":
        url = f"https://{url}"
    resolved = absolutize_url(url, base)
    if not resolved or resolved.startswith("mailto:"):
        return resolved
    target = strip_redirector(resolved)
    return strip_tracking_params(target if target is resolved else absolutize_url(target, base))


def clean_image_url(url: str, base: str) -> str:
    """An image's URL on the host it comes from; empty when it has none."""
    resolved = absolutize_url(url, base)
    if not resolved.startswith("http"):
        return ""
    inner = strip_image_proxy(resolved)
    return inner if inner is resolved else absolutize_url(inner, base)


# `-300x200.jpg` is WordPress's; `/news/976/`, `/ace/ws/640/` and `/ic/480xn/` are the BBC's.
_SIZE = re.compile(
    r"-\d{2,4}x\d{2,4}(?=\.[a-z]{3,4}$)|[@_-](?:thumb|small|medium|large)(?=\.[a-z]{3,4}$)|/(?:w|p|h):[^/]+|(?<=/news/)\d+/|(?<=/ace/ws/)\d+/|(?<=/ic/)\d+x[\dn]+/",
    re.I,
)
_SIZE_PARAMETER = re.compile(r"(?:w|h|width|height|q|quality|fit|resize)=.*")


def picture_key(url: str) -> str:
    """Equal for two URLs of one picture in two sizes."""
    path, _, query = url.partition("://")[2].partition("?")
    query = "&".join(part for part in query.split("&") if part and not _SIZE_PARAMETER.fullmatch(part))
    return f"{_SIZE.sub('', path)}?{query}"


def canonicalize_url(url: str) -> str:
    """A page's link in the one form for every reader: no trackers, fragment or default port; its path at least `/`."""
    url = strip_tracking_params(url).partition("#")[0]
    parts = urlsplit(url)
    host = parts.netloc.lower().removesuffix(":443" if parts.scheme == "https" else ":80")
    return f"{parts.scheme}://{host}{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
