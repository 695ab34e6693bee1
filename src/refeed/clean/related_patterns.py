"""What leads a reader away from an article, to others or to advertisements: language -> patterns. Data only, for
edge_patterns."""

from __future__ import annotations

from .promotion_patterns import Patterns

_BOTH: Patterns = {
    "hu": (
        r"(?:olvasd el|olvassa el|nézd meg) (?:ezt |ezeket )?is|kapcsolódó (?:cikkek?|cikkünk)|ez is érdekelhet",
    ),
    "ro": (
        r"cit(?:ește|iți|ește) și|pe aceeași temă|articole (?:similare|recomandate)",
    ),
    "vi": (
        r"xem (?:thêm|tiếp)|đọc (?:thêm|tiếp)|(?:tin|bài(?: viết)?) (?:liên quan|cùng chuyên mục)|có thể bạn quan tâm",
    ),
    "id": (
        r"(?:baca|lihat|simak|tonton) (?:juga|pula|selengkapnya)|(?:artikel|berita) (?:terkait|lainnya|rekomendasi)|"
        r"rekomendasi untuk anda",
    ),
    "hi": (
        r"(?:यह|ये|इसे) भी (?:पढ़ें|पढ़ें|देखें)|(?:संबंधित|सम्बंधित) (?:खबरें|ख़बरें|लेख|समाचार)|और पढ़ें",
    ),
    "th": (
        r"(?:ข่าว|เรื่อง|บทความ|เนื้อหา)ที่เกี่ยวข้อง|อ่าน(?:เพิ่มเติม|ต่อ|ข่าวอื่น)",
    ),
    "el": (
        r"διαβάστε (?:επίσης|ακόμα|ακόμη|περισσότερα|και)|δείτε (?:επίσης|ακόμα|ακόμη)|σχετικά (?:άρθρα|θέματα|νέα)",
    ),
    "he": (
        r"קראו? (?:גם|עוד|בנוסף)|כתבות (?:קשורות|נוספות)|עוד בנושא",
    ),
    "uk": (
        r"(?:читайте|дивіться|слухайте) (?:також|ще)|(?:більше|новини) (?:за темою|по темі)|за темою",
    ),
}  # fmt: skip
"""Of these languages, the labels of lists and those alone in a line are the same."""

