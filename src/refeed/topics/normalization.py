"""Text -> the same text with one spelling for both scripts, full-width letters, Mainland and Taiwan names. Pure.

Characters are simplified one by one (OpenCC t2s), and our own tables give each name one form. OpenCC's table of Taiwan
phrases is not applied to text, because it also changes Mainland text: 新增 becomes 添加, 周线上涨 becomes 周在线涨. It
is only applied to a rule's words in Traditional characters (計程車 finds 出租车), where it does no harm.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

import opencc
from ahocorasick_rs import AhoCorasick, MatchKind

# Taiwan, Hong Kong and older usage, in Simplified characters (RFI's wire copy is Taiwan wording in Simplified ones).
_REGIONAL_NAMES = """
川普 特朗普 · 庞培欧 蓬佩奥 · 朋斯 彭斯 · 贺锦丽 哈里斯 · 欧巴马 奥巴马 · 裴洛西 佩洛西 · 凯瑞 克里 · 佛奇 福奇
福西 福奇 · 卢比奥 鲁比奥 · 鲁比欧 鲁比奥 · 蒲亭 普京 · 普丁 普京 · 纳瓦尼 纳瓦尔尼 · 泽伦斯基 泽连斯基
梅克尔 默克尔 · 萧兹 朔尔茨 · 马克宏 马克龙 · 范德赖恩 冯德莱恩 · 艾尔段 埃尔多安 · 厄多安 埃尔多安
奈坦雅胡 内塔尼亚胡 · 纳坦雅胡 内塔尼亚胡 · 尼坦雅胡 内塔尼亚胡 · 杜特蒂 杜特尔特 · 波索纳洛 博索纳罗
杜鲁道 特鲁多 · 义大利 意大利 · 纽西兰 新西兰 · 沙乌地阿拉伯 沙特 · 沙特阿拉伯 沙特 · 沙乌地 沙特 · 叶门 也门
北韩 朝鲜 · 南韩 韩国 · 寮国 老挝 · 奈及利亚 尼日利亚 · 衣索比亚 埃塞俄比亚 · 克罗埃西亚 克罗地亚
赛普勒斯 塞浦路斯 · 亚塞拜然 阿塞拜疆 · 瓜地马拉 危地马拉 · 宏都拉斯 洪都拉斯 · 加萨 加沙 · 哈玛斯 哈马斯
东协 东盟 · 伊斯坦堡 伊斯坦布尔 · 杜拜 迪拜 · 顿内次克 顿涅茨克 · 南中国海 南海 · 骇客 黑客 · 网路 网络
软体 软件 · 晶片 芯片 · 人工智慧 人工智能 · 网际网路 互联网 · 脸书 facebook · 推特 twitter · 飞弹 导弹
太空人 宇航员 · 智慧型手机 智能手机 · 武汉肺炎 新冠肺炎 · 2019冠状病毒 新冠病毒 · 新型冠状病毒 新冠病毒
冠状病毒 新冠病毒 · 坎城影展 戛纳电影节 · 柏林影展 柏林电影节 · 威尼斯影展 威尼斯电影节 · 世足 世界杯
欧锦赛 欧洲杯 · 欧国杯 欧洲杯 · 东奥 东京奥运 · 硬体 硬件 · 计程车 出租车 · 肯亚 肯尼亚 · 卢安达 卢旺达
翁山苏姬 昂山素季 · 希特拉 希特勒 · 祖克柏 扎克伯格 · 施纪贤 斯塔默 · 史塔默 斯塔默 · 辛伟诚 苏纳克 · 哈米尼 哈梅内伊
罗哈尼 鲁哈尼 · 阿塞德 阿萨德 · 艾塞德 阿萨德 · 神学士 塔利班 · 胡希 胡塞 · 小马可仕 马科斯 · 马可仕 马科斯
马哈地 马哈蒂尔 · 马哈迪 马哈蒂尔 · 叶伦 耶伦 · 苏利文 沙利文 · 佩罗西 佩洛西 · 麦康诺 麦康奈尔 · 狄尚特 德桑蒂斯
迪尚特 德桑蒂斯 · 范斯 万斯 · 艾斯培 埃斯珀 · 格达费 卡扎菲 · 纳坦亚胡 内塔尼亚胡 · 泽伦思基 泽连斯基
辛巴威 津巴布韦 · 波士尼亚 波黑 · 波斯尼亚 波黑 · 斯洛维尼亚 斯洛文尼亚 · 马尔他 马耳他
汶莱 文莱 · 帛琉 帕劳 · 吐瓦鲁 图瓦卢 · 索罗门 所罗门 · 诺鲁 瑙鲁 · 吉里巴斯 基里巴斯 · 史瓦帝尼 斯威士兰
尚比亚 赞比亚 · 坦尚尼亚 坦桑尼亚 · 莫三比克 莫桑比克 · 象牙海岸 科特迪瓦 · 索马利亚 索马里 · 突尼西亚 突尼斯
阿拉伯联合大公国 阿联酋 · 科索伏 科索沃 · 雪梨 悉尼 · 布里斯本 布里斯班 · 三藩市 旧金山
休士顿 休斯敦 · 休斯顿 休斯敦 · 斯图嘉特 斯图加特 · 奥德萨 敖德萨 · 哈尔基夫 哈尔科夫 · 马立波 马里乌波尔
巴赫姆特 巴赫穆特 · 车诺比 切尔诺贝利 · 辉达 英伟达 · 网飞 奈飞 · 安卓 android · 部落格 博客 · 程式设计 编程
程式码 代码 · 程式 程序 · 资料库 数据库 · 伺服器 服务器 · 演算法 算法 · 数位化 数字化 · 航太 航天 · 太空梭 航天飞机
资安 网络安全 · 奈米 纳米 · 行动支付 移动支付 · 电玩 电子游戏 · 羽球 羽毛球 · 帕运 残奥 · 公车 公交车 · 捷运 地铁
矽谷 硅谷 · 网军 水军 · 雷射 激光 · 爱滋 艾滋 · 萤幕 屏幕 · 滑鼠 鼠标 · 记忆体 内存 · 硬碟 硬盘
宽频 宽带 · 智能电话 智能手机 · 智慧手机 智能手机 · 核能电厂 核电站 · 核能发电厂 核电站 · 基因改造 转基因
甘比亚 冈比亚 · 赖比瑞亚 利比里亚 · 布吉纳法索 布基纳法索 · 模里西斯 毛里求斯 · 塞席尔 塞舌尔
波札那 博茨瓦纳 · 蒲隆地 布隆迪 · 哥斯大黎加 哥斯达黎加 · 贝里斯 伯利兹 · 千里达 特立尼达 · 盖亚那 圭亚那
苏利南 苏里南 · 巴布亚纽几内亚 巴布亚新几内亚 · 万那杜 瓦努阿图 · 马尔地夫 马尔代夫 · 列支敦斯登 列支敦士登
圣马利诺 圣马力诺 · 蒙特内哥罗 黑山共和国 · 卡达 卡塔尔 · 迦纳 加纳 · 列根 里根 · 雷根 里根
甘乃迪 肯尼迪 · 甘迺迪 肯尼迪 · 柯林顿 克林顿 · 戴卓尔 撒切尔 · 柴契尔 撒切尔 · 卡麦隆 卡梅伦
文翠珊 特蕾莎·梅 · 卓慧思 特拉斯 · 特鲁斯 特拉斯 · 戈巴契夫 戈尔巴乔夫 · 叶尔辛 叶利钦 · 史达林 斯大林
史太林 斯大林 · 赫鲁雪夫 赫鲁晓夫 · 艾班尼斯 阿尔巴尼斯 · 萨科奇 萨科齐 · 欧兰德 奥朗德 · 墨里森 莫里森
蒙特娄 蒙特利尔 · 满地可 蒙特利尔 · 坎培拉 堪培拉 · 柏斯 珀斯 · 喀拉蚩 卡拉奇 · 伊斯兰马巴德 伊斯兰堡
利雅德 利雅得 · 阿勒坡 阿勒颇 · 杜塞道夫 杜塞尔多夫 · 永珍 万象 · 奈比多 内比都 · 喀什米尔 克什米尔
阿仙奴 阿森纳 · 车路士 切尔西 · 皇家马德里 皇马 · 国际足总 国际足联
"""

# Media with a country in their name. Their reports are not about that country.
_MEDIA_NAMES = """
美国之音 voa · 法国国际广播电台 rfi · 法国国际广播 rfi · 法国广播电台 rfi · 德国之声 dw · 英国广播公司 bbc
自由亚洲电台 rfa · 英国《金融时报》 ft · 美国全国广播公司 nbc · 美国广播公司 abc · 哥伦比亚广播公司 cbs
美国有线电视新闻网 cnn · 美国有线新闻网 cnn · 美联社 ap · 法新社 afp · 美国国家公共电台 npr · 德新社 dpa
俄新社 tass · 英国《卫报》 卫报 · 英国卫报 卫报 · 英国《泰晤士报》 泰晤士报 · 美国《纽约时报》 纽约时报
美国《华尔街日报》 华尔街日报 · 华盛顿邮报 wapo · 法国《世界报》 世界报 · 法国世界报 世界报
法国《费加罗报》 费加罗报 · 南德意志报 sz · 香港《南华早报》 南华早报 · 香港《明报》 明报 · 香港01 hk01
台湾中央社 中央社 · 台湾《中央社》 中央社 · 日本《读卖新闻》 读卖新闻 · 日本经济新闻 日经 · 日本共同社 共同社
日本放送协会 nhk · 韩联社 yonhap · 印度时报 toi · 印度快报 ie · 法兰西24 france24
"""


def _read_table(table: str) -> dict[str, str]:
    return dict(pair.split() for pair in re.split(r" · |\n+", table.strip()))


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))


_NAME_FORMS = _read_table(_REGIONAL_NAMES) | _read_table(_MEDIA_NAMES)
_FORMS = list(_NAME_FORMS.values())
_NAMES = AhoCorasick(list(_NAME_FORMS), matchkind=MatchKind.LeftmostLongest, store_patterns=False)
"""An automaton: a pattern of hundreds of alternatives takes a half more time (.11 instead of .07 ms a text)."""

_SPELLINGS: dict[str, list[str]] = {}
"""All spellings of a name, by each of them."""
for _name, _form in _read_table(_REGIONAL_NAMES).items():
    _SPELLINGS[_name] = _SPELLINGS.setdefault(_form, [_form])
    _SPELLINGS[_form].append(_name)
_REGIONAL = _any_of(_SPELLINGS)
_MAX_SPELLINGS = 16

# Few texts contain any of these characters, and a search for them takes a fiftieth of the time of `str.translate`.
_FULL_WIDTH = {wide: wide - 0xFEE0 for wide in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_TRANSLATION = _FULL_WIDTH | _INVISIBLE
_TRANSLATED = re.compile(f"[{''.join(map(chr, _TRANSLATION))}]+")

_DENSE_LANGUAGES = ("zh", "ja", "ko")
_LETTERS_PER_CHARACTER = 3
"""A text in letters has two and a half to three and a half times as many characters as the same text in Chinese."""

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")


@functools.cache
def _converter(name: str) -> opencc.OpenCC:
    try:
        return opencc.OpenCC(name)
    except RuntimeError as error:  # OpenCC reads its tables from files, and does not say why one could not be opened
        raise OSError(f"the tables of OpenCC could not be read: {error}") from error


def length_unit(language: str) -> int:
    """Return how many characters of a text in this language say as much as one Chinese character."""
    return 1 if language in _DENSE_LANGUAGES else _LETTERS_PER_CHARACTER


def to_simplified(text: str) -> str:
    """Return the text in Simplified characters, lower case, half-width letters and digits. Words are not replaced."""
    text = _TRANSLATED.sub(lambda match: match[0].translate(_TRANSLATION), text)
    simplified: str = _converter("t2s").convert(text)
    return simplified.casefold()


def unify_names(text: str) -> str:
    """Replace each name in a simplified text with its one form."""
    pieces: list[str] = []
    end = 0
    for index, start, next_end in _NAMES.find_matches_as_indexes(text):
        pieces += (text[end:start], _FORMS[index])
        end = next_end
    return "".join((*pieces, text[end:]))


def normalize_text(text: str) -> str:
    """Return the form in which texts, words and patterns are compared: simplified, with one form for each name."""
    return unify_names(to_simplified(text))


def regional_spellings(text: str) -> tuple[str, ...]:
    """A simplified text in all regional spellings of the names in it, the text itself first; at most 16.

    川普 -> 川普, 特朗普
    """
    spellings = [""]
    end = 0
    for match in _REGIONAL.finditer(text):
        before = text[end : match.start()]
        names = [match[0], *(name for name in _SPELLINGS[match[0]] if name != match[0])]
        spellings = [f"{start}{before}{name}" for start in spellings for name in names][:_MAX_SPELLINGS]
        end = match.end()
    return tuple(f"{start}{text[end:]}" for start in spellings)


def normalize_pattern(pattern: str) -> str:
    """Normalise the Chinese characters in a pattern. Everything else is syntax of re2 and is not changed."""

    def normalize_run(match: re.Match[str]) -> str:
        before, after = pattern[match.start() - 1 : match.start()], pattern[match.end() : match.end() + 1]
        return match[0] if "-" in (before, after) else normalize_text(match[0])

    return _HAN.sub(normalize_run, pattern)


def spelling_variants(word: str) -> frozenset[str]:
    """Return the forms of a word in normalised text: the word, and for one in Traditional characters its Mainland form.

    The opposite direction would need OpenCC's 43 MB of Simplified phrases, and our table of names does the same.
    """
    if _converter("t2s").convert(word) == word:
        return frozenset({normalize_text(word)})
    return frozenset({normalize_text(word), normalize_text(_converter("tw2sp").convert(word))})
