"""What stands around an article and is not part of it: kind -> language -> patterns. Data only.

A pattern matches a whole line of at most 300 characters, in any case, after white space is collapsed and the dashes,
bullets, arrows, brackets and the end mark around the line are gone. No sentence of an article may match: a pattern
names the words of an invitation or a label and what may follow them, never just a first word.
tests/clean/edge_cases.yaml has lines for and against each kind in each language; a test asks for both.
"""

from __future__ import annotations

from .notice_patterns import NOTICES
from .promotion_patterns import COMMENTS, COUNTED_COMMENTS, SHARE, SUBSCRIBE, Patterns
from .related_patterns import ADS, READ_ALSO, RELATED

SERVICE: Patterns = {
    "zh-Hans": (
        r"本文由.{0,20}(?:RSSHub|Feed43|FeedX|Huginn|易撰|RSS).{0,30}(?:生成|提供|输出)|(?:退订|取消订阅)(?:本?邮件)?",
        r"在浏览器中(?:查看|打开)(?:本?邮件)?",
    ),
    "zh-Hant": (r"(?:退訂|取消訂閱)(?:本?電子報|郵件)?|在瀏覽器中(?:查看|開啟)(?:本?郵件|電子報)?",),
    "en": (
        r"(?:This entry passed through the )?Full-?Text RSS service\b.*|.*\bFull-?Text RSS\b.*\bfivefilters\b.*",
        r"This content was downloaded by .*RSS.*|Let['’]s block ads!? ?(?:\(Why\?\)?)?",
        r"Kill the Newsletter!? feed settings|Feed enhanced by Better Feed from Ozh|Subscribe in a reader",
        r"(?:Feed |RSS )?(?:powered|generated|created|fetched|provided) (?:by|with) \S{0,20} ?(?:RSS|feed|PolitePol)"
        r"\S{0,20}",
        r"(?:View|Read|Open) (?:this )?(?:e-?mail|message|post|newsletter|it)? ?(?:in|on) (?:your|the|a) (?:web )?(?"
        r":browser|web)",
        r"(?:get|read) (?:the )?full[- ]text rss(?: feed)? (?:at|from|on) \S{1,120}|(?:this )?(?:rss|"
        r"atom)? ?feed (?:by|from|via) \S.{0,30}",
        r"sent from my [\w ]{2,30}|sent from .{1,20}\b(?:mail|outlook|phone|app)",
        r"Unsubscribe(?: here| from (?:this list|these e-?mails|all e-?mails))?",
        r"(?:Update|manage) your (?:e-?mail )?preferences",
        r"You(?:['’]re| are) receiving this (?:e-?mail|newsletter) because .*|\[?This is a content summary only\..*",
        r"learn more about your ad choices\..{0,60}|see \S{1,60} for privacy information|hosted on acast\..{0,80}",
        r"hosted by simplecast, .{1,200}|(?:our general )?privacy (?:policy|& opt-out)\b.{0,120}\b(?:https?://|"
        r"art19|megaphone|redcircle)\S*",
        r"our mailing address is\b.{0,200}|unsubscribe from this list.{0,60}",
        r"update (?:your )?(?:subscription |e-?mail )?preferences",
        r"statistics: posted by .{1,60} — .{6,60}",
    ),
    "de": (
        r"(?:E-?Mail|Newsletter) (?:im Browser ansehen|abbestellen)|Im Browser (?:ansehen|öffnen)",
        r"(?:Vom Newsletter )?abmelden",
    ),
    "fr": (
        r"Se désabonner(?: de cette liste)?|Voir (?:cet e-?mail|ce message|cette lettre) dans (?:votre|le) navigateur",
    ),
    "es": (
        r"(?:Cancelar|anular) (?:la |tu |su )?suscripción|Darse de baja",
        r"Ver (?:este (?:correo|mensaje) )?en (?:el|tu|su) navegador",
    ),
    "ja": (
        r"(?:メール)?配信(?:の)?停止(?:は(?:こちら|コチラ))?|登録(?:の)?解除(?:は(?:こちら|コチラ))?",
        r"ブラウザで(?:見る|表示|開く)",
    ),
    "ru": (r"Отписаться(?: от (?:рассылки|этих писем))?|(?:Открыть|Посмотреть) (?:письмо )?в браузере",),
}  # fmt: skip
"""Lines of feed services and mailing lists."""

