"""What stands above or below an article and is not part of it: kind -> language -> patterns. Data only.

A pattern matches a whole line of at most 300 characters, in any case, after white space is collapsed and the dashes,
bullets, arrows, brackets and the end mark around the line are gone. No sentence of an article may match: a pattern
names the words of an invitation or a label and what may follow them, never just a first word.
tests/clean/edge_cases.yaml has lines for and against each kind in each language; a test asks for both.
"""

from __future__ import annotations

Patterns = dict[str, tuple[str, ...]]

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
        r"Unsubscribe(?: here| from (?:this list|these e-?mails|all e-?mails))?",
        r"(?:Update|manage) your (?:e-?mail )?preferences",
        r"You(?:['’]re| are) receiving this (?:e-?mail|newsletter) because .*|\[?This is a content summary only\..*",
        r"learn more about your ad choices\..{0,60}|see \S{1,60} for privacy information|hosted on acast\..{0,80}",
        r"hosted by simplecast, .{1,200}|(?:our general )?privacy (?:policy|& opt-out)\b.{0,120}\b(?:https?://|art19|megaphone|redcircle)\S*",
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

SUBSCRIBE: Patterns = {
    "zh-Hans": (
        r"微信(?:公众号)?搜索\s*[“\x22「『《【].{1,20}[”\x22」』》】](?:[（(].{1,30}[)）])?(?:[：:，,].*)?",
        r"(?:欢迎|请|敬请|快来|立即|扫码|长按.{0,6}|点击|搜索|微信)?(?:关注|添加).{0,16}(?:公众号|公号|官微|微博|"
        r"微信号?|小程序|视频号|头条号|服务号)(?:[：:，,“\x22「（(].*)?",
        r"(?:请)?(?:长按|扫描|扫一扫|识别|扫)(?:上方|下方|文末|图中|左侧|右侧|以下|图片)?.{0,8}(?:二维码|小程序码)(?"
        r":[，,。 ]?(?:关注|添加|加入|下载|订阅|即可|查看|进群).*)?",
        r"(?:点击|戳)?(?:上方|下方|左下角|右下角|文末|顶部)(?:的)?[“\x22「]?.{0,6}(?:蓝字|阅读原文|名片|卡片|公众号)"
        r"[”\x22」]?(?:[，, ]?(?:关注|查看|了解|订阅|即可).*)?",
        r"(?:喜欢|觉得|如果你?(?:喜欢|觉得)).{0,20}(?:点个?|请|欢迎|记得|转发|分享).{0,10}(?:在看|赞|好看|分享|转发|"
        r"朋友|收藏).{0,12}",
        r"(?:请|别忘了|欢迎|记得|顺手|给我们)?点(?:个|击|一?下)?[“\x22「]?(?:在看|赞|好看|再看|星标)[”\x22」]?(?:(?"
        r":[，,、和并]|支持|分享|转发|再走).{0,16})?",
        r"(?:欢迎|请|立即|马上|立刻|现在就|免费)(?:订阅|下载|安装)(?:我们的?|本站|.{0,12}(?:APP|客户端|邮件|简报|通讯|"
        r"频道|电子报|日报|周刊|RSS)).{0,20}",
        r"(?:欢迎)?(?:关注|加入|订阅)(?:我们的?|.{0,10})\s?(?:Telegram|电报|推特|Twitter|YouTube|油管|Facebook|脸书|"
        r"Instagram|B站|知乎|Discord)\s?(?:频道|账号|群组?|主页|专栏)?(?:[：:，,@（(].*)?",
        r"(?:商务合作|投稿(?:邮箱)?|广告合作|联系我们|爆料|版权合作|加入社群|读者群|转载合作)(?:请?(?:联系|发送?至?|"
        r"加))?\s*[：:].{1,80}",
        r"(?:本文|此文|以下内容)?为?(?:付费|会员|订阅)(?:专享|专属)?(?:内容|文章)[，,]?.{0,20}(?:订阅|购买|开通|登录|"
        r"解锁).{0,20}",
        r"(?:请)?(?:点击|戳)(?:下方|左下角|文末)?[“\x22「]?阅读原文[”\x22」]?.{0,12}",
        r"(?:感谢|谢谢)(?:您|你)?的?(?:阅读|观看|收听).{0,8}",
    ),
    "zh-Hant": (
        r"(?:歡迎|請|立即|馬上|立刻|快來|點我|點此|現在就?)(?:訂閱|下載|加入|追蹤|按讚|關注|收聽).{0,40}",
        r"(?:追蹤|按讚|訂閱|加入|關注)(?:我們的?|.{0,14})(?:Facebook|臉書|FB|粉絲專?[頁團]|LINE(?:好友|官方帳號)?|"
        r"Instagram|IG|YouTube|Telegram|電子報|Podcast)(?:頻道|帳號)?(?:[：:，,！@（(].*)?",
        r"(?:閱讀|解鎖|收看)(?:餘下|更多|全部|完整|本文)(?:全文|內容)?[，,]?.{0,6}(?:需要|請|需|只要).{0,40}",
        r"暢讀(?:全站|全部|所有).{0,50}",
        r"(?:支持我們[，,]?)?(?:請)?成為.{0,6}(?:付費)?(?:會員|訂戶)(?:[，,。！].{0,50})?",
        r"(?:加入|升級|成為)(?:付費|訂閱)?會員(?:[，,！即].{0,40})?|.{0,40}(?:點我|點此)下載\s?(?:APP|應用程式).{0,30}",
        r"請繼續往下閱讀|(?:請?(?:掃描|掃瞄))(?:上方|下方)?.{0,6}(?:QR ?code|二維碼|條碼).{0,30}",
        r"(?:喜歡|覺得).{0,20}(?:請|歡迎|別忘了|記得).{0,10}(?:按讚|分享|訂閱|追蹤|拍手).{0,20}",
        r"(?:投稿|合作邀約|聯絡我們|爆料專線)\s*[：:].{1,80}",
    ),
    "en": (
        r"(?:please )?(?:subscribe|sign up|register)(?: (?:here|now|today|free|for free))?(?: (?:to|for) (?:our|the|"
        r"my|this|your) [^,.;:!?]{0,60}\b(?:newsletters?|mailing list|podcast|channel|briefing|feed|alerts?|updates?|"
        r"digest|magazine|blog|e-?mail list)(?:(?: here| now| today| below|,| and| to (?:get|receive|stay|read|keep|"
        r"be|never)\b| for (?:more|free|updates|the latest)\b| by (?:e-?mail|clicking)\b| on (?:youtube|apple "
        r"podcasts|spotify|substack)\b).*)?)?",
        r"(?:if you )?(?:like|liked|enjoy|enjoyed|love|loved) (?:what you(?:['’]re| are|['’]ve| have)? read(?:ing)?|(?"
        r":reading )?this (?:article|post|story|piece|newsletter|episode))\b.*\b(?:subscribe|newsletter|sign up|"
        r"support|consider|share|coffee|donat\w*|follow|forward)\b.*",
        r"(?:please )?(?:follow|find|like|join|connect with) (?:us|me|@?[\w.]+(?: [\w.]+){0,3}) on (?:facebook|"
        r"twitter|x|instagram|linkedin|youtube|telegram|mastodon|bluesky|threads|tiktok|whatsapp|apple news|google "
        r"news|flipboard)(?:(?:, (?:facebook|twitter|x|instagram|linkedin|youtube|telegram|and|or)\b| and| or| &| \||"
        r":|/| at| for (?:more|updates|the latest)| @).*)?",
        r"(?:get|receive) [^.!?]{1,80} (?:in|to) your inbox|sign up (?:for|to) (?:our|the) (?:e-?mails?|newsletters?)",
        r"(?:story|article) continues (?:below|after) (?:the )?(?:advertisement|ad)|scroll down to continue.{0,20}",
        r"(?:download|get) (?:our|the) (?:free |new |[A-Z][\w’' ]{0,30} )?(?:mobile )?app(?: (?:for|on|from|here|now|"
        r"today|to (?:get|read|stay|keep))\b.*)?",
        r"(?:get|have|receive) (?:our|the|the latest|your|all the|more)\b.{0,80}\b(?:newsletter|(?:delivered|sent|"
        r"straight|direct(?:ly)?)\b.{0,20}\b(?:inbox|e-?mail|phone))\b.{0,40}",
        r"thanks for reading\b.{0,80}",
        r"this post is (?:public|for (?:paid|paying|free) (?:subscribers|members)(?: only)?)\b.*",
        r".{1,60} is a reader-supported publication\..*",
        r"(?:subscribe|sign up|join|share|donate|upgrade|log in|sign in|register)(?: (?:now|here|today|free|to paid|"
        r"for free))?",
        r"share this post|give a gift subscription|get the app|start (?:your|a) (?:free )?trial.{0,30}",
        r"invite your friends.*|refer a friend.{0,30}",
        r"(?:please )?(?:support|help (?:us|fund|support)) (?:our|independent|quality|this|us)\b.{0,60}\b(?"
        r":journalism|work|reporting|site|publication|newsroom|blog|today|now|donat\w*|subscri\w*)\b.{0,40}",
        r"(?:become a (?:member|patron|supporter|subscriber|paid subscriber|friend)|buy me a coffee|support (?:me|us) "
        r"on (?:patreon|ko-?fi|liberapay|github))(?: .{0,40})?",
        r"already (?:a|have an?) (?:subscriber|member|subscription|account)\?? ?(?:log|sign) ?in.{0,20}",
        r"(?:to (?:continue|keep) reading|to read (?:more|the full (?:article|story))),? (?:please )?(?:subscribe|"
        r"sign|log|register|become).{0,60}",
        r"(?:you can )?(?:listen(?: and subscribe)?|subscribe(?: and listen| to .{1,60})?|available|find us)(?: "
        r".{0,60})? (?:on|via|in|at|wherever)\b.{0,60}\b(?:apple podcasts?|spotify|stitcher|google podcasts?|tunein|"
        r"overcast|pocket casts|your podcasts)\b.{0,80}",
        r"(?:for|to get) (?:full )?access to .{1,100}\bsubscribe\b.{0,80}",
        r".{0,140}\b(?:newsletter|briefing)\b.{0,20}[.!?] (?:sign up|subscribe)\b.{0,100}",
        r"(?:got a (?:tip|story)|have a (?:tip|news tip|story)|contact the (?:author|reporter|editor)|(?:send|e-?mail)"
        r" (?:us )?(?:your )?(?:tips|comments|feedback))\b.{0,120}",
        r"(?:this|the) (?:article|story|content|post) is (?:(?:only )?(?:available|reserved|exclusive)"
        r"(?: only)? (?:to|for)|(?:only )?for) (?:our )?(?:paid |paying )?(?:subscribers|members)(?: only)?",
        r"you have [\d.,]+ ?% of this article left to read\b.{0,80}",
        r"(?:business|contact|sponsorship|advertising)(?: (?:inquir(?:y|ies)|mail|e-?mail))?s?\s*[:：] ?\S+@\S+",
    ),
    "de": (
        r"(?:jetzt |hier |gleich )?(?:abonnieren|bestellen|registrieren|folgen|hören|lesen|laden|melden|unterstützen) "
        r"sie (?:uns|sich|unseren?|den|die|das|hier|kostenlos|auch)\b.{0,60}\b(?:newsletter|podcasts?|kanal|app|abo|"
        r"facebook|twitter|x|instagram|youtube|telegram|whatsapp|linkedin|journalismus|arbeit)\b(?:(?: an| herunter| "
        r"hier| ab|,| und| oder| für| mit)\b.*)?",
        r"(?:zum |unseren? |den )?newsletter(?: (?:hier |jetzt )?(?:abonnieren|anmelden|bestellen))?",
        r"jetzt (?:kostenlos |gratis )?(?:anmelden|abonnieren|herunterladen|testen|registrieren|spenden|mitglied "
        r"werden)",
        r"folge[nt]? (?:sie |du )?uns\b.{0,80}",
        r"(?:ihnen|dir|euch) (?:hat|gefällt) (?:der|dieser|unser) (?:artikel|beitrag|text)(?: gefallen)?\?? ?(?:dann "
        r")?(?:teilen|unterstützen|abonnieren|spenden|folgen).{0,80}",
        r"(?:dieser|der) artikel ist (?:nur )?für abonnenten.{0,60}",
    ),
    "fr": (
        r"(?:abonnez|inscrivez)-vous(?: (?:à|gratuitement|dès|maintenant|ici|pour|sur)\b.*)?",
        r"je m['’](?:abonne|inscris)|(?:suivez|retrouvez|rejoignez)[- ]nous (?:aussi )?sur .{1,80}",
        r"téléchargez (?:notre|l['’]) ?(?:appli|application)\b.{0,60}",
        r"recevez (?:notre|la|toute|chaque|gratuitement)\b.{0,100}(?:newsletter|lettre|boîte mail|e-?mail)\b.{0,40}",
        r"(?:cet )?article (?:est )?réservé (?:à nos |aux )abonnés.{0,60}",
        r"(?:soutenez|aidez)[- ](?:nous|notre|la)\b.{0,80}|vous avez aimé cet article ?\?.{0,80}",
        r"déjà abonné ?\?.{0,30}",
        r"il vous reste [\d.,]+ ?% de cet article à lire\b.{0,80}|la suite est réservée aux abonnés.{0,40}",
    ),
    "es": (
        r"(?:suscríbete|suscríbase|suscríbanse|regístrate|apúntate|inscríbete|suscribirse)(?: (?:a|para|en|aquí|ya|"
        r"gratis|ahora|al)\b.*)?",
        r"(?:síguenos|síganos|encuéntranos|únete a nosotros)(?: .{0,20})? en .{1,80}",
        r"descarga (?:nuestra|la) (?:app|aplicación)\b.{0,60}|únete a nuestro (?:canal|grupo)\b.{0,60}",
        r"(?:recibe|reciba) .{1,80}\b(?:newsletter|boletín|correo|WhatsApp)\b.{0,40}",
        r"apoya (?:nuestro|el|a) .{0,20}(?:periodismo|trabajo|medio).{0,40}",
        r"¿(?:te gustó|te ha gustado) (?:este|el) (?:artículo|texto).{0,80}",
        r"contenido exclusivo para suscriptores.{0,40}",
    ),
    "ja": (
        r".{0,16}(?:メールマガジン|メルマガ|ニュースレター|LINE|公式アカウント|チャンネル|Twitter|X|Facebook|"
        r"Instagram|YouTube)(?:を|の|へ|に|で)?(?:無料)?(?:登録|購読|友だち追加|フォロー)(?:は|を|も)?(?:こちら|"
        r"コチラ|お願い(?:し|いたし)ます|お願い|する|しよう|してください|よろしく.{0,8})?(?:から)?",
        r"(?:.{0,12}アプリ)(?:の|を)?(?:ダウンロード|入手|インストール)(?:は|する)?(?:こちら|コチラ)?(?:から)?",
        r"この記事(?:が|を)(?:気に入っ|良かっ|面白かっ|読んで).{0,40}(?:フォロー|シェア|いいね|お願い|しよう|する|"
        r"ください).{0,12}",
        r"(?:この記事は)?(?:有料)?会員(?:限定|専用)(?:の)?(?:記事|コンテンツ|です).{0,20}",
        r"(?:残り|残)\s?[0-9０-９,]+\s?(?:文字|字).{0,20}",
        r"(?:会員登録|ログイン)(?:して|する(?:と|ことで)).{0,20}(?:続き|全文).{0,16}",
        r"フォロー(?:を)?(?:お願い|よろしく).{0,12}",
        r"最後まで(?:お)?読(?:んで|み)?(?:頂き|いただき).{0,12}ありがとうございま(?:した|す)",
        r"(?:にほんブログ村|人気ブログランキング).{0,20}",
    ),
    "ru": (
        r"(?:подписывайтесь|подпишитесь|присоединяйтесь)(?: (?:на|к)(?: .*)?)?",
        r"подписаться(?: на (?:рассылку|канал|новости|нас).{0,40})?|(?:читайте|смотрите|ищите) нас (?:в|на|во) .{1,60}",
        r"(?:скачайте|скачивайте|установите) (?:наше |мобильное )?приложение.{0,60}",
        r"(?:наш|наши) (?:телеграм|telegram|канал|каналы|соцсети)(?:-канал)?(?:\s*[:—-].{1,80}| в .{1,60})?",
        r"поддержите .{0,40}(?:редакцию|журналист\w*|издание|нас|проект|работу).{0,60}",
        r"(?:если вы )?нашли (?:ошибку|опечатку).{0,100}|(?:понравилась|понравился) (?:статья|материал|пост)\?.{0,80}",
    ),
    "pt": (
        r"(?:assine|inscreva-se|cadastre-se|siga-nos|siga a gente)(?: (?:a|na|no|em|para|aqui|grátis|nossa|nosso|o|"
        r"nas)\b.*)?",
        r"baixe (?:o |nosso )(?:app|aplicativo)\b.{0,60}",
        r"conteúdo (?:exclusivo|restrito) (?:para|a) assinantes.{0,40}",
        r"(?:assine|inscreva-se|cadastre-se)"
        r"(?: (?:(?:a|o|na|no|em) (?:noss[ao] |newsletter|jornal|canal).{0,60}|aqui|já|agora))?",
        r"siga-nos (?:no|na|em) .{1,60}",
    ),
    "it": (
        r"scarica (?:la nostra |l['’])app\b.{0,60}",
        r"(?:contenuto|articolo) (?:riservato|esclusivo)(?: solo)? (?:agli|per gli) abbonati.{0,40}",
        r"(?:iscriviti|abbonati)(?: (?:(?:alla|al) (?:nostr[ao] |giornale|newsletter|canale).{0,60}|qui|ora))?",
        r"seguici su .{1,60}",
    ),
    "nl": (r"(?:abonneer|schrijf) (?:je|u)(?: (?:nu|hier|in|op|voor)\b.*)?|volg ons (?:op|via) .{1,60}",),
    "ko": (
        r"(?:.{0,16}(?:구독|팔로우|채널 추가)(?:하기|해 ?주세요|하세요|신청)|.{0,12}뉴스레터 (?:구독|신청)(?:하기)?|"
        r".{0,20}제보(?:하기|는)\s*[:：]?.{0,60})",
        r".{0,20}(?:뉴스레터|채널|유튜브|카카오톡|텔레그램)(?:을|를|에)? ?"
        r"(?:구독|추가|가입)(?:하기|하세요|해 ?주세요|하시면.{0,20})?",
        r"구독(?:하기| 신청)?|(?:제보는|제보하기).{1,60}",
    ),
    "ar": (
        r"(?:اشترك|اشتركوا|سجل) (?:في|الآن).{0,60}|تابعونا? على .{1,60}|تابعوا .{1,30} على .{1,40}",
    ),
}  # fmt: skip
"""Invitations: newsletters, apps, channels, donations, subscriptions, and what replaces the rest of a paid text."""

