"""Names of people, businesses and films, of several countries; a few of them hostile on purpose."""

import numpy as np

PEOPLE: dict[str, tuple[str, str]] = {
    "GB": (
        "Oliver Amelia George Isla Harry Ava Jack Freya Leo Florence Arthur Grace Alfie Niamh Siobhán",
        "Whitaker Hughes Okafor Pemberton Clarke Hargreaves O'Neill Ashworth Bannister Chowdhury Fletcher Llewellyn",
    ),
    "DE": (
        "Lukas Hannah Jürgen Mia Felix Emma Jonas Anneliese Björn Käthe Matthias Greta Uwe Leonie",
        "Müller Schäfer Weiß Hoffmann Böhm Krüger Lindner Vogel Engelhardt Kühn Albrecht Yılmaz Brandt",
    ),
    "UA": (
        "Олена Андрій Ірина Тарас Наталія Богдан Соломія Микола Оксана Юрій Дарина Остап Лесь Яна",
        "Шевченко Коваленко Бондаренко Ткачук Мельник Гриценко Савчук Лисенко Поліщук Марченко Руденко",
    ),
    "NL": (
        "Sanne Daan Femke Bram Lotte Thijs Maaike Jeroen Anouk Ruben Iris Sjoerd Willemijn Koen",
        "de Vries|van den Berg|Bakker|Jansen|Visser|van Dijk|Smit|Meijer|Mulder|Bos|van der Meer|Hendriks|'t Hart",
    ),
    "PL": (
        "Zofia Jakub Łucja Wojciech Małgorzata Paweł Agnieszka Krzysztof Hanna Stanisław Ewa Michał",
        "Kowalski Wiśniewska Wójcik Kamiński Lewandowska Zieliński Szymańska Dąbrowski Kozłowska Jankowski",
    ),
    "CL": (
        "Camila Benjamín Martina Vicente Sofía Joaquín Antonia Matías Isidora Sebastián Catalina Tomás",
        "González Muñoz Rojas Díaz Pérez Soto Contreras Silva Sepúlveda Fuentes Ñancupil Araya Echeverría",
    ),
    "ES": (
        "Lucía Hugo María Álvaro Paula Íñigo Carmen Javier Núria Pablo Aitana Gonzalo",
        "García Fernández López Ibáñez Ferrer Castaño Peña Ruiz Ortega Puig Zabala Cañete",
    ),
    "JP": (
        "陽菜 蓮 結衣 大翔 美咲 悠真 さくら 健太 葵 翔太 真由美 隆",
        "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 松本",
    ),
    "US": (
        "Emily Mason Olivia Ethan Jasmine Logan Madison Tyrone Hailey Carlos Brooke DeShawn Zoe Wyatt",
        "Johnson Williams Rodriguez Nguyen Kowalczyk McAllister Patel Washington Schneider Lopez Kim Fitzgerald",
    ),
}
COUNTRIES = tuple(PEOPLE)
CITIES = {
    "GB": "Leeds|Bristol|Cardiff|Glasgow|Norwich", "DE": "Köln|Leipzig|Hamburg|Nürnberg|Freiburg",
    "UA": "Львів|Одеса|Харків|Київ|Ужгород", "NL": "Utrecht|Rotterdam|Groningen|'s-Hertogenbosch|Delft",
    "PL": "Kraków|Łódź|Gdańsk|Wrocław|Poznań", "CL": "Santiago|Valparaíso|Concepción|Antofagasta|Ñuñoa",
    "ES": "Madrid|Sevilla|Bilbao|València|A Coruña", "JP": "大阪|京都|神戸|東京|札幌",
    "US": "Austin|Portland|Winston-Salem|St. Louis|Boise",
}  # fmt: skip
STREETS = {
    "GB": "Mill Lane|Station Road|Church Street", "DE": "Goethestraße|Am Markt|Bahnhofstraße",
    "UA": "вул. Шевченка|просп. Свободи|вул. Садова", "NL": "Kerkstraat|Dorpsweg|Singel",
    "PL": "ul. Długa|ul. Polna|al. Jana Pawła II", "CL": "Av. Providencia|Calle Huérfanos|Pasaje Los Ñires",
    "ES": "Calle Mayor|Gran Vía|Rúa do Franco", "JP": "本町|中央通り|桜丘", "US": "Main St|Oak Ave|5th Street",
}  # fmt: skip