APPEARED_FIRST: Patterns = {
    "zh-Hans": (r"(.+?)(?:最先出现(?:在|于)|最早(?:发布|发表|出现)(?:于|在)|首发于|首先出现在|首先发布于)(.+)",),
    "zh-Hant": (r"(.+?)(?:這篇文章)?(?:最早發佈於|最先出現(?:在|於)|首先出現於|首先發佈於|首發於|最初發表於)(.+)",),
    "en": (
        r"(?:The post )?(.+) (?:appeared first on|first appeared on|was first published (?:on|in|by)) (.+)",
    ),
    "de": (r"(?:Der |Dieser )?(?:Beitrag )?(.+) erschien zuerst (?:auf|bei|in) (.+)",),
    "fr": (r"(?:L['’]article |Cet article )?(.+) est apparu en premier (?:sur|dans) (.+)",),
    "es": (
        r"(?:La entrada |El artículo |La publicación )?(.+) (?:se publicó primero|aparece primero|apareció primero) "
        r"en (.+)",
    ),
    "ja": (r"(?:投稿 ?)?(.+?)(?:は|が) ?(.+?) ?に最初に(?:表示|掲載|公開)されました",),
    "ru": (
        r"(?:Запись |Сообщение |Статья )?(.+) (?:впервые появил[аио]сь|появил(?:ась|ись|ся) сначала|появилась на) ?(?"
        r":в |на )?(.+)",
    ),
    "pt": (r"(?:O (?:post|artigo|conteúdo) )?(.+) (?:apareceu|aparece) primeiro em (.+)",),
    "it": (
        r"(?:L['’]articolo )?(.+) (?:sembra essere il primo|proviene da|è apparso per la prima volta)(?: su)? (.+)",
    ),
    "nl": (r"(?:Het bericht |De post )?(.+) verscheen (?:eerst|als eerste) op (.+)",),
    "pl": (r"(?:Artykuł |Post )?(.+) pochodzi z serwisu (.+)",),
}  # fmt: skip
"""Footers of WordPress without their links. The first group must be the entry's title."""