SHARE: Patterns = {
    "zh-Hans": (r"分享(?:到|至|本文|文章|给朋友)?(?:[：:].*)?|转发|点击分享|点赞|收藏|打印(?:本页)?|复制链接",),
    "zh-Hant": (r"分享(?:到|至|本文|文章|給朋友)?(?:[：:].*)?|轉發|轉寄|點讚|收藏|列印(?:本頁)?|複製連結",),
    "en": (
        r"Share(?: this(?: (?:article|post|story|page|entry))?| on(?: (?:facebook|twitter|x|linkedin|whatsapp|reddit|"
        r"email))?| via)?(?: ?[:：].*)?",
        r"Tweet(?: this)?|Like this|Print(?: this)?|E-?mail(?: this)?|Copy link|Save(?: this)?|Pin it|Bookmark",
    ),
    "de": (
        r"(?:(?:diesen )?(?:artikel|beitrag|seite) )?(?:teilen|drucken|merken|ausdrucken)(?: (?:auf|per|via) .{1,30})?",
        r"per (?:e-?mail|whatsapp) (?:teilen|versenden)|link kopieren",
    ),
    "fr": (r"partager(?: (?:cet article|sur|par|via)\b.{0,40})?|imprimer|envoyer par e-?mail|copier le lien",),
    "es": (
        r"compartir(?: (?:en|este artículo|por|vía)\b.{0,40})?|imprimir|enviar por (?:correo|e-?mail)|copiar enlace",
    ),
    "ja": (
        r"(?:この記事を)?(?:シェア|ツイート|共有|印刷|ブックマーク|ポスト)(?:する)?|はてなブックマーク(?:に追加)?",
        r"リンクをコピー(?:する)?|いいね",
    ),
    "ru": (
        r"поделиться(?: (?:ссылкой|в соцсетях|статьей|статьёй|с друзьями|в .{1,30}))?|распечатать|твитнуть",
        r"скопировать ссылку|отправить",
    ),
    "pt": (r"compartilhe?(?:ar)?(?: (?:no|na|em|esta?|via)\b.{0,40})?|imprimir",),
    "ko": (
        r"공유(?:하기)?|기사 ?공유|(?:페이스북|트위터|카카오톡)(?:으로)? 공유(?:하기)?",
    ),
    "ar": (
        r"شارك(?:ها?| هذا (?:الخبر|المقال|الموضوع)| على .{1,30})?|مشاركة(?: (?:الخبر|المقال))?",
    ),
}  # fmt: skip
"""Labels of share buttons. At most 40 characters, without a link."""

