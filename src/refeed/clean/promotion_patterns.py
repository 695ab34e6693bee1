"""Invitations to subscribe, share and comment around an article: language -> patterns. Data for edge_patterns."""

from __future__ import annotations

Patterns = dict[str, tuple[str, ...]]

SUBSCRIBE: Patterns = {
    "zh-Hans": (
        r"下载\s?APP(?:[，,]?(?:查看|阅读|浏览|了解)(?:更多|全文).{0,6})?|点击关注(?:我们)?",
        r"更多(?:精彩)?(?:内容|资讯|文章).{0,6}(?:请|敬请)?(?:关注|订阅).{0,16}",
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
        r"阅读原文|(?:微信|手机)?(?:扫一扫|扫码|扫描二维码)[，,、 ]{0,2}(?:关注|添加|加入|下载|订阅)?"
        r"(?:该|此|本|我们的?)?(?:公众号|微信号|小程序|客户端)?",
        r"(?:感谢|谢谢)(?:您|你)?的?(?:阅读|观看|收听).{0,8}",
    ),
    "zh-Hant": (
        r"(?:長按|掃描|掃一掃)(?:上方|下方)?.{0,4}(?:二維碼|QR ?Code)(?:[，, ]?(?:關注|追蹤|加入|下載|訂閱).{0,10})?",
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
        r"(?:click|tap) here (?:to|and) (?:subscribe|sign up|register|follow|join)\b.{0,100}",
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
        r"get (?:daily|weekly|breaking|all the|the (?:day|week)['’]s)\b [^.!?]{1,60}\b(?:news|updates|stories|"
        r"headlines)",
        r"(?:(?: straight| right|,? delivered)? to (?:you|your (?:inbox|phone)).{0,80})?",
        r"sign up (?:for|to) (?:breaking|daily|weekly|the latest|more) (?:news|updates|stories)\b[^.!?]{0,120}",
        r"(?:get|receive) .{1,80} (?:in|to) your inbox|sign up (?:for|to) (?:our|the) (?:e-?mails?|newsletters?)",
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
        r"folgen sie .{1,40} (?:auf|bei) (?:facebook|twitter|x|instagram|youtube|telegram|whatsapp|linkedin|tiktok|"
        r"google(?: news)?|viber|spotify|threads|bluesky|mastodon|line)\b.{0,60}",
        r"(?:jetzt |hier |gleich )?(?:abonnieren|bestellen|registrieren|folgen|hören|lesen|laden|melden|unterstützen) "
        r"sie (?:uns|sich|unseren?|den|die|das|hier|kostenlos|auch)\b.{0,60}\b(?:newsletter|podcasts?|kanal|app|abo|"
        r"facebook|twitter|x|instagram|youtube|telegram|whatsapp|linkedin|journalismus|arbeit)\b(?:(?: an| herunter| "
        r"hier| ab|,| und| oder| für| mit)\b.*)?",
        r"(?:zum |unseren? |den )?newsletter(?: (?:hier |jetzt )?(?:abonnieren|anmelden|bestellen))?",
        r"jetzt (?:kostenlos |gratis )?(?:anmelden|abonnieren|herunterladen|testen|registrieren|spenden|mitglied "
        r"werden)",
        r"folge[nt]? (?:sie |du )?uns\b.{0,80}",
        r"wenn (?:du|sie|ihr) keinen? .{1,80} (?:verpassen|versäumen) (?:willst|wollt|möchtest|möchtet|möchten|"
        r"wollen), .{0,100}\b"
        r"(?:newsletter|folge|abonnier|facebook|twitter|instagram|whatsapp|telegram|rss).{0,100}",
        r"(?:ihnen|dir|euch) hat (?:der|dieser|unser) (?:artikel|beitrag|text) gefallen\b.{0,140}"
        r"\b(?:newsletter|abonnier\w+)\b.{0,60}",
        r"(?:ihnen|dir|euch) (?:hat|gefällt) (?:der|dieser|unser) (?:artikel|beitrag|text)(?: gefallen)?\?? ?(?:dann "
        r")?(?:teilen|unterstützen|abonnieren|spenden|folgen).{0,80}",
        r"(?:dieser|der) artikel ist (?:nur )?für abonnenten.{0,60}",
    ),
    "fr": (
        r"(?:suivez|retrouvez) .{1,40}\b(?:sur|dans) (?:facebook|twitter|x|instagram|youtube|telegram|whatsapp|"
        r"linkedin|tiktok|google(?: news)?|viber|spotify|threads|bluesky|mastodon|line)\b.{0,60}",
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
        r"(?:sigue|siga|seguí|seguir)(?: a .{1,30}| las noticias.{0,20}| nuestr[oa]s? .{1,20}|nos)? en:? ?(?:@|"
        r"(?:facebook|twitter|x|instagram|youtube|telegram|whatsapp|linkedin|tiktok|google(?: news)?|viber|spotify|"
        r"threads|bluesky|mastodon|line)\b).{0,60}|recib[aeí] (?:las|nuestras|gratis)\b.{0,60}\b(?:whatsapp|"
        r"telegram|correo|newsletter)\b.{0,40}",
        r"(?:suscríbete|suscríbase|suscríbanse|regístrate|apúntate|inscríbete|suscribirse)(?: (?:a|para|en|aquí|ya|"
        r"gratis|ahora|al)\b.*)?",
        r"(?:síguenos|síganos|encuéntranos|únete a nosotros)(?: .{0,20})? en .{1,80}",
        r"descarga (?:nuestra|la) (?:app|aplicación)\b.{0,60}|únete a nuestro (?:canal|grupo)\b.{0,60}",
        r"(?:síguenos|siguenos|síganos|siganos) en .{1,200}",
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
        r"(?:nos )?siga (?:o|a|os|as|nos) .{0,40}\b(?:no|na|em|pelo) (?:facebook|twitter|x|instagram|youtube|"
        r"telegram|whatsapp|linkedin|tiktok|google(?: news)?|viber|spotify|threads|bluesky|mastodon|line)\b.{0,60}|"
        r"nos siga (?:no|na|em)(?: (?:facebook|twitter|x|instagram|youtube|telegram|whatsapp|linkedin|tiktok|"
        r"google(?: news)?|viber|spotify|threads|bluesky|mastodon|line).{0,60})?",
        r"(?:participe|entre|faça parte) (?:do|no|em) (?:nosso|grupo|canal)\b.{0,80}|receba (?:as|nossas|"
        r"notícias)\b.{0,60}\b(?:whatsapp|telegram|e-?mail|celular)\b.{0,40}",
        r"(?:assine|inscreva-se|cadastre-se|siga-nos|siga a gente)(?: (?:a|na|no|em|para|aqui|grátis|nossa|nosso|o|"
        r"nas)\b.*)?",
        r"baixe (?:o |nosso )(?:app|aplicativo)\b.{0,60}",
        r"conteúdo (?:exclusivo|restrito) (?:para|a) assinantes.{0,40}",
        r"(?:assine|inscreva-se|cadastre-se)"
        r"(?: (?:(?:a|o|na|no|em) (?:noss[ao] |newsletter|jornal|canal).{0,60}|aqui|já|agora))?",
        r"siga-nos (?:no|na|em) .{1,60}",
    ),
    "it": (
        r"(?:segui(?:ci|teci)\b.{0,40}|segui (?:il|la|le|i|gli|tutt[ei]|l) .{1,40})\b(?:su|sul|sui|"
        r"anche su) (?:facebook|twitter|x|instagram|youtube|telegram|whatsapp|linkedin|tiktok|google(?: news)?|"
        r"viber|spotify|threads|bluesky|mastodon|line)\b.{0,60}|resta (?:sempre )?aggiornato.{0,80}\b(?:newsletter|"
        r"canale|whatsapp|telegram)\b.{0,40}",
        r"scarica (?:la nostra |l['’])app\b.{0,60}",
        r"(?:contenuto|articolo) (?:riservato|esclusivo)(?: solo)? (?:agli|per gli) abbonati.{0,40}",
        r"(?:iscriviti|abbonati)(?: (?:(?:alla|al) (?:nostr[ao] |giornale|newsletter|canale).{0,60}|qui|ora))?",
        r"seguici su .{1,60}",
    ),
    "nl": (
        r"(?:volg|like) (?:ons|.{1,40}) (?:op|via) (?:facebook|twitter|x|instagram|youtube|telegram|whatsapp|"
        r"linkedin|tiktok|google(?: news)?|viber|spotify|threads|bluesky|mastodon|line)\b.{0,60}|"
        r"meld je (?:hier )?aan voor .{0,30}nieuwsbrief.{0,40}",
        r"(?:abonneer|schrijf) (?:je|u)(?: (?:nu|hier|in|op|voor)\b.*)?|volg ons (?:op|via) .{1,60}",
    ),
    "ko": (
        r"(?:네이버|유튜브|카카오톡)(?:에서|채널) 구독(?:하기)?",
        r"(?:.{0,16}(?:구독|팔로우|채널 추가)(?:하기|해 ?주세요|하세요|신청)|.{0,12}뉴스레터 (?:구독|신청)(?:하기)?|"
        r".{0,20}제보(?:하기|는)\s*[:：]?.{0,60})",
        r".{0,20}(?:뉴스레터|채널|유튜브|카카오톡|텔레그램)(?:을|를|에)? ?"
        r"(?:구독|추가|가입)(?:하기|하세요|해 ?주세요|하시면.{0,20})?",
        r"구독(?:하기| 신청)?|(?:제보는|제보하기).{1,60}",
    ),
    "ar": (
        r"(?:تابعنا|تابعونا) (?:على|عبر) .{1,40}",
        r"(?:اشترك|اشتركوا|سجل) (?:في|الآن).{0,60}|تابعونا? على .{1,60}|تابعوا .{1,30} على .{1,40}",
    ),
    "pl": (
        r"(?:obserwuj|śledź|polub|dołącz do|znajdź) (?:nas|.{1,40}) (?:na|w) (?:facebook|twitter|x|instagram|"
        r"youtube|telegram|whatsapp|linkedin|tiktok|google(?: news)?|viber|spotify|threads|bluesky|mastodon|"
        r"line)\w{0,4}\b.{0,60}|zapisz się (?:do|na) .{0,30}newsletter.{0,60}",
    ),
    "sv": (
        r"följ (?:oss|.{1,40}) (?:på|i) (?:facebook|twitter|x|instagram|youtube|telegram|whatsapp|linkedin|tiktok|"
        r"google(?: news)?|viber|spotify|threads|bluesky|mastodon|line)\b.{0,60}|"
        r"prenumerera på (?:vårt )?nyhetsbrev.{0,40}",
    ),
    "no": (
        r"følg (?:oss|.{1,40}) (?:på|i) (?:facebook|twitter|x|instagram|youtube|telegram|whatsapp|linkedin|tiktok|"
        r"google(?: news)?|viber|spotify|threads|bluesky|mastodon|line)\b.{0,60}|"
        r"meld deg på (?:vårt )?nyhetsbrev.{0,40}",
    ),
    "da": (
        r"følg (?:os|.{1,40}) (?:på|i) (?:facebook|twitter|x|instagram|youtube|telegram|whatsapp|linkedin|tiktok|"
        r"google(?: news)?|viber|spotify|threads|bluesky|mastodon|line)\b.{0,60}|"
        r"tilmeld dig (?:vores )?nyhedsbrev.{0,40}",
    ),
    "fi": (
        r"seuraa meitä (?:facebook|twitter|x|instagram|youtube|telegram|whatsapp|linkedin|tiktok|google(?: news)?|"
        r"viber|spotify|threads|bluesky|mastodon|line)\w*\b.{0,60}|tilaa (?:meidän )?uutiskirje.{0,40}",
        r"miten .{1,80}\? voit keskustella aiheesta .{1,40}|voit keskustella aiheesta .{1,40}",
    ),
    "cs": (
        r"sledujte nás (?:na|v) (?:facebook|twitter|x|instagram|youtube|telegram|whatsapp|linkedin|tiktok|"
        r"google(?: news)?|viber|spotify|threads|bluesky|mastodon|line)\w{0,4}\b.{0,60}|"
        r"přihlaste se k (?:odběru )?newsletteru.{0,40}",
    ),
    "tr": (
        r"(?:bizi |.{1,40}['’]?[ıiuü] )?(?:facebook|twitter|x|instagram|youtube|telegram|whatsapp|linkedin|tiktok|"
        r"google(?: news)?|viber|spotify|threads|bluesky|mastodon|line)['’]?(?:da|de|ta|te|dan|den)? takip ed(?:in|"
        r"ebilirsiniz).{0,40}|(?:bizi )?takip edin.{0,40}",
    ),
    "hu": (
        r"(?:kövess|kövessen) minket .{0,10}(?:facebook|twitter|x|instagram|youtube|telegram|whatsapp|linkedin|"
        r"tiktok|google(?: news)?|viber|spotify|threads|bluesky|mastodon|line)\w*\b.{0,60}|"
        r"iratkozz(?:on)? fel .{0,30}hírlevel.{0,60}",
    ),
    "ro": (
        r"urmărește-ne (?:pe|și pe) (?:facebook|twitter|x|instagram|youtube|telegram|whatsapp|linkedin|tiktok|"
        r"google(?: news)?|viber|spotify|threads|bluesky|mastodon|line)\b.{0,60}|"
        r"abonează-te la .{0,30}(?:newsletter|canal).{0,40}",
    ),
    "vi": (
        r"(?:mời|hãy) (?:bạn đọc |quý vị )?theo dõi .{1,60} trên (?:facebook|twitter|x|instagram|youtube|telegram|"
        r"whatsapp|linkedin|tiktok|google(?: news)?|viber|spotify|threads|bluesky|mastodon|line)\b.{0,60}|"
        r"theo dõi (?:chúng tôi|báo|kênh|fanpage)\b.{1,60}|đăng ký (?:nhận (?:bản )?tin|kênh)\b.{0,60}",
    ),
    "id": (
        r"(?:cek|simak|baca|ikuti|dapatkan) .{1,80}\b(?:google news|whatsapp|telegram|channel)\b.{0,80}",
    ),
    "hi": (
        r"(?:हमें|हमारे).{0,60}(?:सब्सक्राइब|फॉलो) (?:करें|कीजिए).{0,20}|हमार[ाीे] .{0,20}ऐप (?:डाउनलोड|"
        r"इंस्टॉल) करें.{0,20}",
    ),
    "th": (
        r"ติดตาม.{1,60}(?:ได้ที่|ผ่านทาง|ทาง).{0,60}|กดติดตาม.{0,40}",
    ),
    "el": (
        r"ακολουθήστε .{1,60}\b(?:στο|στα|στη) (?:facebook|twitter|x|instagram|youtube|telegram|whatsapp|linkedin|"
        r"tiktok|google(?: news)?|viber|spotify|threads|bluesky|mastodon|line)\b.{0,60}|"
        r"εγγραφείτε στο newsletter.{0,40}",
    ),
    "he": (
        r"(?:הצטרפו|הירשמו|עקבו) (?:ל|אחרינו).{1,60}",
    ),
}  # fmt: skip
"""Invitations: newsletters, apps, channels, donations, subscriptions, and what replaces the rest of a paid text."""