READ_MORE: Patterns = {
    "zh-Hans": (
        r"(?:请?(?:点击|点此|戳|移步))?(?:这里|此处|链接)?(?:阅读|查看|浏览)(?:全文|原文|更多|详情|完整(?:文章|内容|"
        r"报道))(?:链接)?",
        r"继续阅读|展开(?:阅读)?全文|(?:原文|全文|文章|本文)(?:链接|地址|网址)|了解更多",
        r"(?:点击)?(?:进入|前往)(?:原文|全文)",
    ),
    "zh-Hant": (
        r"(?:請?(?:點擊|點此|點選|按此))?(?:這裡|此處|連結)?(?:閱讀|查看|瀏覽|看)(?:全文|原文|更多|詳情|完整(?:文章|"
        r"內容|報導))(?:連結)?",
        r"繼續閱讀|展開(?:閱讀)?全文|(?:原文|全文|文章|本文)(?:連結|鏈接|網址|出處)|了解更多",
        r"(?:點擊)?前往(?:原文|全文)",
    ),
    "en": (
        r"(?:Click (?:here )?to )?(?:continue|keep) reading\b.*",
        r"(?:click (?:here )?to )?(?:read|see|view) (?:it |this )?(?:more|in full|the (?:full|rest|whole|original|"
        r"complete)\b.*|full (?:article|story|post|topic|text|thread))",
        r"(?:read|see|view) (?:the |this )?(?:full |original |whole |complete )(?:article|story|post|topic|entry|"
        r"report)(?: (?:on|at|in) .{1,60})?",
        r"to read (?:this|the) (?:article|story|post|rest)(?: in full)?,? (?:please )?(?:click|go|visit|head)\b.{0,30}",
        r"∞? ?perma(?:nent ?)?link",
    ),
    "de": (
        r"weiterlesen\b.*|(?:hier )?mehr lesen",
        r"(?:den )?(?:ganzen|vollständigen) (?:artikel|beitrag|text)(?: (?:lesen|ansehen))?",
        r"(?:zum|zur) (?:vollständigen |ganzen )?(?:artikel|beitrag|originalartikel|meldung)",
        r"lesen sie (?:hier )?(?:mehr|weiter)|artikel (?:weiter)?lesen",
    ),
    "fr": (
        r"lire (?:la suite|plus|l['’](?:article|intégralité)(?: complet| original| entier)?)\b.*|en savoir plus",
        r"continuer (?:à lire|la lecture)\b.*|(?:voir|consulter) l['’](?:article|original)(?: complet)?",
        r"la suite (?:ici|de l['’]article)\b.*",
    ),
    "es": (
        r"(?:leer|lee|ver) (?:más|el (?:artículo|resto|texto|original)\b.*|la (?:nota|noticia|entrada)(?: completa)?)",
        r"más (?:información|noticias)(?: \w{1,20}){0,2} en \S{1,30}\.\w{2,4}",
        r"(?:seguir|sigue|continuar|continúa) leyendo\b.*|(?:artículo|nota|noticia) completo?a?|más información",
    ),
    "ja": (
        r"(?:記事の?)?続きを(?:読む|見る)|続きは(?:こちら|コチラ|ウェブで)|(?:記事)?全文(?:を読む|はこちら)",
        r"もっと(?:読む|見る|詳しく)|元(?:の)?記事(?:を読む|はこちら|を見る)?|詳(?:細|しく)は(?:こちら|コチラ)",
        r"この(?:記事|投稿)の続きを(?:読む|見る)",
    ),
    "ru": (
        r"(?:читать|читайте) (?:далее|дальше|полностью|ещё|еще|оригинал|(?:всю|полную) (?:статью|версию|запись|"
        r"новость)|статью|на сайте)\b.*",
        r"подробнее(?: на сайте)?|продолжение (?:следует|читайте .*|на сайте)|источник и подробности",
    ),
    "pt": (
        r"(?:leia|ler|veja) (?:mais|o (?:artigo|texto|post)\b.*|a (?:matéria|notícia)(?: completa)?)",
        r"continue (?:lendo|a ler)\b.*|saiba mais",
    ),
    "it": (r"leggi (?:tutto|di più|l['’](?:articolo|intero)\b.*)|continua (?:a leggere|la lettura)\b.*",),
    "nl": (r"lees (?:meer|verder|het (?:hele|volledige) (?:artikel|bericht))\b.*",),
    "ko": (r"(?:더|계속|전문|원문|기사) ?(?:읽기|보기)|기사 ?(?:전문|원문) ?(?:읽기|보기)?",),
    "ar": (
        r"(?:اقرأ|إقرأ|اقرا|قراءة|شاهد|عرض) (?:المزيد|الخبر كاملا?ً?|المقال كاملا?ً?|بقية الخبر)|تابع القراءة|للمزيد",
    ),
}  # fmt: skip
"""Links to the rest of the text. A line of it is dropped with its link, or without any link."""

MORE_LINK: Patterns = {
    "zh-Hans": (r"更多|全文|原文|来源|链接|详情|评论|留言|讨论",),
    "zh-Hant": (r"更多|全文|原文|來源|連結|鏈接|詳情|評論|留言|討論",),
    "en": (
        r"more|link|permalink|via|source|original|here|\[?(?:link|comments)\]?|comments?(?: \(\d+\))?|\d+ comments?",
        r"discuss(?:ion)?|full story|article",
    ),
    "de": (r"mehr|link|quelle|original|kommentare?|hier|artikel",),
    "fr": (r"(?:la )?suite|plus|lien|source|commentaires?|ici|original",),
    "es": (r"más|enlace|fuente|comentarios?|aquí|original",),
    "ja": (r"続き|もっと|リンク|元記事|出典|コメント|こちら",),
    "ru": (r"далее|ещё|еще|ссылка|источник|комментарии|здесь|оригинал",),
}  # fmt: skip
"""Words of links to the entry itself that may stand at the end of a paragraph."""