COMMENTS: Patterns = {
    "zh-Hans": (
        r"\d*\s*[条则篇]?\s*(?:评论|留言|回复)(?:\s*[（(]?\d+[）)]?)?",
        r"(?:发表|查看|参与|我要|写|展开)(?:全部)?(?:评论|留言|回复)|(?:暂无|还没有)评论.{0,12}|评论区",
        r"欢迎(?:在)?(?:评论区|留言区|文末).{0,20}",
    ),
    "zh-Hant": (
        r"\d*\s*[則條篇]?\s*(?:評論|留言|回應|迴響|回覆)(?:\s*[（(]?\d+[）)]?)?",
        r"(?:發表|查看|參與|我要|撰寫)(?:全部)?(?:評論|留言|回應|迴響)|(?:暫無|尚無|目前沒有)(?:評論|回應|留言)",
        r"歡迎(?:在)?(?:留言|下方).{0,20}",
    ),
    "en": (
        r"(?:no|\d[\d,.]*k?) (?:comments?|replies|responses)(?: yet| so far)?|comments? ?[(:]? ?\d+\)?",
        r"(?:leave|add|post|write) (?:a|your) (?:comment|reply|response)(?: below| here)?",
        r"(?:join|be part of) the (?:conversation|discussion).{0,30}",
        r"comments (?:are )?(?:closed|off|disabled)(?: .{0,40})?",
        r"(?:view|read|show|see)(?: all)?(?: the)?(?: \d+)? comments|comments",
        r"discuss(?: (?:this (?:article|post|story)|on .{1,30}|in (?:the|our) .{1,30}))?|be the first to comment",
        r"(?:article|comments) url ?[:：].{1,200}|(?:let us know|tell us)(?: what you think)? in the comments.{0,20}",
        r"what (?:do|did) you think\? .{0,60}comments?\b.{0,20}",
    ),
    "de": (
        r"(?:\d+|keine) kommentare?|kommentare?(?: ?\(\d+\))?",
        r"(?:einen )?kommentar (?:schreiben|hinterlassen|verfassen|abgeben)",
        r"(?:zu den|alle) kommentaren?(?: (?:ansehen|anzeigen))?|diskutieren sie mit.{0,40}|schreibe? einen kommentar",
    ),
    "fr": (
        r"(?:\d+|aucun|pas de) commentaires?|commentaires?(?: ?\(\d+\))?",
        r"(?:laisser|ajouter|poster|écrire) (?:un|votre) commentaire|(?:voir|lire) (?:tous )?les commentaires",
        r"réagir(?: à cet article)?|commenter",
    ),
    "es": (
        r"(?:\d+|sin|ningún) comentarios?|comentarios?(?: ?\(\d+\))?",
        r"(?:dejar?|deja|añadir|escribir|escribe) (?:un|tu|su) comentario|(?:ver|leer) (?:todos )?los comentarios",
        r"comentar|¿(?:qué|tú qué) opinas\?.{0,40}",
    ),
    "ja": (
        r"\d*件?の?コメント(?:\s*[（(]?\d+件?[）)]?)?|コメント(?:する|を(?:書く|残す|見る|投稿(?:する)?))|コメント欄",
        r"コメントはまだありません",
    ),
    "ru": (
        r"(?:\d+|нет) комментари(?:ев|я|й)|комментарии(?: ?\(\d+\))?|(?:оставить|написать|добавить) комментарий",
        r"(?:все|показать) комментарии|комментировать|обсудить(?: .{0,30})?|обсуждение",
    ),
}  # fmt: skip
"""Invitations to comment, and how many have."""