RELATED: Patterns = {
    **_BOTH,
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
        r"lire aussi sur .{2,40}|(?:lire|voir|écouter) aussi notre .{2,40}|l['’]auteur vous recommande",
        r"(?:à )?(?:lire|voir|écouter|découvrir) (?:aussi|également|plus)|à (?:lire|découvrir)",
        r"sur le même (?:sujet|thème)|voir aussi",
        r"articles? (?:similaires?|connexes?|liés?|associés?|récents?|recommandés?)|les plus (?:lus|récents|consultés)",
        r"dans la même rubrique|(?:vous aimerez|vous pourriez) (?:aussi|peut-être|aimer|également)(?: aimer)?",
        r"(?:ceci|cela) (?:peut|pourrait) vous intéresser|(?:notre|nos|le|lire notre) dossiers?",
        r"(?:article|billet) (?:suivant|précédent)|plus (?:sur|de) [^.!?]{1,50}",
    ),
    "es": (
        r"(?:seguí|seguir|sigue) leyendo|te recomendamos leer",
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

READ_ALSO: Patterns = {
    **_BOTH,
    "zh-Hans": (
        r"(?:相关|延伸|推荐|扩展|拓展|关联|更多)(?:阅读|报道|新闻|"
        r"文章)|另请?参阅|(?:点击)?(?:阅读|查看)更多|猜你喜欢",
    ),
    "zh-Hant": (
        r"(?:相關|延伸|推薦|更多)(?:閱讀|報導|報道|新聞|文章)|(?:看|"
        r"閱讀)?更多(?:新聞|報導|文章)|同場加映|你可能(?:還|也)?想看",
    ),
    "en": (
        r"(?:(?:please )?(?:also|must|further)[- ]?(?:read(?:ing)?|see|watch)|"
        r"(?:read|see|watch|listen) (?:also|more|next|this next))",
        r"related(?: (?:articles?|stories|story|posts?|coverage|reading|news|video))?|recommended(?: (?:for you|"
        r"reading|stories))?",
        r"you (?:may|might) (?:also )?(?:like|be interested in)|(?:latest|more) (?:videos|stories|news)(?: from)?|"
        r"read more here",
    ),
    "de": (
        r"(?:lesen|sehen|hören) sie (?:auch|hier|dazu|hierzu|mehr)|lies auch|(?:auch )?interessant|mehr zum thema|"
        r"zum weiterlesen|siehe dazu auch",
    ),
    "fr": (
        r"lire aussi sur .{2,40}|(?:lire|voir|écouter) aussi notre .{2,40}|l['’]auteur vous recommande",
        r"(?:à )?(?:lire|voir|écouter) (?:aussi|également|plus)|(?:à )?lire (?:la suite|notre article)|"
        r"sur le même sujet|lisez aussi|pour aller plus loin",
    ),
    "es": (
        r"(?:seguí|seguir|sigue) leyendo|te recomendamos leer",
        r"(?:lea|lee|leer|ver|vea|mira|mire|sigue leyendo) (?:también|además|más)|(?:también|además) (?:lea|lee|"
        r"puedes leer|puede leer|te puede interesar)",
        r"(?:te|le) (?:puede|podría|recomendamos)(?: (?:interesar|leer))?|(?:notas?|noticias?|"
        r"artículos?) relacionad[oa]s?",
    ),
    "pt": (r"(?:leia|veja|ouça|confira) (?:também|mais|ainda)|(?:notícias|matérias) relacionadas|saiba mais",),
    "it": (
        r"(?:leggi|vedi|guarda|leggete) anche|per approfondire|articoli correlati|"
        r"(?:ti )?potrebbe interessarti(?: anche)?",
    ),
    "nl": (r"lees (?:ook|meer|verder)|bekijk ook|gerelateerd",),
    "ja": (
        r"(?:あわせて|合わせて|併せて)読みたい|(?:関連|こちらも|おすすめ)(?:記事|"
        r"ニュース|おすすめ)|こちらも(?:おすすめ|読まれています)|【?関連】?",
    ),
    "ko": (r"(?:관련|추천|함께 보면 좋은) ?(?:기사|뉴스|글)|함께 (?:읽기|보기)",),
    "ru": (
        r"(?:читайте|смотрите|слушайте) (?:также|ещё|еще|по теме)|(?:по теме|материалы по теме|см\. ?также|"
        r"читать также)",
    ),
    "ar": (
        r"(?:اقرأ|إقرأ|اقرا|شاهد|طالع|اقرأوا) (?:أيضا|ايضا|أيضاً|أيضًا|ايضاً|المزيد)|(?:مواضيع|أخبار) ذات صلة|"
        r"قد يهمك(?: أيضاً?)?",
    ),
    "sv": (r"läs (?:också|även|mer)|se också",),
    "no": (r"les (?:også|mer)|se også",),
    "da": (r"læs (?:også|mere)|se også",),
    "fi": (r"lue (?:myös|lisää)|katso myös",),
    "pl": (r"(?:czytaj|zobacz|przeczytaj) (?:też|także|również|więcej)|polecamy",),
    "cs": (r"(?:čtěte|přečtěte si|podívejte se) (?:také|též|i)|mohlo by vás zajímat",),
    "tr": (r"(?:ayrıca|bunu da|bunları da) (?:okuyun|oku|bakın)|ilgili (?:haber|haberler)",),
}  # fmt: skip
"""Labels that send a reader to another article. With the title behind a colon, or alone, such a line goes anywhere."""

ADS: Patterns = {
    "zh-Hans": (r"广告|(?:以下为?|本文含|文章)?广告(?:内容|时间|之后继续阅读)?|赞助内容|推广(?:内容)?",),
    "zh-Hant": (
        r"廣告|(?:請|請您)?(?:繼續往下閱讀|往下閱讀|看完廣告後繼續).{0,6}|贊助內容|廣編特輯",
    ),
    "en": (
        r"(?:advertise?ments?(?: - (?:story|article) continues below)?|sponsored(?: content| message| links?)?|"
        r"ad feedback|paid (?:content|post|promotion))",
        r"(?:(?:the )?(?:story|article|text|content|post) )?continues? (?:below|after)(?: (?:this|the) )?"
        r" ?(?:ad|advert|advertisements?|video|message|gallery)?|"
        r"(?:scroll down|keep scrolling|skip ad|skip advert\w*|about these ads|remove ads|"
        r"report (?:this )?ad)(?: .{0,30})?",
        r"(?:article|story) continues below(?: .{0,20})?|continue reading (?:below|after (?:the|this) ad\w*)",
    ),
    "de": (
        r"(?:anzeige|werbung|advertorial|nach der (?:werbung|anzeige) (?:weiterlesen|geht es weiter))|"
        r"weiterlesen nach (?:der|dieser) anzeige",
    ),
    "fr": (
        r"publicité|annonce|contenu sponsorisé|(?:la suite|l['’]article continue) après (?:la|cette) (?:publicité|"
        r"pub)",
    ),
    "es": (
        r"publicidad|anuncio|contenido patrocinado|(?:la nota|el artículo|sigue) continúa? ?(?:después|debajo|"
        r"tras) (?:de )?(?:la |el )?(?:publicidad|anuncio)",
    ),
    "pt": (
        r"publicidade|anúncio|conteúdo patrocinado|continua (?:depois|após|abaixo)(?: d?a)? ?(?:publicidade|"
        r"propaganda)?",
    ),
    "it": (
        r"pubblicità|annuncio pubblicitario|contenuto sponsorizzato|(?:l['’]articolo )?continua dopo la pubblicità",
    ),
    "nl": (r"advertentie|(?:artikel|tekst|het artikel) gaat (?:verder|door) onder de (?:advertentie|foto|video)",),
    "ja": (
        r"広告|(?:スポンサー(?:ド)?リンク|スポンサード(?:サーチ)?|PR)|"
        r"(?:記事は|この記事は)?広告の(?:後|あと|下)に(?:も)?続きます",
    ),
    "ko": (r"광고|스폰서 ?링크|(?:기사는 )?광고 (?:뒤|아래)에(?:도)? 계속(?:됩니다)?",),
    "ru": (r"реклама|на правах рекламы|продолжение (?:материала |после рекламы|под рекламой).{0,20}",),
    "ar": (r"إعلان|اعلان|إعلانات|محتوى مدفوع",),
    "sv": (r"annons|artikeln fortsätter efter annonsen|reklam",),
    "no": (
        r"annonse|annonsørinnhold|saken fortsetter (?:etter|under) annonsen|artikkelen fortsetter (?:etter|"
        r"under) (?:annonsen|bildet)",
    ),
    "da": (r"annonce|artiklen fortsætter (?:efter|under) annoncen",),
    "fi": (r"mainos|juttu jatkuu mainoksen jälkeen|artikkeli jatkuu (?:mainoksen|kuvan) (?:jälkeen|alla)",),
    "pl": (r"reklama|(?:dalsza część tekstu|artykuł) (?:pod reklamą|poniżej)|tekst sponsorowany",),
    "cs": (r"(?:reklama|inzerce)|článek pokračuje pod (?:reklamou|videem)",),
    "tr": (r"reklam|(?:haberin|yazının) devamı (?:reklamdan sonra|aşağıda)",),
    "hu": (
        r"hirdetés|reklám|a cikk a hirdetés után folytatódik",
    ),
    "ro": (
        r"publicitate|articolul continuă (?:după|mai jos).{0,30}",
    ),
    "vi": (
        r"quảng cáo",
    ),
    "id": (
        r"iklan|(?:advertisement )?scroll (?:untuk|to) (?:melanjutkan|lanjut|resume).{0,30}",
    ),
    "hi": (
        r"विज्ञापन",
    ),
    "th": (
        r"โฆษณา",
    ),
    "el": (
        r"διαφήμιση|η συνέχεια (?:μετά|κάτω από) (?:τη|την) διαφήμιση",
    ),
    "he": (
        r"פרסומת|תוכן ממומן",
    ),
    "uk": (
        r"реклама|на правах реклами",
    ),
}  # fmt: skip
"""Labels of advertisements, and of a text that continues below one. A line of it goes wherever it stands."""