META: Patterns = {
    "zh-Hans": (
        r"(?:全文)?(?:总)?字数\s?[:：]?\s?[\d,]+字?|赞\s?\d+",
        r"(?:阅读|浏览|点击|评论|点赞|转发|热度|人气)(?:数|量|次数)?\s*[:：]?\s*\d[\d,.]*\s*(?:万|k|\+)*次?",
        r"\d[\d,.]*\s*万?\+?\s*(?:次|人)?(?:阅读|浏览|点赞|评论|在看|看过)",
        r"(?:全文|本文|文章)?(?:共|约|字数[:：]?)+\s*\d+\s*字(?:[，,]?\s*.{0,8}(?:阅读|读完)?.{0,4}\d+\s*分钟)?",
        r"(?:预计|大约)?(?:阅读|读完)(?:本文)?(?:时间|大?约|需要?|全文)*\s*[:：]?\s*(?:大?约)?\s*\d+\s*分钟",
    ),
    "zh-Hant": (
        r"(?:閱讀|瀏覽|點閱|點擊|觀看|人氣|按讚|分享)(?:數|量|次數|率)?\s*[:：]?\s*\d[\d,.]*\s*(?:萬|k|\+)*次?",
        r"\d[\d,.]*\s*萬?\+?\s*(?:次|人)?(?:閱讀|瀏覽|點閱|觀看|按讚)",
        r"(?:全文|本文)?(?:共|約|字數[:：]?)+\s*\d+\s*字(?:[，,]?\s*.{0,8}\d+\s*分鐘)?",
        r"(?:預計|大約)?(?:閱讀|讀完)(?:本文)?(?:時間|大?約|需要?|全文)*\s*[:：]?\s*(?:大?約)?\s*\d+\s*分鐘",
    ),
    "en": (
        r"word count ?[:：]? ?\d[\d,.]*",
        r"\d[\d,.]*[km]?\+? (?:views?|reads?|shares?|likes?|claps?|points?|upvotes?|hits)",
        r"(?:views?|reads?|points?|likes?|shares?|claps?|#? ?comments?|hits)\s*[:：]\s*\d[\d,.]*[km]?",
        r"(?:(?:estimated )?reading time\s*[:：]?\s*)?(?:about |approx\.? |~|< ?)?\d+(?:[-–]\d+)?[- ]?(?:min(?:ute)?s?"
        r")(?: to)? read",
        r"(?:estimated )?(?:reading|read) time\s*[:：]?\s*(?:about |~|< ?)?\d+(?:[-–]\d+)? ?min(?:ute)?s?",
        r"\d+ posts? - \d+ participants?|(?:posts?|participants?)\s*[:：]\s*\d+|\d[\d,]* words",
    ),
    "de": (
        r"(?:aufrufe|klicks) ?[:：] ?\d[\d.]*",
        r"\d[\d.]* (?:aufrufe|likes|leser|ansichten)",
        r"(?:lesezeit|lesedauer)\s*[:：]?\s*(?:ca\. ?|etwa |~)?\d+ ?min(?:uten?|\.)?",
        r"\d+ ?min(?:uten?|\.)? (?:lesezeit|lesedauer)",
    ),
    "fr": (
        r"(?:temps de )?lecture\s*[:：]?\s*(?:environ )?\d+ ?min(?:utes?|\.)?|\d+ ?min(?:utes?)? de lecture",
        r"\d[\d ]* (?:vues|lectures|partages)",
    ),
    "es": (
        r"(?:tiempo de )?lectura\s*[:：]?\s*\d+ ?min(?:utos?|\.)?|\d+ ?min(?:utos?)? de lectura",
        r"\d[\d.]* (?:visitas|vistas|lecturas|visualizaciones)",
    ),
    "ja": (
        r"いいね[!！]?\s?\d+",
        r"\d[\d,]*\s*(?:views?|閲覧|いいね|回閲覧|回視聴)|(?:閲覧数|アクセス数|再生回数)\s*[:：]?\s*\d[\d,]*回?",
        r"(?:この記事は)?約?\d+分で読め(?:ます|る)|読了時間\s*[:：]?\s*約?\d+分",
    ),
    "ru": (
        r"(?:просмотр(?:ов|ы)|прочитали|прочтений)\s*[:：]?\s*\d[\d ]*|\d[\d ]* (?:просмотр(?:ов|а)?|прочтений)",
        r"время (?:чтения|на чтение)\s*[:：]?\s*~?\d+ ?мин(?:ут[аы]?|\.)?|\d+ ?мин(?:ут[аы]?|\.)? (?:чтения|на чтение)",
    ),
    "ko": (
        r"좋아요\s?\d+",
        r"(?:읽는 데|읽는데) (?:약 )?\d+분",
        r"조회(?:수)?\s*[:：]?\s*\d[\d,]*|(?:읽는 시간|읽기)\s*[:：]?\s*\d+분",
    ),
    "it": (
        r"tempo (?:di|stimato di) lettura\s*[:：]?\s*(?:circa )?\d+ ?min(?:ut[io]|\.)?|\d+ ?min(?:uti|\.)? di lettura",
    ),
    "pt": (
        r"(?:tempo (?:estimado )?de )?leitura\s*[:：]?\s*(?:cerca de )?\d+ ?min(?:utos?|\.)?|\d+ ?min(?:utos?|"
        r"\.)? de leitura",
    ),
    "nl": (
        r"lees(?:tijd|duur)\s*[:：]?\s*(?:ca\. ?)?\d+ ?min(?:uten|uut|\.)?|\d+ ?min(?:uten|\.)? (?:leestijd|lezen)",
    ),
    "sv": (
        r"lästid\s*[:：]?\s*(?:ca )?\d+ ?min(?:uter|\.)?",
    ),
    "no": (
        r"lesetid\s*[:：]?\s*(?:ca\.? )?\d+ ?min(?:utter|\.)?",
    ),
    "da": (
        r"læsetid\s*[:：]?\s*(?:ca\.? )?\d+ ?min(?:utter|\.)?",
    ),
    "fi": (
        r"lukuaika\s*[:：]?\s*(?:noin )?\d+ ?min(?:uuttia|\.)?",
    ),
    "pl": (
        r"(?:ten tekst przeczytasz w|czas czytania\s*[:：]?)\s*(?:ok\. ?)?\d+ ?min(?:ut[yę]?|\.)?",
    ),
    "cs": (
        r"(?:doba|čas) čtení\s*[:：]?\s*\d+ ?min(?:ut[ay]?|\.)?",
    ),
    "tr": (
        r"okuma (?:süresi|zamanı)\s*[:：]?\s*\d+ ?(?:dakika|dk\.?)|\d+ ?(?:dakika(?:lık)?|dk\.?) okuma(?: süresi)?",
    ),
    "hu": (
        r"olvasási idő\s*[:：]?\s*(?:kb\. ?)?\d+ ?perc",
    ),
    "ro": (
        r"timp (?:de )?(?:citire|citit)\s*[:：]?\s*\d+ ?min(?:ute|\.)?",
    ),
    "vi": (
        r"thời gian đọc\s*[:：]?\s*\d+ ?phút|\d+ phút đọc",
    ),
    "id": (
        r"waktu baca\s*[:：]?\s*\d+ ?menit|\d+ menit (?:baca|membaca)",
    ),
    "el": (
        r"χρόνος ανάγνωσης\s*[:：]?\s*\d+['’]?(?: ?λεπτ(?:ά|ό))?",
    ),
}  # fmt: skip
"""Counts of views and minutes."""