SHARE: Patterns = {
    "zh-Hans": (
        r"(?:收听|朗读|听)(?:本文|全文|文章|新闻)|字号|字体大小",
        r"分享(?:到|至|本文|文章|给朋友)?(?:[：:].*)?|转发|点击分享|点赞|收藏|打印(?:本页)?|复制链接",
    ),
    "zh-Hant": (
        r"(?:收聽|朗讀|聽)(?:本文|全文|文章|新聞)|字級|字體大小",
        r"分享(?:到|至|本文|文章|給朋友)?(?:[：:].*)?|轉發|轉寄|點讚|收藏|列印(?:本頁)?|複製連結",
    ),
    "en": (
        r"Shares? \d[\d,.]*k?",
        r"(?:listen to|hear|play) (?:this|the) (?:article|story|content|post|audio)|audio version|text size|"
        r"font size|print this (?:article|page)",
        r"Share(?: this(?: (?:article|post|story|page|entry))?| on(?: (?:facebook|twitter|x|linkedin|whatsapp|reddit|"
        r"email))?| via)?(?: ?[:：].*)?",
        r"Tweet(?: this)?|Like this|(?:like )?loading|Print(?: this)?|E-?mail(?: this)?|Copy link|Save(?: this)?|"
        r"Pin it|Bookmark",
    ),
    "de": (
        r"(?:(?:diesen|den) )?(?:artikel|beitrag|text) (?:anhören|vorlesen(?: lassen)?|hören|als pdf)|"
        r"auf die merkliste|schriftgröße",
        r"(?:(?:diesen )?(?:artikel|beitrag|seite) )?(?:teilen|drucken|merken|ausdrucken)(?: (?:auf|per|via) .{1,30})?",
        r"per (?:e-?mail|whatsapp) (?:teilen|versenden)|link kopieren|gefällt mir(?::? (?:lade|wird geladen))?",
    ),
    "fr": (
        r"écoute[rz] (?:cet|l['’]) ?article|(?:mettre|ajouter) (?:en|à (?:mes|vos)) favoris?|lire plus tard|"
        r"taille du texte",
        r"partager(?: (?:cet article|sur|par|via)\b.{0,40})?|imprimer|envoyer par e-?mail|copier le lien",
        r"j['’]aime(?: ça)?(?::? chargement)?",
    ),
    "es": (
        r"escucha[r]? (?:este|el) (?:artículo|contenido)|escucha[r]? (?:esta|la) (?:noticia|nota)|copiar link|"
        r"guardar (?:nota|artículo)|tamaño de (?:letra|texto)",
        r"compartir(?: (?:en|este artículo|por|vía)\b.{0,40})?|imprimir|enviar por (?:correo|e-?mail)|copiar enlace",
        r"me gusta(?: esto)?(?::? cargando)?",
    ),
    "ja": (
        r"(?:この)?(?:記事|ニュース)を(?:音声で)?(?:聞く|聴く|読み上げる)|文字サイズ(?:変更)?|印刷する",
        r"(?:この記事を)?(?:シェア|ツイート|共有|印刷|ブックマーク|ポスト)(?:する)?|はてなブックマーク(?:に追加)?",
        r"リンクをコピー(?:する)?|いいね",
    ),
    "ru": (
        r"(?:про)?слушать (?:статью|новость|текст)|ссылка скопирована|размер шрифта|версия для печати",
        r"поделиться(?: (?:ссылкой|в соцсетях|статьей|статьёй|с друзьями|в .{1,30}))?|распечатать|твитнуть",
        r"скопировать ссылку|отправить",
    ),
    "pt": (
        r"partilhar(?: (?:este artigo|no .{1,20}))?",
        r"ouça (?:este|esta|o|a) (?:conteúdo|matéria|artigo|notícia|reportagem)|ouvir (?:artigo|notícia|matéria)|"
        r"copiar (?:o )?link|tamanho da (?:letra|fonte)",
        r"compartilhe?(?:ar)?(?: (?:no|na|em|esta?|via)\b.{0,40})?|imprimir",
    ),
    "ko": (
        r"기사 ?(?:듣기|스크랩|인쇄)|글자 ?크기(?: ?조[정절])?|(?:링크|주소|URL) ?복사",
        r"공유(?:하기)?|기사 ?공유|(?:페이스북|트위터|카카오톡)(?:으로)? 공유(?:하기)?",
    ),
    "ar": (
        r"شارك(?:ها?| هذا (?:الخبر|المقال|الموضوع)| على .{1,30})?|مشاركة(?: (?:الخبر|المقال))?",
    ),
    "it": (
        r"ascolta (?:l['’]|questo |la |questa )(?:articolo|notizia)|copia (?:il )?link|stampa(?: (?:l['’]articolo|"
        r"questa pagina))?|condividi(?: (?:su|l['’]articolo|questo articolo|via)\b.{0,30})?|"
        r"dimensione (?:del )?testo",
    ),
    "nl": (
        r"(?:artikel )?delen(?: op .{1,20})?",
        r"luister naar dit artikel|deel (?:dit artikel|(?:op|via) (?:facebook|twitter|x|whatsapp|linkedin|e-?mail))|"
        r"kopieer (?:de )?link|artikel (?:printen|opslaan|bewaren)",
    ),
    "pl": (
        r"(?:po)?słuchaj (?:tego )?artykułu|udostępnij(?: (?:na|artykuł|w)\b.{0,30})?|skopiuj link|drukuj",
    ),
    "sv": (
        r"dela(?: artikeln| på .{1,20})?",
        r"lyssna på (?:artikeln|texten)|dela via (?:facebook|twitter|x|whatsapp|linkedin|e-?post)",
        r"kopiera länk(?:en)?|skriv ut",
    ),
    "no": (
        r"(?:hør|lytt til) (?:artikkelen|saken)|del (?:artikkelen|saken|(?:på|via) (?:facebook|twitter|x|whatsapp|"
        r"linkedin|e-?post))|kopier lenke(?:n)?|skriv ut",
    ),
    "da": (
        r"lyt til artiklen|del (?:artiklen|(?:på|via) (?:facebook|twitter|x|whatsapp|linkedin|e-?mail))|"
        r"kopiér link(?:et)?|udskriv",
    ),
    "fi": (
        r"kuuntele (?:juttu|artikkeli)|jaa (?:artikkeli|juttu|(?:facebook|twitter|whatsapp)\w*)|kopioi linkki|tulosta",
    ),
    "cs": (
        r"poslechnout článek|sdílet(?: (?:článek|na .{1,20}))?|kopírovat odkaz|vytisknout",
    ),
    "tr": (
        r"(?:haberi|yazıyı) (?:dinle|paylaş|yazdır)|(?:şurada |bunu )?paylaş|bağlantıyı kopyala|linki kopyala|"
        r"yazı boyutu|yazdır",
    ),
    "hu": (
        r"(?:cikk )?(?:megosztása|megosztás|nyomtatása|nyomtatás)|link másolása",
    ),
    "ro": (
        r"distribuie(?: (?:pe|articolul)\b.{0,30})?|copiază link(?:ul)?|ascultă articolul|tipărește",
    ),
    "vi": (
        r"chia sẻ(?: (?:bài viết|lên|trên)\b.{0,30})?|sao chép (?:liên kết|link)|in bài viết|nghe bài viết",
    ),
    "id": (
        r"bagikan(?: (?:artikel|berita|ke|di)\b.{0,30})?|salin (?:tautan|link)|dengarkan (?:artikel|berita)|cetak",
    ),
    "hi": (
        r"(?:कॉपी लिंक|लिंक कॉपी करें|शेयर(?: करें)?|खबर सुनें|प्रिंट)",
    ),
    "th": (
        r"แชร์(?:ข่าวนี้|บทความนี้)?|คัดลอกลิงก์|พิมพ์(?:หน้านี้)?",
    ),
    "el": (
        r"κοινοποίηση|μοιραστείτε(?: .{0,30})?|αντιγραφή συνδέσμου|εκτύπωση",
    ),
    "he": (
        r"שתפו(?: .{0,20})?|שיתוף|העתקת קישור|הדפסה",
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
        r"(?:hide|load|sort|see more) comments|(?:log|sign) in to (?:comment|reply|post a comment)\b.{0,30}",
        # "No comment." is an answer.
        r"(?:no (?:comments|replies|responses)|\d[\d,.]*k? (?:comments?|replies|responses))(?: yet| so far)?",
        r"comments? ?[(:]? ?\d+\)?",
        r"(?:leave|add|post|write) (?:a|your) (?:comment|reply|response)(?: below| here)?",
        r"(?:join|be part of) the (?:conversation|discussion).{0,30}",
        r"comments (?:are )?(?:closed|off|disabled)(?: .{0,40})?",
        r"(?:view|read|show|see)(?: all)?(?: the)?(?: \d+)? comments|comments",
        r"discuss(?: (?:this (?:article|post|story)|on .{1,30}|in (?:the|our) .{1,30}))?|be the first to comment",
        r"(?:article|comments) url ?[:：].{1,200}|(?:let us know|tell us)(?: what you think)? in the comments.{0,20}",
        r"what (?:do|did) you think\? .{0,60}comments?\b.{0,20}",
    ),
    "de": (
        r"kommentare (?:anzeigen|lesen|einblenden|laden|ausblenden)|zur? (?:debatte|diskussion)",
        r"(?:\d+|keine) kommentare?|kommentare?(?: ?\(\d+\))?",
        r"(?:einen )?kommentar (?:schreiben|hinterlassen|verfassen|abgeben)",
        r"(?:zu den|alle) kommentaren?(?: (?:ansehen|anzeigen))?|diskutieren sie mit.{0,40}|schreibe? einen kommentar",
    ),
    "fr": (
        r"poster un commentaire|afficher les commentaires|(?:réagissez|commentez)(?: (?:à )?(?:cet )?article)?",
        r"(?:\d+|aucun|pas de) commentaires?|commentaires?(?: ?\(\d+\))?",
        r"(?:laisser|ajouter|poster|écrire) (?:un|votre) commentaire|(?:voir|lire) (?:tous )?les commentaires",
        r"réagir(?: à cet article)?|commenter",
    ),
    "es": (
        r"mostrar (?:los )?comentarios|publicar (?:un )?comentario|(?:ver|ocultar) comentarios|"
        r"iniciar sesión para comentar",
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
    "pt": (
        r"\d+ comentários?|comentários?(?: ?\(?\d+\)?)?|(?:deixe|escreva|publique|envie|faça) (?:(?:o )?seu|"
        r"um) comentário|(?:ver|mostrar|todos os) comentários|deixe sua opinião|comente(?: (?:aqui|esta notícia))?",
    ),
    "it": (
        r"\d+ commenti|commenti?(?: ?\(?\d+\)?)?|(?:lascia|scrivi|pubblica|aggiungi) un commento|(?:mostra|vedi|"
        r"leggi) (?:tutti )?i commenti|commenta(?: (?:questo articolo|la notizia|qui))?",
    ),
    "nl": (
        r"(?:\d+|geen) reacties?|reacties?(?: ?\(?\d+\)?)?|(?:geef|plaats|schrijf) (?:een|je|uw) reactie|(?:bekijk|"
        r"toon) (?:alle )?reacties|reageer(?: (?:hier|nu|op dit artikel))?",
    ),
    "pl": (
        r"komentarze(?: ?\(?\d+\)?)?|\d+ komentarzy?|(?:dodaj|napisz|zostaw|skomentuj) komentarz|(?:pokaż|"
        r"zobacz) (?:wszystkie )?komentarze|skomentuj",
    ),
    "sv": (
        r"(?:\d+|inga) kommentarer|kommentarer(?: ?\(?\d+\)?)?|(?:skriv|lämna) en kommentar|visa kommentarer|"
        r"kommentera",
    ),
    "no": (
        r"(?:\d+|ingen) kommentarer|kommentarer(?: ?\(?\d+\)?)?|(?:skriv|legg igjen) en kommentar|vis kommentarer|"
        r"kommenter",
    ),
    "da": (
        r"(?:\d+|ingen) kommentarer|kommentarer(?: ?\(?\d+\)?)?|skriv en kommentar|vis kommentarer|kommentér",
    ),
    "fi": (
        r"\d+ kommenttia|kommentit(?: ?\(?\d+\)?)?|(?:kirjoita|jätä|lisää) kommentti|näytä kommentit|kommentoi",
    ),
    "cs": (
        r"komentáře(?: ?\(?\d+\)?)?|\d+ komentářů?|(?:přidat|napsat) komentář|vstoupit do diskuse|"
        r"diskuse(?: ?\(?\d+\)?)?",
    ),
    "tr": (
        r"\d+ yorum|yorumlar(?: ?\(?\d+\)?)?|yorum (?:yap|yaz|ekle|gönder)(?:ın)?|ilk yorumu (?:sen|siz) (?:yap|"
        r"yazın).{0,10}",
    ),
    "hu": (
        r"\d+ hozzászólás|hozzászólások(?: ?\(?\d+\)?)?|hozzászólok|szólj hozzá.{0,20}",
    ),
    "ro": (
        r"\d+ comentarii|comentarii(?: ?\(?\d+\)?)?|(?:adaugă|scrie|lasă) un comentariu",
    ),
    "vi": (
        r"(?:\d+ )?bình luận(?: ?\(?\d+\)?)?|(?:viết|gửi|xem) bình luận|ý kiến(?: bạn đọc)?(?: ?\(?\d+\)?)?",
    ),
    "id": (
        r"(?:\d+ )?komentar(?: ?\(?\d+\)?)?|(?:tulis|tinggalkan|beri|lihat) komentar.{0,20}",
    ),
    "ko": (
        r"(?:\d+개의 )?댓글(?: ?\(?\d+\)?)?|댓글 ?(?:쓰기|달기|보기|남기기)|\d*개의 댓글이 있습니다",
    ),
    "ar": (
        r"(?:\d+ )?تعليق(?:ات)?(?: ?\(?\d+\)?)?|(?:أضف|اكتب|اترك) تعليق(?:ا|ًا|ك|اً)?.{0,10}|لا توجد تعليقات",
    ),
    "hi": (
        r"(?:\d+ )?(?:टिप्पणियाँ|टिप्पणियां|कमेंट्स?)|(?:टिप्पणी|कमेंट) (?:करें|लिखें)",
    ),
    "th": (
        r"(?:\d+ )?ความคิดเห็น(?: ?\(?\d+\)?)?|แสดงความคิดเห็น",
    ),
    "el": (
        r"(?:\d+ )?σχόλια(?: ?\(?\d+\)?)?|(?:γράψτε|αφήστε) (?:το )?σχόλι[οό](?: σας)?",
    ),
    "he": (
        r"(?:\d+ )?תגובות(?: ?\(?\d+\)?)?|(?:הוסיפו|הוסף|כתבו) תגובה",
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