STEMS = {
    "GB": "Kestrel|Thornbury|Bluebell|Harbour & Finch|Oakhurst|Redwing|Copperfield|Saltmarsh|Brindle|Ironbridge",
    "DE": "Nordlicht|Elbtal|Schwarzwald|Rheingold|Bergmann & Söhne|Hansekontor|Isarblick|Löwenstein|Kranich|Grünfeld",
    "UA": "Карпати|Світанок|Дніпровська хвиля|Зоря|Поділля|Барвінок|Степ|Кобзар|Чумацький шлях|Лелека",
    "NL": "Zonnebloem|Waterland|De Gouden Leeuw|Polderwind|Zeemeeuw|Molenzicht|Van Houten & Zn.|Tulpenhof|Deltaplan",
    "PL": "Bałtyk|Orzeł|Wisła|Mazury|Złoty Kłos|Tatry|Bursztyn|Jaskółka|Zamoyski|Polonez",
    "CL": "Cordillera|Araucaria|Los Andes|Patagonia|Viña del Sol|Mapocho|Ñandú|Copihue|Atacama|Llanquihue",
    "ES": "Meseta|Costa Brava|El Olivar|Torre del Oro|Miramar|Piñón|Alcázar|Cantábrico|La Manchega",
    "JP": "桜花|富士見|青空|北斗|日の出|みなと|若葉|白鷺|大和|千鳥",
    "US": "Lone Star|Blue Ridge|Cascade|Prairie Wind|Big Sur|Old Mill|Sequoia|Great Lakes|Silver Creek|Summit & Vale",
}
TRADES = {
    "GB": "Logistics|Dental Care|Solicitors|Travel|Insurance Brokers|Interiors|Software|Bakery|Motors|Estates|Pharmacy",
    "DE": "Spedition|Zahnklinik|Versicherungen|Reisen|Maschinenbau|Steuerberatung|Bäckerei|Autohaus|Apotheke",
    "UA": "Логістика|Аптека|Туризм|Страхування|Меблі|Авто|Будсервіс|Агро|Клініка|Книгарня",
    "NL": "Transport|Tandartsen|Advocaten|Reizen|Verzekeringen|Bloemen|Software|Makelaars|Apotheek|Fietsen",
    "PL": "Transport|Dentysta|Ubezpieczenia|Podróże|Meble|Kancelaria|Piekarnia|Budownictwo|Apteka|Oprogramowanie",
    "CL": "Transportes|Clínica Dental|Seguros|Viajes|Minería|Abogados|Panadería|Inmobiliaria|Farmacia|Exportaciones",
    "ES": "Logística|Clínica Dental|Seguros|Viajes|Reformas|Abogados|Conservas|Inmobiliaria|Farmacia|Informática",
    "JP": "運輸|歯科|保険|旅行|商事|製菓|不動産|薬局|電機|書店",
    "US": "Freight|Dental|Law Group|Travel|Insurance|Roofing|Software|Realty|Pharmacy|Auto Parts",
}
FORMS = {
    "GB": "Ltd|LLP|plc", "DE": "GmbH|AG|GmbH & Co. KG", "UA": "ТОВ|ПП|ТОВ", "NL": "B.V.|V.O.F.|N.V.",
    "PL": "Sp. z o.o.|S.A.|sp.j.", "CL": "SpA|Ltda.|S.A.", "ES": "S.L.|S.A.|S.L.U.", "JP": "株式会社|有限会社|合同会社",
    "US": "Inc.|LLC|Corp.",
}  # fmt: skip
SHOPS = {
    "GB": "{} Phone Point", "DE": "Call Shop {}", "UA": "Переговорний пункт «{}»", "NL": "Belwinkel {}",
    "PL": "Telecentrum {}", "CL": "Centro de llamados {}", "ES": "Locutorio {}", "JP": "テレホンショップ {}",
    "US": "{} Calling Center",
}  # fmt: skip