TAGS: Patterns = {
    "zh-Hans": (r"(?:标签|关键词|关键字|分类|归类|栏目|话题|文章分类|本文标签)\s*[:：]\s*([^。！？]{1,200})",),
    "zh-Hant": (r"(?:標籤|關鍵詞|關鍵字|分類|類別|專題|文章標籤)\s*[:：]\s*([^。！？]{1,200})",),
    "en": (
        r"(?:Tags?|Filed (?:under|in)|Tagged(?: with| as| in)?|Categor(?:y|ies)|Posted in|Topics?|Keywords?|More on)"
        r"\s*[:：]\s*([^.!?]{1,200})",
        r"(?:Posted|Filed|Categorized) (?:in|under) ([^.!?|]{1,100}?)(?: ?[|·•,] ?(?:\d+|no|leave a) (?:comments?|"
        r"responses?|replies|reply))",
        r"(?:Published (?:under|in)|Labels?|Filed as)\s*[:：]\s*([^.!?]{1,400})",
    ),
    "de": (
        r"(?:Schlagw(?:ort|orte|örter)|Kategorien?|Themen?|Stichw(?:ort|orte|örter)|Verschlagwortet(?: mit)?|"
        r"Veröffentlicht (?:in|unter))\s*[:：]\s*([^.!?]{1,200})",
    ),
    "fr": (
        r"(?:Mots[- ]clés?|Étiquettes?|Catégories?|Tags?|Thèmes?|Classé (?:dans|sous)|Publié dans)\s*[:：]\s*("
        r"[^.!?]{1,200})",
    ),
    "es": (
        r"(?:Etiquetas?|Categorías?|Palabras clave|Temas?|Archivado (?:en|bajo)|Publicado en)\s*[:：]\s*("
        r"[^.!?]{1,200})",
    ),
    "ja": (
        r"(?:タグ|カテゴリー?|キーワード|関連キーワード|関連タグ|関連トピックス|ジャンル)\s*[:：]\s*([^。！？]{1,200})",
    ),
    "ru": (
        r"(?:Теги|Метки|Рубрик[аи]|Категори[яи]|Ключевые слова|Темы?|Опубликовано в)\s*[:：]\s*([^.!?]{1,200})",
    ),
    "pt": (
        r"(?:Marcadores|Categorias?|Palavras-chave|Assuntos?|Publicado em)\s*[:：]\s*([^.!?]{1,200})",
    ),
    "it": (
        r"(?:Tag|Etichette|Categori[ae]|Argomenti|Parole chiave|Pubblicato in)\s*[:：]\s*([^.!?]{1,200})",
    ),
    "ko": (
        r"(?:태그|카테고리|분류|키워드)\s*[:：]\s*([^.!?]{1,200})",
    ),
    "ar": (
        r"(?:الوسوم|وسوم|التصنيفات|كلمات مفتاحية|الكلمات (?:الدالة|المفتاحية))\s*[:：]\s*([^.!?؟]{1,200})",
    ),
    "nl": (
        r"(?:Tags?|Trefwoorden|Categorie(?:ën)?|Onderwerpen?|Geplaatst in)\s*[:：]\s*([^.!?]{1,200})",
    ),
    "pl": (
        r"(?:Tagi|Kategorie?|Słowa kluczowe|Tematy?)\s*[:：]\s*([^.!?]{1,200})",
    ),
    "sv": (
        r"(?:Taggar|Kategorier?|Ämnen|Etiketter)\s*[:：]\s*([^.!?]{1,200})",
    ),
    "tr": (
        r"(?:Etiketler|Kategoriler?|Konular|Anahtar kelimeler)\s*[:：]\s*([^.!?]{1,200})",
    ),
    "vi": (
        r"(?:Từ khóa|Thẻ|Chuyên mục|Chủ đề)\s*[:：]\s*([^.!?]{1,200})",
    ),
    "id": (
        r"(?:Tag|Label|Kategori|Topik|Kata kunci)\s*[:：]\s*([^.!?]{1,200})",
    ),
    "hu": (
        r"(?:Címkék|Kategóri(?:a|ák)|Kulcsszavak)\s*[:：]\s*([^.!?]{1,200})",
    ),
}  # fmt: skip
"""Lines of the source's tags and categories; the group holds their names."""

