"""A link as written in a dump -> its intended URL: absolute, repaired, without redirectors and trackers. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urljoin, urlsplit

_UNSAFE = re.compile(r"[^\x21-\x7e]|[\"<>\\^`{|}]")
# Almost every URL matches this and needs no repair.
_CLEAN_URL = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]+(?:/[!#-;=?-\[\]_a-z~]*)?")
# No real page has a longer URL, and the limit keeps every pattern in this module fast.
_MAX_LENGTH = 4000
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
HTTP_URL = re.compile(r"https?://", re.IGNORECASE)
# A site wrote its own address before one that was whole: `https://news.examplehttps://www.example.net/`.
_DOUBLED_HOST = re.compile(r"(?:https?:)?//[\w.:-]{0,100}?(?=https?:/{0,2}[\w\[])", re.IGNORECASE)
_SCHEME_START = re.compile(r"(https?):/*", re.IGNORECASE)
_TOO_FEW_SLASHES = re.compile(r"^(https?:)/?(?=[\w\[])", re.IGNORECASE)
_PATH = re.compile(r"[^?#]*")
_BLANKS_AT_END = re.compile(r"(?:%20|%0[ad]|%C2%A0|%E3%80%80|\s){1,20}$", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]+\.)+[\w-]{2,}(?::\d{1,5})?|\[[0-9a-fA-F:.]{2,40}\](?::\d{1,5})?", re.IGNORECASE)

# Redirectors that count clicks; the group is the target.
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
    # Outlook on the web: everything after URL= is the target, often unescaped.
    r"[^/?]+/owa/redir\.aspx\?(?:.*?&)?URL=(.+)|"
    r"(?:[\w-]+\.)*cdn\.ampproject\.org/[cv]/(s/[^#]+|[^#]+)|"
    r"(?:www\.)?google\.[a-z.]+/amp/(s/[^#]+|[^#]+)"
    r")",
    re.IGNORECASE,
)

_TRACKING_PARAMS = re.compile(
    r"(?:utm_[a-z_]+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|igshid|igsh|mc_cid|mc_eid|mkt_tok|_hsenc|_hsmi|hsctatracking|vero_id|"
    r"ref_src|ref_url|spm|scm|campaign_id|emc|instance_id|regi_id|segment_id|smid|smtyp|partner|cmpid|ocid|ns_campaign|ns_mchannel|ns_source|"
    r"ns_linkname|at_medium|at_campaign|at_custom\d|at_bbc_team|xtor|share_source|share_medium|share_plat|share_token|share_tag|_branch_match_id|"
    r"ncid|cid_source|trk|trkinfo|sc_campaign|sc_channel|wt\.mc_id|__twitter_impression|feature=emb_[a-z]+|"
    r"s_kwcid|ck_subscriber_id|oly_anon_id|oly_enc_id|rb_clickid|wickedid|cvid|oicd)",
    re.IGNORECASE,
)
_LATER_TRACKING_PARAMS = re.compile(
    r"_gl|srsltid|gad_source|gclsrc|li_fat_id|ttclid|epik|share_from|share_id|"
    r"_ga|gad_campaignid|guccounter|guce_referrer(?:_sig)?|(?:pk|mtm|piwik|matomo)_[a-z]+|hss_channel|vd_source|spm_id_from|mibextid|rdt_cid|"
    r"irclickid|dm_i|_openstat|erid|wt_mc",
    re.IGNORECASE,
)
"""Those that the first version did not know. An id that it made from a link with one of these stays: a parameter that
is found later belongs here."""
# Parameters that only track readers on this host. On other hosts they may have a meaning.
_HOST_TRACKING_PARAMS = {
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
_LATER_HOST_TRACKING_PARAMS = {
    "mp.weixin.qq.com": re.compile(
        r"chksm|a?scene|subscene|sharer_\w+|clicktime|enterid|devicetype|version|lang|nettype|abtest_cookie|pass_ticket|wx_header|exportkey|sessionid|"
        r"from|isappinstalled|srcid|click_id|key|uin|mpshare|poc_token",
        re.I,
    ),
}

# Parameters that say where a reader came from, when their value is a feed or the host of another page.
_REFERRER_PARAM = re.compile(
    r"source=(?:rss|feed)(?:[-_.][\w.-]*)?|(?:ref|from|via|src)=(?:rss|feed|atom|newsletter|twitter|facebook|homepage|(?:[a-z0-9-]+\.)+[a-z]{2,6})",
    re.IGNORECASE,
)

_SHARE_LINK = re.compile(
    r"(?:https?:)?//(?:(?:www|m|web)\.)?(?:facebook\.com/(?:sharer|share\.php|dialog/(?:share|feed|send))|twitter\.com/(?:intent|share|home\?status)|x\.com/(?:intent|share)|"
    r"api\.whatsapp\.com/send|web\.whatsapp\.com/send|wa\.me/\?|t\.me/share|telegram\.me/share|linkedin\.com/(?:shareArticle|sharing|cws/share)|"
    r"pinterest\.[a-z]+/pin/create|reddit\.com/submit|tumblr\.com/(?:share|widgets/share)|service\.weibo\.com/share|v\.t\.sina\.com\.cn/share|"
    r"connect\.qq\.com/widget/shareqq|sns\.qzone\.qq\.com/cgi-bin/qzshare|social-plugins\.line\.me/lineit|line\.me/R/msg|"
    r"addtoany\.com/(?:share|add_to)|addthis\.com/bookmark|del\.icio\.us/post|getpocket\.com/(?:save|edit)|news\.ycombinator\.com/submitlink|"
    r"(?:douban|renren|kaixin001)\.com/(?:share|recommend)|feeds\.feedburner\.com/~ff/)",
    re.IGNORECASE,
)


_TAG_PATH = re.compile(
    r"/(?:tags?|categor(?:y|ies|ia)|topics?|labels?|keywords?|schlagwort|themen?|etiquetas?)/", re.IGNORECASE
)

_DONATION = re.compile(
    r"https?://(?:[\w-]{1,40}\.){0,2}(?:flattr\.com|ko-fi\.com|buymeacoffee\.com|patreon\.com|liberapay\.com|opencollective\.com|donorbox\.org|"
    r"steadyhq\.com|tipeee\.com|afdian\.(?:net|com)|paypal\.me|github\.com/sponsors|paypal\.com/(?:donate|paypalme|cgi-bin/webscr|[a-z]{2}/cgi-bin))"
    r"(?=[/?#]|$)|https?://[^/]{1,80}/(?:\?flattrss_redirect|(?:donate|donation|spenden|donar|faire-un-don)/?(?:[?#]|$))",
    re.IGNORECASE,
)
_AUTHOR_PATH = re.compile(
    r"/(?:authors?|autor(?:e|es|en|in|innen|as?)?|auteurs?|autori|writers?|contributors?|journalistes?|journalisten|journalists?|columnists?|"
    r"reporters?|redakteure?|mitarbeiter|bylines?|by|people|profiles?|persons?|staff|korrespondenten|firmas?|avtory?|author-page)/[^/?#]+",
    re.IGNORECASE,
)


def clean_link(url: str, base: str, *, formerly: bool = False) -> str:
    """Return the intended URL of a link; empty when a reader cannot follow it.

    `formerly`: as the first version did, which knew fewer tracking parameters.
    """
    url = repair_url(url)
    if url and "://" not in url[:9] and not url.startswith(("/", "#", "?", ".")) and url[:4].lower() == "www.":
        url = f"https://{url}"
    resolved = absolutize_url(url, base)
    if not resolved or resolved.startswith("mailto:"):
        return resolved
    target = strip_redirector(resolved)
    return strip_tracking_params(target if target is resolved else absolutize_url(target, base), formerly=formerly)


def canonicalize_url(url: str, *, formerly: bool = False) -> str:
    """Return the canonical URL of a page: without trackers, fragment and default port, and with a path."""
    url = strip_tracking_params(url, formerly=formerly).partition("#")[0]
    parts = urlsplit(url)
    host = parts.netloc.lower().removesuffix(":443" if parts.scheme == "https" else ":80")
    return f"{parts.scheme}://{host}{parts.path or '/'}{'?' + parts.query if parts.query else ''}"


def repair_url(url: str) -> str:
    """Undo damage: `&reg` and `&sect` read as characters, a URL pasted twice or after a host, blanks at its end."""
    if "®" in url or "§" in url:
        url = url.replace("®", "&reg").replace("§", "&sect")
    if "http" in url[5:] and (doubled := _DOUBLED_HOST.match(url)):
        url = _SCHEME_START.sub(r"\1://", url[doubled.end() :], count=1)
    if "%" in url[-3:] or url[-1:].isspace():
        url = _BLANKS_AT_END.sub("", url)
    first, blank, second = url.strip().partition(" ")
    return first if blank and (second == first or second.strip() == first) else url


def _repair_slashes(url: str) -> str:
    r"""Write `http:/host\path` with the slashes that browsers read in it (WHATWG URL, 4.4)."""
    path = _PATH.match(url)
    url = url[: path.end()].replace("\\", "/") + url[path.end() :] if path else url
    return _TOO_FEW_SLASHES.sub(r"\1//", url)


def absolutize_url(url: str, base: str) -> str:
    """Resolve and percent-encode a URL; empty unless it is http, https or mailto. Credentials are dropped."""
    url = url.strip().replace("\t", "").replace("\n", "").replace("\r", "").replace("\\&", "&")
    if not url or url.startswith("#") or len(url) > _MAX_LENGTH:
        return ""
    if "\\" in url or not HTTP_URL.match(url):
        url = _repair_slashes(url)
    if not HTTP_URL.match(url):
        if _SCHEME.match(url):
            return percent_encode(url) if url[:7].lower() == "mailto:" and len(url) > 7 else ""
        try:
            url = urljoin(base, url)
        except ValueError:
            return ""
    if _CLEAN_URL.fullmatch(url):
        return url
    scheme, _, rest = url.partition("://")
    end = min((at for at in (rest.find(mark) for mark in "/?#\\") if at >= 0), default=len(rest))
    # A real dump has `http://www.example.com%20/2020/`, with a space pasted into the host.
    host = rest[:end].replace("%20", "").strip().rpartition("@")[2]
    if scheme.lower() not in ("http", "https") or not _HOST.fullmatch(host):
        return ""
    try:
        host = host.lower() if host.isascii() else host.lower().encode("idna").decode("ascii")
    except UnicodeError:
        host = quote(host)
    return f"{scheme.lower()}://{host}{percent_encode(rest[end:])}"


def percent_encode(text: str) -> str:
    """Percent-encode white space, quotes and everything outside ASCII; existing escapes stay as they are."""
    if _UNSAFE.search(text) is None:
        return text
    return _UNSAFE.sub(lambda match: quote(match[0], safe=""), text.encode("utf-8", "replace").decode("utf-8"))


def strip_redirector(url: str) -> str:
    """Return the target of a link that goes through up to four click counters or AMP caches."""
    if "?" not in url and "/amp/" not in url and "ampproject.org/" not in url:
        return url
    for _ in range(4):
        match = _REDIRECTORS.match(url)
        if not match:
            break
        target = next(group for group in match.groups() if group)
        if "ampproject.org" in match[0] or "/amp/" in match[0]:
            target = f"https://{target[2:]}" if target.startswith("s/") else f"http://{target}"
        elif "/" not in target or "%3a" in target[:12].lower() or ("?" not in target and "%3f" in target.lower()):
            target = unquote(target)
        if not HTTP_URL.match(target) or target == url:
            break
        url = target
    return url


def strip_tracking_params(url: str, *, formerly: bool = False) -> str:
    """Remove the query parameters that track readers. All others keep their spelling and order."""
    head, mark, query = url.partition("?")
    if not mark:
        return url
    query, hash_mark, fragment = query.partition("#")
    host = head.partition("://")[2].partition("/")[0]
    by_host = _HOST_TRACKING_PARAMS if formerly else _HOST_TRACKING_PARAMS | _LATER_HOST_TRACKING_PARAMS
    names = [_TRACKING_PARAMS] if formerly else [_TRACKING_PARAMS, _LATER_TRACKING_PARAMS]
    names += [names for suffix, names in by_host.items() if host == suffix or host.endswith("." + suffix)]
    kept = []
    for part in query.split("&"):
        parameter = part.removeprefix("amp;")
        name = parameter.partition("=")[0]
        if any(pattern.fullmatch(name) for pattern in names):
            continue
        if formerly or not _REFERRER_PARAM.fullmatch(parameter):
            kept.append(part)
    return head + ("?" + "&".join(kept) if any(kept) else "") + hash_mark + fragment


def is_share_link(url: str) -> bool:
    """True for a link that posts the page to a social network or a messenger."""
    return bool(_SHARE_LINK.match(url)) or url.startswith(("whatsapp:", "fb-messenger:", "tg:", "weixin:", "line:"))


def is_tag_link(url: str) -> bool:
    """True for a link to a page that lists the articles with one tag or of one category."""
    return _TAG_PATH.search(url) is not None


def is_author_link(url: str) -> bool:
    """True for a link to a page about one author."""
    return _AUTHOR_PATH.search(url) is not None


def is_donation_link(url: str) -> bool:
    """True for a link to a payment service for readers, or to a page for donations."""
    return _DONATION.match(url) is not None