COUNTED_COMMENTS: Patterns = {
    "zh-Hans": (r"(?:共|全部)?\s*\d+\s*[条则篇]\s*(?:评论|留言|回复)|(?:评论|留言|回复)\s*[（(]\d+[）)]",),
    "zh-Hant": (
        r"(?:共|全部)?\s*\d+\s*[則條篇]\s*(?:評論|留言|回應|迴響)|(?:評論|留言|回應|迴響)\s*[（(]\d+[）)]",
    ),
    "en": (r"\d[\d,.]* (?:comments?|replies|responses)(?: (?:on|to) .+)?|comments? ?\(\d+\)",),
    "de": (r"\d+ kommentare?(?: zu .+)?|kommentare? ?\(\d+\)",),
    "fr": (r"\d+ commentaires?(?: sur .+)?|commentaires? ?\(\d+\)",),
    "es": (r"\d+ comentarios?(?: en .+)?|comentarios? ?\(\d+\)",),
    "ja": (r"\d+件のコメント|コメント\s*[（(]\d+件?[）)]|コメント\s*\d+件",),
    "ru": (r"\d+ комментари(?:ев|я|й)(?: к .+)?|комментарии ?\(\d+\)",),
}  # fmt: skip
"""Headings below which only comments stand: they say how many."""

