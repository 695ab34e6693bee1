"""Notices of browsers, players and consent, and the tools of a page: language -> patterns.

Data for edge_patterns. Such a line stands for something that a feed does not have, so it goes wherever it stands.
"""

from __future__ import annotations

from .promotion_patterns import Patterns

NOTICES: Patterns = {
    "zh-Hans": (
        r"(?:您|你|当前|该)的?浏览器(?:版本过低|版本太旧|暂?不支持|未启用|已?禁用).{0,60}",
        r"(?:请|需要)(?:先)?(?:启用|开启|允许|打开)(?:浏览器的?)?\s?(?:JavaScript|JS|Cookies?).{0,30}",
        r"(?:该|此|本)?(?:视频|内容|音频|图片)(?:在您所在的(?:国家|地区).{0,20}|暂?时?(?:无法|不能)(?:播放|显示|加载|"
        r"观看)(?:[，,].{0,30})?)",
        r"(?:视频|音频|内容|播放器|评论|图片)?(?:正在|努力)?(?:(?:正在|努力)(?:加载|载入|缓冲)|(?:加载|载入|缓冲)中)"
        r"(?:[，,].{0,12})?",
        r"点击(?:加载|查看|展开|显示)(?:更多|全文|全部)|展开(?:全文|全部)|收起全文|播放视频|相关广告",
        r"(?:返回|回到)(?:首页|主页|网站首页|列表|顶部|上一页|目录|新闻列表|频道首页)|我要(?:纠错|报错|举报|反馈)|"
        r"(?:文章)?(?:纠错|报错|举报)|收藏(?:本文|此文|文章)",
    ),
    "zh-Hant": (
        r"(?:您|你|目前|此)的?瀏覽器(?:版本過舊|版本過低|不支援|未啟用|已?停用).{0,60}",
        r"(?:請|需要)(?:先)?(?:啟用|開啟|允許)(?:瀏覽器的?)?\s?(?:JavaScript|JS|Cookies?).{0,30}",
        r"(?:此|該|本)?(?:影片|內容|音訊|圖片)(?:在您所在的(?:國家|地區).{0,20}|暫?時?無法(?:播放|顯示|載入|觀看)(?:[，"
        r",].{0,30})?)",
        r"(?:影片|內容|播放器|留言|圖片)?(?:(?:正在|努力)(?:載入|讀取|緩衝)|(?:載入|讀取|緩衝)中)(?:[，,].{0,12})?",
        r"點擊(?:載入|查看|展開|顯示)(?:更多|全文|全部)|展開(?:全文|全部)|收起全文|播放影片|相關廣告",
        r"(?:返回|回到|回)(?:首頁|主頁|列表|頂部|上一頁|目錄|新聞列表)|我要(?:檢舉|回報|勘誤)|收藏(?:本文|此文|文章)",
    ),
    "en": (
        r"(?:sorry, |unfortunately,? )?your (?:web )?browser (?:does not|doesn['’]t|cannot|can['’]t|is not able to)"
        r" (?:currently )?(?:support|play|display|recogni[sz]e)\b.{0,120}",
        r"(?:please )?(?:enable|activate|turn on|allow) (?:java ?script|cookies)(?: in your browser)? to (?:view|see|"
        r"watch|play|load|display|listen to|read|use|experience) (?:this|the|our|it|comments?)\b.{0,80}",
        r"(?:please )?(?:enable|turn on) (?:java ?script|cookies)|(?:java ?script|cookies) (?:is|are) (?:disabled|"
        r"required|not (?:enabled|supported)|turned off)(?: (?:in|on) your .{1,30}| to (?:view|see|use) .{1,60})?",
        r"(?:sorry, )?this (?:video|audio|content|embed|media|clip|player|feature) (?:is|was) (?:currently |"
        r"no longer )?(?:not available|unavailable|blocked|restricted)(?: (?:in|for) your (?:region|country|area|"
        r"location|device))?(?:[.:] .{0,80})?",
        r"this (?:article|post|page|story) contains content (?:provided|hosted) by .{1,200}|allow .{1,30} content\??",
        r"(?:you (?:need|have|must)(?: to)?|please|to (?:view|see|watch|play) this (?:content|video|embed|post|"
        r"media),? (?:please|you (?:must|need to|have to))) (?:accept|allow|enable|consent to) .{0,40}"
        r"\bcookies\b.{0,120}",
        r"we need your (?:consent|permission) (?:to|before)\b.{0,120}",
        r"accept (?:all )?cookies(?: (?:and|to|&) .{0,40})?",
        r"(?:manage|change|update|open) (?:your )?(?:cookie|privacy|consent) (?:settings|preferences)",
        r"(?:we|this (?:site|website|page)) uses? cookies\b.{0,160}",
        r"(?:(?:video|audio|media)? ?player is )?loading(?: (?:the )?(?:comments|video|audio|player|content|form|poll|"
        r"posts?|tweets?))?|(?:please )?wait while .{1,40} loads",
        r"current time\s?[\d:]+|(?:duration|remaining time|loaded|progress|volume)\s?[:：]?\s?-?[\d:.]+%?|"
        r"stream type live|seek to live, .{0,40}|playback (?:rate|speed)|"
        r"(?:captions|subtitles|descriptions|chapters) (?:off, selected|"
        r"settings, opens .{0,40})|audio track|picture-in-picture|fullscreen|"
        r"(?:beginning|end) of dialog window\b.{0,60}|"
        r"this is a modal window.{0,60}|text ?color ?white.{0,200}|play (?:video|clip)|(?:un)?mute",
        r"(?:back|return|go back) to (?:the )?(?:top|home|home ?page|main page|blog|news|list|archive|overview|"
        r"all (?:posts|news|articles|stories)|article list|previous page)(?: of (?:the )?page)?",
        r"report (?:a|an) (?:typo|error|mistake)(?: (?:in|on) this (?:article|page))?|"
        r"(?:found|spotted|noticed) (?:a|an) (?:typo|error|mistake)\?.{0,120}|suggest an edit|improve this page|"
        r"edit this page(?: on .{1,20})?",
        r"(?:e-?mail|print|save|bookmark) this (?:article|story|page|post)|(?:save (?:for|to read)|read(?: it)?) later|"
        r"add to (?:favou?rites|reading list|bookmarks)|(?:jump|skip) to (?:(?:main )?content|recipe|comments)|"
        r"(?:open|view|click to (?:enlarge|expand)) image(?: in .{1,20})?|click to (?:enlarge|expand)",
        r"(?:join|follow) (?:us on )?(?:our )?(?:whatsapp|telegram|google news)(?: (?:channel|group))?(?: .{0,40})?|"
        r"add us as a preferred source on google|stay (?:updated|informed) with our .{1,40}",
    ),
    "de": (
        r"(?:ihr|dein) browser (?:unterstützt|kann)\b.{0,80}\b(?:nicht|kein\w*)\b.{0,40}",
        r"(?:bitte )?(?:aktivieren|erlauben|akzeptieren) sie (?:bitte )?(?:javascript|(?:die )?cookies)\b.{0,120}|"
        r"bitte (?:javascript|cookies) (?:aktivieren|akzeptieren|zulassen).{0,60}",
        r"an dieser stelle (?:findest du|finden sie|befindet sich|steht) .{0,60}inhalt\w*\b.{0,200}",
        r"(?:empfohlener|externer|externe|externen) (?:redaktioneller )?inhalte?(?: (?:von .{1,30}|laden|akzeptieren|"
        r"anzeigen|zulassen|immer anzeigen))?",
        r"um (?:dies\w+|den|das) (?:video|inhalt|beitrag|tweet|podcast|element)\w* .{0,60}(?:cookies|zustimm\w+|"
        r"akzeptieren|aktivieren|einwillig\w+)\b.{0,120}",
        r"ich bin damit einverstanden, dass mir externe inhalte .{0,120}",
        r"(?:das |der |die )?(?:video|inhalt|kommentare|player)? ?(?:wird geladen|werden geladen|lädt)",
        r"(?:zurück )?(?:zur (?:übersicht|startseite)|zum (?:seitenanfang|anfang|artikelanfang))|nach oben|"
        r"fehler (?:melden|gefunden\?.{0,80})|(?:artikel|seite) (?:ausdrucken|merken)",
    ),
    "fr": (
        r"(?:votre|ton) navigateur (?:ne|n['’]).{0,120}",
        r"(?:veuillez|merci d['’]) ?(?:activer|autoriser|accepter) (?:le |les )?(?:javascript|cookies)\b.{0,120}",
        r"ce(?:tte)? (?:contenu|vidéo|publication|média) (?:est|a été) (?:bloquée?|masquée?|indisponible) (?:car vous"
        r" n['’]|en raison de vos|dans votre)\b.{0,120}",
        r"(?:en cours de )?chargement(?: en cours| du lecteur| de la vidéo| des commentaires)?",
        r"retour (?:à la (?:liste|page d['’]accueil|une)|à l['’]accueil|en haut(?: de (?:la )?page)?)|haut de page|"
        r"signaler une (?:erreur|faute).{0,40}|imprimer (?:(?:cet|l['’]) ?article|la page|cette page)",
    ),
    "es": (
        r"(?:su|tu) navegador no (?:soporta|admite|es compatible|puede reproducir)\b.{0,80}",
        r"(?:por favor,? )?(?:activ[ae]|habilit[ae]|acept[ae]) (?:el |las |los )?(?:javascript|cookies)\b.{0,80}",
        r"cargando(?: (?:el |los )?(?:v[ií]deo|reproductor|comentarios|contenido))?",
        r"este (?:contenido|v[ií]deo) no está disponible en (?:su|tu) (?:país|región|zona).{0,60}",
        r"volver (?:al (?:inicio|índice|listado)|a (?:la portada|noticias|la lista)|arriba)|ir arriba|"
        r"imprimir (?:(?:este )?artículo|(?:la |esta )?página)|reportar (?:un )?error",
    ),
    "pt": (
        r"(?:o )?(?:seu|teu) navegador não (?:suporta|tem suporte|é compatível)\b.{0,80}",
        r"(?:por favor,? )?(?:ative|habilite|aceite) (?:o |os )?(?:javascript|cookies)\b.{0,80}",
        r"(?:carregando|a carregar)(?: (?:o |os )?(?:vídeo|player|comentários|conteúdo))?",
        r"voltar (?:ao (?:topo|início)|à (?:página inicial|lista|home)|para (?:o topo|a home))|"
        r"imprimir (?:(?:este |o )?artigo|(?:a |esta )?(?:página|notícia))",
    ),
    "it": (
        r"il (?:tuo|suo|vostro) browser non\b.{0,80}",
        r"(?:per favore,? )?(?:attiva(?:re)?|abilita(?:re)?|accetta(?:re)?) (?:javascript|i cookies?)\b.{0,80}",
        r"caricamento(?: (?:in corso|del (?:video|player)|(?:dei )?commenti))?",
        r"torna (?:su|all['’]inizio|alla (?:home|lista|homepage))|"
        r"stampa (?:(?:questo |l['’])?articolo|(?:la |questa )?pagina)",
    ),
    "nl": (
        r"(?:uw|je|jouw) browser (?:ondersteunt|kan)\b.{0,60}\b(?:geen|niet)\b.{0,40}",
        r"(?:schakel|zet) (?:javascript|cookies) (?:in|aan)\b.{0,60}|accepteer (?:de |onze )?cookies\b.{0,80}",
        r"bezig met laden|(?:de )?(?:video|inhoud) wordt geladen",
        r"terug naar (?:boven|(?:het )?overzicht|(?:de )?(?:home|homepage|startpagina))|naar boven",
    ),
    "ja": (
        r"(?:お使い|ご利用)の(?:ウェブ)?ブラウザー?.{0,60}(?:ません|ない(?:ようです)?|ください).{0,20}",
        r"(?:JavaScript|Cookie)を有効に(?:して.{0,30}|する.{0,20})",
        r"(?:動画|コメント|コンテンツ|画像)?を?(?:読み込み中|読込中|ロード中)(?:です)?(?:[、,].{0,20})?",
        r"(?:この)?動画は(?:現在)?(?:再生|ご覧に?|視聴)(?:いただけません|できません|なれません).{0,20}",
        r"(?:ページの?)?(?:トップ|先頭|上部)(?:ページ)?[へに](?:戻る|もどる)|(?:記事)?一覧[へに](?:戻る|もどる)|"
        r"(?:記事|このページ)を印刷(?:する)?|アプリで(?:開く|読む)|(?:もっと|さらに)(?:見る|読み込む)|フォローする",
    ),
    "ko": (
        r"(?:사용 ?중인 |현재 )?브라우저(?:는|가|에서는|에서).{0,40}(?:지원하지 않|재생할 수 없).{0,20}",
        r"(?:자바스크립트|javascript|쿠키)(?:를|을) (?:활성화|허용|사용).{0,40}",
        r"(?:로딩|로드) ?중(?:입니다)?|불러오는 중(?:입니다)?",
        r"(?:목록|맨 ?위|메인)(?:으로|로)(?: (?:가기|돌아가기|이동))?|(?:기사 )?(?:인쇄|프린트)(?:하기)?",
        r"오류 신고(?:하기)?",
    ),
    "ru": (
        r"ваш браузер (?:не поддерживает|устарел)\b.{0,80}",
        r"(?:пожалуйста, )?(?:включите|разрешите) (?:javascript|cookies?|куки)\b.{0,100}",
        r"(?:идёт |идет )?загрузка(?: (?:видео|плеера|комментариев))?|загружается",
        r"(?:вернуться|назад) (?:к списку(?: (?:новостей|статей))?|на главную(?: страницу)?|наверх|в начало)|наверх|"
        r"на главную|сообщить об (?:ошибке|опечатке)|распечатать|печать",
    ),
    "uk": (
        r"ваш браузер не підтримує\b.{0,80}|(?:увімкніть|дозвольте) (?:javascript|cookies?)\b.{0,80}",
        r"завантаження(?: (?:відео|коментарів))?|знайшли (?:помилку|одрук)\?.{0,120}",
        r"(?:повернутися )?(?:до списку|на головну|нагору|вгору)",
    ),
    "sv": (
        r"din webbläsare (?:stöder inte|saknar stöd)\b.{0,80}",
        r"(?:aktivera|slå på|tillåt|godkänn) (?:javascript|cookies|kakor)\b.{0,60}",
        r"laddar(?: (?:video|spelaren|innehåll))?|(?:tillbaka )?till (?:toppen|startsidan|översikten)",
    ),
    "pl": (
        r"(?:twoja|ta) przeglądarka nie (?:obsługuje|wspiera)\b.{0,80}",
        r"(?:proszę )?(?:włącz|włączyć|zaakceptuj) (?:obsługę )?(?:javascript|pliki cookie|cookies)\b.{0,80}",
        r"(?:trwa )?(?:ładowanie|wczytywanie)|(?:wróć|powrót) (?:na górę|do (?:góry|listy|strony głównej))",
    ),
    "tr": (
        r"tarayıcınız .{0,60}desteklemiyor.{0,20}",
        r"(?:lütfen )?(?:javascript|çerezler)\S{0,6} .{0,30}(?:etkinleştirin|kabul edin|açın)",
        r"(?:video )?yükleniyor|başa dön|yukarı (?:çık|git)|ana ?sayfaya dön|listeye dön",
    ),
    "ar": (
        r"متصفحك لا يدعم.{0,60}",
        r"(?:يرجى |الرجاء )?(?:تفعيل|تمكين) (?:جافا ?سكريبت|javascript|ملفات تعريف الارتباط).{0,60}",
        r"جار[يٍ]? ?(?:التحميل|تحميل.{0,20})|(?:العودة|الرجوع) (?:إلى|الى) (?:الأعلى|الرئيسية|الصفحة الرئيسية|القائمة)",
    ),
}  # fmt: skip
"""Notices of browsers, players and consent, what a player shows, and the tools of a page."""