RIGHTS: Patterns = {
    "zh-Hans": (
        r"(?:本|该|此)(?:文|文章|作品|站|网站|博客)(?:所有)?(?:内容|文章)?.{0,10}(?:采用|遵循|使用|基于|以).{0,20}"
        r"(?:知识共享|创作共用|CC[- ]?BY|"
        r"Creative Commons).{0,60}(?:许可|协议|授权|发布).{0,40}",
        r"(?:©|版权(?:所有|声明)?)\s*[©:：]?\s*(?:\d{4}.{0,60}|.{0,30}(?:版权所有|保留所有权利).{0,30}|"
        r"[^，,。！？]{1,30})(?:[，,]?\s*(?:未经|转载|侵权|违者).*)?",
        r"版权所有(?:[，,：: ©].{0,80})?",
        r"(?:未经|未获)(?:.{0,12})(?:授权|许可|同意|允许)[，,]?.{0,12}(?:不得|请勿|禁止|严禁|谢绝).{0,20}"
        r"(?:转载|转贴|转发|复制|使用|引用|摘编|摘抄|翻印|翻拍|镜像|刊登|刊载|传播|盗用|抄袭|采集|改编|商用).{0,30}",
        r"(?:如需|欢迎|若要)?转载(?:请|须|需)(?:务必)?(?:注明|联系|标注|取得|保留)"
        r"(?:[。！!]?|.{0,12}(?:出处|来源|作者|原文|链接|本站|授权|本文|信息|名称|公众号|网址|编辑|我们|[：:]).{0,50})",
        r"本文(?:首发|首發|原载|最早发表)[于於].{1,60}[，,。 ]{0,2}(?:转载|轉載).{0,60}",
        r"本文(?:系|为|由).{0,20}(?:原创|首发|独家(?:授权|稿件)).{0,60}",
    ),
    "zh-Hant": (
        r"(?:本|該|此)(?:文|文章|作品|站|網站|網誌)(?:所有)?(?:內容|文章)?.{0,10}(?:採用|遵循|使用|依|以).{0,20}"
        r"(?:創用|姓名標示|CC[- ]?BY|"
        r"Creative Commons).{0,60}(?:授權|釋出|條款|發布).{0,40}",
        r"版權(?:所有|聲明)(?:[，,：: ©].{0,80})?|(?:©|版權)\s*\d{4}.{0,80}",
        r"(?:未經|未獲)(?:.{0,12})(?:授權|許可|同意|允許)[，,]?.{0,12}(?:不得|請勿|禁止|嚴禁|勿).{0,20}"
        r"(?:轉載|轉貼|轉發|複製|使用|引用|摘編|翻印|刊登|傳播|盜用|抄襲|改編|商用).{0,30}",
        r"(?:如需|歡迎)?轉載(?:請|須|需)(?:務必)?(?:註明|注明|聯繫|標註|取得|保留)"
        r"(?:[。！!]?|.{0,12}(?:出處|來源|作者|原文|連結|本站|授權|本文|名稱|編輯|我們|[：:]).{0,50})",
    ),
    "en": (
        r"(?:(?:this|the|all) (?:work|article|post|content|text|site|story)s?|(?:text|content|"
        r"except where otherwise noted,? .{0,60})) (?:is|are) (?:licen[sc]ed|available|published|"
        r"shared) under (?:a |an |the )?(?:creative commons|cc)\b.{0,160}",
        r"(?:creative commons|cc)(?:[-/ ](?:by|nc|sa|nd|zero|0|\d(?:\.\d)?|attribution|share-?alike|non-?commercial|"
        r"no-?derivat\w+|international|unported|generic|licen[sc]e|deed)){1,12}|(?:this (?:article|"
        r"story) is )?republished (?:from .{1,60} )?under a creative commons licen[sc]e.{0,160}",
        r"(?:©|\(c\)|copyright(?: ©| \(c\))?)\s*(?:\d{4}(?:[-–]\d{2,4})?|by|the)\b.{0,120}|(?:©|\(c\)) ?[A-Z].{0,80}",
        r"copyright(?: ©| \(c\)) .{1,80}",
        r"(?:.{0,60}[.,] ?)?all rights (?:are )?reserved(?: (?:by|to) .{1,60})?(?:[.,;] .{0,120})?",
        r"(?:this (?:article|story|piece|post|work) (?:is|was|has been) )?(?:republished|reprinted|reproduced) (?"
        r":from|with|by|under) .{1,160}",
        r"(?:this (?:work|article|post|content) is )?licen[sc]ed under (?:a |the )?(?:creative commons|cc)\b.{0,120}",
        r"(?:this (?:article|story|piece|post|essay|interview) (?:was |has been |is )?)(?:originally |first )?(?"
        r":published|appeared|ran|posted) (?:originally |first )?(?:on|in|at|by)\b.{1,160}",
        r"(?:originally|first) published (?:on|in|at|by) .{1,120}",
        r"a version of this (?:article|story|piece|review) (?:appears|appeared) in (?:print|the)\b.{1,200}",
        r".{1,160} was originally published (?:on|in|at) .{1,160}",
    ),
    "de": (
        r"(?:dieser|der|das|dieses) (?:text|artikel|beitrag|werk|inhalt) (?:steht|ist|"
        r"erscheint) (?:lizenziert )?unter (?:der |einer )?(?:lizenz |creative|cc\b).{0,160}",
        r"(?:©|copyright|\(c\))\s*(?:©\s*)?\d{4}.{0,100}|(?:.{0,60}[.,] ?)?alle rechte vorbehalten(?:[.,] .{0,80})?",
        r"©\s?[A-ZÄÖÜ].{0,60}",
        r"(?:dieser|der) (?:artikel|beitrag|text) (?:ist|wurde|erschien) (?:zuerst|zunächst|erstmals|ursprünglich) "
        r".{1,120}",
    ),
    "fr": (
        r"(?:cet|ce|le|cette) (?:article|texte|contenu|œuvre|billet) (?:est )?(?:mis(?:e)? à disposition|publié|"
        r"sous licence|diffusé)\b.{0,40}\b(?:creative commons|cc[- ]by)\b.{0,120}",
        r"(?:©|copyright|\(c\))\s*(?:©\s*)?\d{4}.{0,100}",
        r"(?:.{0,60}[.,] ?)?tous droits (?:de reproduction )?réservés(?:[.,] .{0,80})?",
        r"(?:cet )?article (?:initialement|d['’]abord) publié (?:sur|dans|par|le) .{1,120}",
        r"(?:cet )?article (?:paru|publié) dans (?:l['’]édition|le n(?:°|uméro)|le journal).{1,100}",
        r"cet article (?:est|a été) (?:republié|initialement publié|d['’]abord publié) .{1,120}",
    ),
    "es": (
        r"(?:este|esta|el|la) (?:artículo|obra|texto|contenido|nota) (?:está|se (?:publica|distribuye)|"
        r"se encuentra) .{0,30}\b(?:creative commons|cc[- ]by)\b.{0,120}",
        r"(?:©|copyright|\(c\))\s*(?:©\s*)?\d{4}.{0,100}",
        r"(?:.{0,60}[.,] ?)?todos los derechos reservados(?:[.,] .{0,80})?|prohibida (?:su|la) reproducción.{0,80}",
        r"(?:este )?artículo (?:fue )?publicado (?:originalmente|por primera vez) (?:en|por) .{1,120}",
        r"publicado originalmente en .{1,100}",
    ),
    "ja": (
        r"この(?:記事|作品|文章|著作物)は.{0,40}(?:クリエイティブ・?コモンズ|CC[- ]BY).{0,80}",
        r"(?:©|（c）|\(c\)|copyright).{1,100}",
        r"(?:.{0,20})?(?:無断(?:転載|複製|転用).{0,10}(?:禁じ|禁止|お断り).{0,20}|禁無断転載)",
        r"この記事は.{1,40}(?:に(?:最初に)?掲載|で公開|より転載)された(?:もの|記事).{0,12}",
    ),
    "ru": (
        r"(?:эта|это|материал|текст|статья|произведение).{0,40}(?:лицензи\w*|условиях).{0,30}(?:creative commons|"
        r"cc[- ]by).{0,80}",
        r"(?:©|copyright|\(c\))\s*.{1,100}|(?:.{0,60}[.,] ?)?все права (?:защищены|сохранены)(?:[.,] .{0,80})?",
        r"(?:при )?(?:перепечатк|копировани|цитировани)\w+.{0,80}(?:ссылка|запрещен\w*|обязательн\w*).{0,60}",
        r"(?:газета|журнал) [«\x22].{2,40}[»\x22] № ?\d+.{0,60}",
        r"(?:впервые опубликовано|оригинал опубликован|статья (?:впервые )?опубликована) (?:в|на) .{1,100}",
    ),
    "ko": (
        r"[<(]?(?:저작권자\s*)?(?:ⓒ|©|\(c\)|copyright).{1,100}|.{0,60}무단\s?(?:전재|복제).{0,40}금지.{0,20}",
    ),
    "ar": (
        r"(?:©.{0,60}|.{0,60})(?:جميع|كل|كافة) الحقوق محفوظة.{0,60}",
    ),
    "pt": (
        r"(?:este|esta|o|a) (?:artigo|obra|texto|conteúdo|matéria) (?:está|é|foi) .{0,40}\b(?:creative commons|"
        r"cc[- ]by)\b.{0,120}",
        r"(?:©|copyright|\(c\))\s*(?:©\s*)?\d{4}.{0,100}",
        r"(?:.{0,60}[.,] ?)?todos os direitos reservados(?:[.,] .{0,80})?",
    ),
    "it": (
        r"(?:quest[oa']|il|l['’])\s?(?:articolo|opera|testo|contenuto) (?:è|viene) .{0,40}\b(?:creative commons|"
        r"cc[- ]by)\b.{0,120}",
        r"(?:©\s*)?riproduzione riservata.{0,40}|(?:.{0,60}[.,] ?)?tutti i diritti riservati(?:[.,] .{0,80})?",
        r"(?:©|copyright|\(c\))\s*(?:©\s*)?\d{4}.{0,100}",
    ),
    "nl": (
        r"(?:alle rechten voorbehouden|©\s*\d{4}).{0,80}",
    ),
    "pl": (
        r"wszelkie prawa zastrzeżone.{0,80}|©\s*\d{4}.{0,80}",
    ),
}  # fmt: skip
"""Notices of rights and of the first publication."""

KINDS: dict[str, Patterns] = {
    "service footers": SERVICE,
    "read more": READ_MORE,
    "promotions": SUBSCRIBE,
    "share labels": SHARE,
    "comments": COMMENTS,
    "counts": META,
    "first publication": APPEARED_FIRST,
    "entry links": MORE_LINK,
    "counted comments": COUNTED_COMMENTS,
    "tags": TAGS,
    "rights": RIGHTS,
    "related": RELATED,
    "ads": ADS,
    "read also": READ_ALSO,
    "page notices": NOTICES,
}
"""All tables by the name that cases and removals use."""