META: Patterns = {
    "zh-Hans": (
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
        r"\d[\d,.]*[km]?\+? (?:views?|reads?|shares?|likes?|claps?|points?|upvotes?|hits)",
        r"(?:views?|reads?|points?|likes?|shares?|claps?|#? ?comments?|hits)\s*[:：]\s*\d[\d,.]*[km]?",
        r"(?:(?:estimated )?reading time\s*[:：]?\s*)?(?:about |approx\.? |~|< ?)?\d+(?:[-–]\d+)?[- ]?(?:min(?:ute)?s?"
        r")(?: to)? read",
        r"(?:estimated )?(?:reading|read) time\s*[:：]?\s*(?:about |~|< ?)?\d+(?:[-–]\d+)? ?min(?:ute)?s?",
        r"\d+ posts? - \d+ participants?|(?:posts?|participants?)\s*[:：]\s*\d+|\d[\d,]* words",
    ),
    "de": (
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
        r"\d[\d,]*\s*(?:views?|閲覧|いいね|回閲覧|回視聴)|(?:閲覧数|アクセス数|再生回数)\s*[:：]?\s*\d[\d,]*回?",
        r"(?:この記事は)?約?\d+分で読め(?:ます|る)|読了時間\s*[:：]?\s*約?\d+分",
    ),
    "ru": (
        r"(?:просмотр(?:ов|ы)|прочитали|прочтений)\s*[:：]?\s*\d[\d ]*|\d[\d ]* (?:просмотр(?:ов|а)?|прочтений)",
        r"время (?:чтения|на чтение)\s*[:：]?\s*~?\d+ ?мин(?:ут[аы]?|\.)?|\d+ ?мин(?:ут[аы]?|\.)? (?:чтения|на чтение)",
    ),
    "ko": (r"조회(?:수)?\s*[:：]?\s*\d[\d,]*|(?:읽는 시간|읽기)\s*[:：]?\s*\d+분",),
}  # fmt: skip
"""Counts of views and minutes."""