HOSTILE = (
    '"Quoted, with a comma" Trading Ltd',
    "<img src=x onerror=alert(1)> Media GmbH",
    "=1+1",
    "@SUM(A1:A9) Consulting",
    "شركة النور للاتصالات ذ.م.م",
    "מרכז שיחות ירושלים (1999) בע״מ",
    "O'Brien; DROP TABLE client;--",
    "{{ 7*7 }} ${jndi:x} Templates S.L.",
    "Line\u2028separator & <b>bold</b> LLC",
    "Extremely " + "Long-Winded International " * 9 + "Holdings",
    "👩‍💻 Remote Studio",
    "  spaces   around  ",
    "\u202egnihton\u202c Reversed Ltd",
    "007",
    "N/A",
)

TITLES = (
    ("Canal Cordillera", "live"), ("Meridian Sport 1", "live"), ("Meridian Sport 2", "live"), ("Новини 24", "live"),
    ("Derby del Sur: final", "live"), ("Wintergala Berlin", "live"), ("大阪花火 LIVE", "live"),
    ("Kyiv Jazz Night", "live"),
    ("The Lighthouse Keeper", "vod"), ("Tierra de nadie", "vod"), ("Останній трамвай", "vod"), ("Herbstlicht", "vod"),
    ("De laatste sluis", "vod"), ("夏の終わり", "vod"), ("Los años verdes", "vod"), ("A Quiet Harbour", "vod"),
    ("Paper Planes, season 1", "vod"), ("Paper Planes, season 2", "vod"), ("Cocina en casa", "vod"),
    ("Bez mapy", "vod"),
    ("Gott & Söhne", "vod"), ("Mind the Gap (documentary)", "vod"), ("=HYPERLINK: a heist", "vod"), ("Rain", "vod"),
)  # fmt: skip


def people(rng: np.random.Generator, rows: int, countries: np.ndarray | None = None) -> list[str]:
    """`rows` full names, each of the country whose position in `COUNTRIES` is given (else of any)."""
    where = rng.integers(0, len(COUNTRIES), rows) if countries is None else countries
    first, last = rng.integers(0, 1 << 30, rows), rng.integers(0, 1 << 30, rows)
    found = []
    for country, a, b in zip(where.tolist(), first.tolist(), last.tolist(), strict=True):
        given, family = given_and_family(country, a, b)
        found.append(f"{family} {given}" if COUNTRIES[country] == "JP" else f"{given} {family}")
    return found


def given_and_family(country: int, first: int, last: int) -> tuple[str, str]:
    """The two halves of a name, chosen by two numbers however large."""
    given, family = _SPLIT[country]
    return given[first % len(given)], family[last % len(family)]


def businesses(rng: np.random.Generator, countries: np.ndarray) -> list[str]:
    """A business's name for each country's position; a name that was given before gets its city."""
    picks = rng.integers(0, 1 << 30, (len(countries), 4)).tolist()
    seen: dict[str, int] = {}
    found = []
    for country, (a, b, c, d) in zip(countries.tolist(), picks, strict=True):
        stems, trades, forms, cities = _BUSINESS[country]
        stem, trade, form = stems[a % len(stems)], trades[b % len(trades)], forms[c % len(forms)]
        plain = {"UA": f"{form} «{stem} {trade}»", "JP": f"{form}{stem}{trade}"}.get(
            COUNTRIES[country], f"{stem} {trade} {form}"
        )
        seen[plain] = seen.get(plain, 0) + 1
        city = cities[d % len(cities)]
        found.append(
            plain if seen[plain] == 1 else f"{plain}, {city}" if seen[plain] == 2 else f"{plain}, {city} {seen[plain]}"
        )
    return found


def shops(rng: np.random.Generator, countries: np.ndarray) -> list[str]:
    """A call shop's name for each country's position."""
    picks = rng.integers(0, 1 << 30, (len(countries), 3)).tolist()
    found = []
    for country, (a, b, c) in zip(countries.tolist(), picks, strict=True):
        cities, streets = _BUSINESS[country][3], STREETS[COUNTRIES[country]].split("|")
        place = f"{cities[a % len(cities)]}, {streets[b % len(streets)]} {c % 97 + 1}"
        found.append(SHOPS[COUNTRIES[country]].format(place))
    return found


_SPLIT = [(given.split(), family.split("|") if "|" in family else family.split()) for given, family in PEOPLE.values()]
_BUSINESS = [tuple(part[country].split("|") for part in (STEMS, TRADES, FORMS, CITIES)) for country in COUNTRIES]