TAGS: Patterns = {
    "zh-Hans": (r"(?:标签|关键词|关键字|分类|归类|栏目|话题|文章分类|本文标签)\s*[:：]\s*([^。！？]{1,200})",),
    "zh-Hant": (r"(?:標籤|關鍵詞|關鍵字|分類|類別|專題|文章標籤)\s*[:：]\s*([^。！？]{1,200})",),
    "en": (
        r"(?:Tags?|Filed (?:under|in)|Tagged(?: with| as| in)?|Categor(?:y|ies)|Posted in|Topics?|Keywords?|More on)"
        r"\s*[:：]\s*([^.!?]{1,200})",
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
}  # fmt: skip
"""Lines of the source's tags and categories; the group holds their names."""

RIGHTS: Patterns = {
    "zh-Hans": (
        r"(?:©|版权(?:所有|声明)?)\s*[©:：]?\s*(?:\d{4}.{0,60}|.{0,30}(?:版权所有|保留所有权利).{0,30}|"
        r"[^，,。！？]{1,30})(?:[，,]?\s*(?:未经|转载|侵权|违者).*)?",
        r"版权所有(?:[，,：: ©].{0,80})?",
        r"(?:未经|未获)(?:.{0,12})(?:授权|许可|同意|允许)[，,]?.{0,12}(?:不得|请勿|禁止|严禁|谢绝).{0,20}"
        r"(?:转载|转贴|转发|复制|使用|引用|摘编|摘抄|翻印|翻拍|镜像|刊登|刊载|传播|盗用|抄袭|采集|改编|商用).{0,30}",
        r"(?:如需|欢迎|若要)?转载(?:请|须|需)(?:务必)?(?:注明|联系|标注|取得|保留)"
        r"(?:[。！!]?|.{0,12}(?:出处|来源|作者|原文|链接|本站|授权|本文|信息|名称|公众号|网址|编辑|我们|[：:]).{0,50})",
        r"本文(?:系|为|由).{0,20}(?:原创|首发|独家(?:授权|稿件)).{0,60}",
    ),
    "zh-Hant": (
        r"版權(?:所有|聲明)(?:[，,：: ©].{0,80})?|(?:©|版權)\s*\d{4}.{0,80}",
        r"(?:未經|未獲)(?:.{0,12})(?:授權|許可|同意|允許)[，,]?.{0,12}(?:不得|請勿|禁止|嚴禁|勿).{0,20}"
        r"(?:轉載|轉貼|轉發|複製|使用|引用|摘編|翻印|刊登|傳播|盜用|抄襲|改編|商用).{0,30}",
        r"(?:如需|歡迎)?轉載(?:請|須|需)(?:務必)?(?:註明|注明|聯繫|標註|取得|保留)"
        r"(?:[。！!]?|.{0,12}(?:出處|來源|作者|原文|連結|本站|授權|本文|名稱|編輯|我們|[：:]).{0,50})",
    ),
    "en": (
        r"(?:©|\(c\)|copyright(?: ©| \(c\))?)\s*(?:\d{4}(?:[-–]\d{2,4})?|by|the)\b.{0,120}|(?:©|\(c\)) ?[A-Z].{0,80}",
        r"copyright(?: ©| \(c\)) .{1,80}",
        r"(?:.{0,60}[.,] ?)?all rights (?:are )?reserved(?: (?:by|to) .{1,60})?(?:[.,;] .{0,120})?",
        r"(?:this (?:article|story|piece|post|work) (?:is|was|has been) )?(?:republished|reprinted|reproduced) (?"
        r":from|with|by|under) .{1,160}",
        r"(?:this (?:work|article|post|content) is )?licen[sc]ed under (?:a |the )?(?:creative commons|cc)\b.{0,120}",
        r"(?:this (?:article|story|piece|post|essay|interview) (?:was |has been |is )?)(?:originally |first )?(?"
        r":published|appeared|ran|posted) (?:originally |first )?(?:on|in|at|by)\b.{1,160}",
        r"(?:originally|first) published (?:on|in|at|by) .{1,120}",
        r".{1,160} was originally published (?:on|in|at) .{1,160}",
    ),
    "de": (
        r"(?:©|copyright|\(c\))\s*(?:©\s*)?\d{4}.{0,100}|(?:.{0,60}[.,] ?)?alle rechte vorbehalten(?:[.,] .{0,80})?",
        r"©\s?[A-ZÄÖÜ].{0,60}",
        r"(?:dieser|der) (?:artikel|beitrag|text) (?:ist|wurde|erschien) (?:zuerst|zunächst|erstmals|ursprünglich) "
        r".{1,120}",
    ),
    "fr": (
        r"(?:©|copyright|\(c\))\s*(?:©\s*)?\d{4}.{0,100}",
        r"(?:.{0,60}[.,] ?)?tous droits (?:de reproduction )?réservés(?:[.,] .{0,80})?",
        r"(?:cet )?article (?:initialement|d['’]abord) publié (?:sur|dans|par|le) .{1,120}",
        r"cet article (?:est|a été) (?:republié|initialement publié|d['’]abord publié) .{1,120}",
    ),
    "es": (
        r"(?:©|copyright|\(c\))\s*(?:©\s*)?\d{4}.{0,100}",
        r"(?:.{0,60}[.,] ?)?todos los derechos reservados(?:[.,] .{0,80})?|prohibida (?:su|la) reproducción.{0,80}",
        r"(?:este )?artículo (?:fue )?publicado (?:originalmente|por primera vez) (?:en|por) .{1,120}",
        r"publicado originalmente en .{1,100}",
    ),
    "ja": (
        r"(?:©|（c）|\(c\)|copyright).{1,100}",
        r"(?:.{0,20})?(?:無断(?:転載|複製|転用).{0,10}(?:禁じ|禁止|お断り).{0,20}|禁無断転載)",
        r"この記事は.{1,40}(?:に(?:最初に)?掲載|で公開|より転載)された(?:もの|記事).{0,12}",
    ),
    "ru": (
        r"(?:©|copyright|\(c\))\s*.{1,100}|(?:.{0,60}[.,] ?)?все права (?:защищены|сохранены)(?:[.,] .{0,80})?",
        r"(?:при )?(?:перепечатк|копировани|цитировани)\w+.{0,80}(?:ссылка|запрещен\w*|обязательн\w*).{0,60}",
        r"(?:впервые опубликовано|оригинал опубликован|статья (?:впервые )?опубликована) (?:в|на) .{1,100}",
    ),
    "ko": (
        r"[<(]?(?:저작권자\s*)?(?:ⓒ|©|\(c\)|copyright).{1,100}|.{0,60}무단\s?(?:전재|복제).{0,40}금지.{0,20}",
    ),
    "ar": (
        r"(?:©.{0,60}|.{0,60})(?:جميع|كل|كافة) الحقوق محفوظة.{0,60}",
    ),
    "pt": (
        r"(?:©|copyright|\(c\))\s*(?:©\s*)?\d{4}.{0,100}",
        r"(?:.{0,60}[.,] ?)?todos os direitos reservados(?:[.,] .{0,80})?",
    ),
    "it": (
        r"(?:©\s*)?riproduzione riservata.{0,40}|(?:.{0,60}[.,] ?)?tutti i diritti riservati(?:[.,] .{0,80})?",
        r"(?:©|copyright|\(c\))\s*(?:©\s*)?\d{4}.{0,100}",
    ),
}  # fmt: skip
"""Notices of rights and of the first publication."""

RELATED: Patterns = {
    "zh-Hans": (
        r"相关(?:阅读|文章|新闻|报道|内容|链接|推荐|专题|视频|资讯)|(?:延伸|推荐|扩展|拓展|关联|更多|深度|精选)阅读",
        r"(?:热门|推荐|最新|精选|往期)(?:文章|推荐|新闻|内容|资讯|回顾|精选)|猜你喜欢|编辑推荐|精彩(?:推荐|回顾)",
        r"更多(?:相关)?(?:新闻|报道|文章|内容|精彩内容)|大家都在看|你可能(?:还|也)?(?:会)?(?:喜欢|感兴趣)",
        r"(?:上|下)一篇(?:文章)?|另请参阅|您可能感兴趣的.{0,6}",
    ),
    "zh-Hant": (
        r"相關(?:閱讀|文章|新聞|報導|報道|連結|內容|影片|專題)|(?:延伸|推薦|更多|深度)閱讀",
        r"(?:熱門|推薦|最新|精選)(?:文章|新聞|推薦|內容)|猜你喜歡|編輯推薦|同場加映",
        r"(?:看)?更多(?:相關)?(?:新聞|報導|文章|內容|影片)?|更多.{1,16}(?:報導|新聞|文章)|大家都在看",
        r"你可能(?:還|也)?(?:會)?(?:喜歡|感興趣|有興趣|想看)|(?:上|下)一篇(?:文章)?",
    ),
    "en": (
        r"Related(?: (?:articles?|posts?|stories|story|content|reading|coverage|links|news|topics|video))?",
        r"(?:(?:you )?(?:might|may) (?:also )?(?:like|enjoy|want to read|be interested in)|you might like)",
        r"(?:read|see|watch|listen) (?:also|more|next|this|now)(?: on this (?:story|topic))?",
        r"(?:also|must|more) (?:read|on this (?:story|topic)|in this series|like this|stories|coverage)",
        r"recommended(?: (?:for you|reading|stories|articles|posts))?|more (?:from|on|about|in|by) [^.!?]{1,60}",
        r"most (?:read|popular|viewed|recent)|don['’]t miss|trending(?: now)?",
        r"(?:latest|top|popular|recent|featured) (?:news|stories|posts?|articles)|editor['’]?s['’]? picks?|up next",
        r"what to read next|what to know|(?:previous|next)(?: (?:post|article|story|entry|page))?",
        r"read more (?:on|about|from) [^.!?]{1,60}",
        r"(?:also|previously|elsewhere) (?:on|in|at) [^.!?]{1,40}",
    ),
    "de": (
        r"mehr (?:zum thema|dazu|zu diesem thema|(?:über|aus|von|zu) [^.!?]{1,50}|artikel|beiträge)|zum thema",
        r"(?:lesen|sehen|hören) sie (?:auch|dazu|hierzu|mehr)|auch interessant",
        r"das könnte (?:sie|dich|ihnen|euch) (?:auch )?(?:interessieren|gefallen)",
        r"(?:ähnliche|verwandte|weitere|passende|aktuelle|neueste) (?:artikel|beiträge|themen|meldungen|nachrichten)",
        r"meistgelesen(?:e artikel)?|empfohlene (?:artikel|beiträge|inhalte)|lesetipps?|mehr lesen",
        r"(?:nächster|vorheriger) (?:artikel|beitrag)",
    ),
    "fr": (
        r"(?:à )?(?:lire|voir|écouter|découvrir) (?:aussi|également|plus)|à (?:lire|découvrir)",
        r"sur le même (?:sujet|thème)|voir aussi",
        r"articles? (?:similaires?|connexes?|liés?|associés?|récents?|recommandés?)|les plus (?:lus|récents|consultés)",
        r"dans la même rubrique|(?:vous aimerez|vous pourriez) (?:aussi|peut-être|aimer|également)(?: aimer)?",
        r"(?:ceci|cela) (?:peut|pourrait) vous intéresser|(?:notre|nos|le|lire notre) dossiers?",
        r"(?:article|billet) (?:suivant|précédent)|plus (?:sur|de) [^.!?]{1,50}",
    ),
    "es": (
        r"(?:lea|lee|leer|ver|vea|mira|mire|escucha|consulta) (?:también|además|más)",
        r"(?:también )?(?:te|le) (?:puede|podría|recomendamos)(?: (?:interesar|gustar))?",
        r"(?:noticias|artículos|temas|contenidos?|notas|entradas|lecturas) relacionad[oa]s?|relacionad[oa]s?",
        r"más (?:noticias|información|artículos|(?:sobre|en|de) [^.!?]{1,50})|lo más (?:leído|visto|reciente)",
        r"recomendad[oa]s?|no te (?:lo )?pierdas|(?:artículo|entrada) (?:siguiente|anterior)",
    ),
    "ja": (
        r"(?:関連|人気|おすすめ|オススメ|最新|注目の?|その他の|ほかの|次の|前の)(?:記事|リンク|ニュース|コンテンツ|"
        r"情報|動画|特集)(?:はこちら|をもっと見る)?",
        r"(?:あわせて|合わせて|併せて)読みたい(?:記事)?",
        r"こちらも(?:おすすめ|読まれています|(?:あわせて|合わせて)(?:どうぞ|お読みください))|この記事に関連する.{0,12}",
        r"関連する記事|よく読まれている記事|ランキング",
    ),
    "ru": (
        r"(?:читайте|читать|смотрите|смотреть|слушайте) (?:также|ещё|еще|по теме|тоже)|см\. ?также",
        r"(?:по|материалы по|новости по|ещё по|еще по|больше по) тем[еу]",
        r"(?:похожие|связанные|другие|последние|популярные|рекомендуемые|свежие) (?:статьи|новости|материалы|записи|"
        r"публикации)",
        r"вам (?:может|будет|могут) (?:быть |также |)?(?:интересно|понравиться|понравится)",
        r"рекомендуем(?: (?:почитать|также|прочитать))?|самое (?:читаемое|популярное|интересное)",
        r"(?:следующая|предыдущая) (?:статья|запись)",
    ),
    "pt": (
        r"(?:leia|veja|ouça|confira) (?:também|mais)|(?:notícias|artigos|matérias|posts) relacionad[oa]s?|mais lidas",
        r"você pode gostar|veja mais",
    ),
    "it": (
        r"(?:leggi|vedi|guarda) anche|articoli correlati|(?:ti )?potrebbe(?:ro)? interessar(?:ti|vi)(?: anche)?",
        r"i più letti",
    ),
    "nl": (r"lees ook|gerelateerde (?:artikelen|berichten)|meer over [^.!?]{1,50}|aanbevolen",),
    "ko": (
        r"(?:관련|추천|인기|최신|다른) ?(?:기사|뉴스|글|링크)|함께 (?:읽기|보면 좋은 (?:기사|글))",
        r"많이 본 (?:뉴스|기사)",
    ),
    "ar": (
        r"(?:اقرأ|إقرأ|اقرا|شاهد|طالع|اقرأوا) (?:أيضا|ايضا|أيضاً|أيضًا|ايضاً)",
        r"(?:مواضيع|أخبار|مقالات|موضوعات|تقارير) ذات (?:صلة|علاقة)|قد يهمك(?: أيضاً?| ايضا)?|الأكثر قراءة",
    ),
    "sv": (r"läs (?:också|även|mer)|(?:relaterade|fler) (?:artiklar|nyheter)|mer om [^.!?]{1,50}|mest läst",),
    "no": (r"les (?:også|mer)|(?:relaterte|flere) (?:artikler|saker)|mer om [^.!?]{1,50}|mest lest",),
    "da": (r"læs (?:også|mere)|(?:relaterede|flere) (?:artikler|nyheder)|mere om [^.!?]{1,50}|mest læste",),
    "fi": (r"lue (?:myös|lisää)|katso myös|aiheeseen liittyv(?:ää|iä artikkeleita)|luetuimmat",),
    "pl": (r"(?:czytaj|zobacz|przeczytaj) (?:też|także|również|więcej)|powiązane artykuły|polecane",),
    "cs": (r"(?:čtěte|přečtěte si|podívejte se) (?:také|též|i|více)|související(?: články)?|nejčtenější",),
    "tr": (r"(?:ayrıca|bunu da|bunları da) (?:okuyun|oku|bakın)|(?:ilgili|benzer) (?:haberler|haber|yazılar|konular)",),
}  # fmt: skip
"""Labels of lists of other articles. They go with the links after them, never alone."""

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
}
"""All tables by the name that cases and removals use."""
