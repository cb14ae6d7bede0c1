"""Texts of the storage page: key → (English, French)."""

TEXTS: dict[str, tuple[str, str]] = {
    "storage.title": ("Storage", "Stockage"),
    "storage.empty": (
        "Nothing is stored yet. To load two years: {command}",
        "Rien n’est encore enregistré. Pour charger deux ans\u202f: {command}",
    ),
    "storage.refused": (
        "This database user may not ask for sizes: give it the role read or readWrite on this database.",
        "Cet utilisateur de la base n’a pas le droit de demander les tailles\u202f: donnez-lui le rôle read ou "
        "readWrite sur cette base.",
    ),
    "storage.regular": ("as ordinary documents", "en documents ordinaires"),
    "storage.timeseries": ("as a time series", "en série temporelle"),
    "storage.form.regular": ("documents", "documents"),
    "storage.form.timeseries": ("time series", "série temporelle"),
    # --- 1. the answer
    "storage.answer.title": (
        "How much smaller is the time series?",
        "Combien la série temporelle fait-elle gagner\u202f?",
    ),
    "storage.answer.subtitle": (
        "on disk, indexes included, all meters together",
        "sur disque, index compris, tous compteurs confondus",
    ),
    "storage.answer.less": (
        "Your {readings} readings take {timeseries} as a time series and {regular} as ordinary documents: "
        "{percent} less.",
        "Vos {readings} relevés occupent {timeseries} en série temporelle et {regular} en documents ordinaires\u202f: "
        "{percent} de moins.",
    ),
    "storage.answer.more": (
        "Your {readings} readings take {timeseries} as a time series and {regular} as ordinary documents: "
        "{percent} more.",
        "Vos {readings} relevés occupent {timeseries} en série temporelle et {regular} en documents ordinaires\u202f: "
        "{percent} de plus.",
    ),
    "storage.answer.of": ("{source}: {sentence}", "{source}\u202f: {sentence}"),
    "storage.answer.measured": (
        "Measured on MongoDB {version} on {at} UTC.",
        "Mesuré sur MongoDB {version} le {at} UTC.",
    ),
    "storage.answer.unsettled": (
        "The server has not written these readings to its files yet: sizes on disk come out too small. It does so "
        "within a minute.",
        "Le serveur n’a pas encore écrit ces relevés dans ses fichiers\u202f: les tailles sur disque sont trop "
        "petites. Il le fera d’ici une minute.",
    ),
    "storage.answer.few": (
        "With so few readings the sizes are mostly those of empty files; load more to see the difference.",
        "Avec si peu de relevés, on mesure surtout des fichiers vides\u202f; chargez-en davantage pour voir la "
        "différence.",
    ),
    # --- 2. bars
    "storage.bars.title": ("Where is the difference?", "Où se fait la différence\u202f?"),
    "storage.bars.subtitle": (
        "bytes; each pair of bars has its own scale",
        "octets\u202f; chaque paire de barres a sa propre échelle",
    ),
    "storage.data": ("Data", "Données"),
    "storage.storage": ("Storage on disk", "Stockage sur disque"),
    "storage.index": ("Indexes", "Index"),
    "storage.total": ("Storage and indexes", "Stockage et index"),
    "storage.each": ("Bytes a reading", "Octets par relevé"),
    "storage.readings": ("Readings", "Relevés"),
    "storage.buckets": ("Buckets and their fill", "Paquets et remplissage"),
    # --- the numbers, one by one
    "storage.numbers.title": ("What do these numbers measure?", "Que mesurent ces chiffres\u202f?"),
    "storage.numbers.subtitle": (
        "both collections, as the server reports them ($collStats)",
        "les deux collections, telles que le serveur les décrit ($collStats)",
    ),
    "storage.numbers.what": ("Number", "Grandeur"),
    "storage.numbers.saved": ("Saved", "Gain"),
    "storage.numbers.regular": ("Documents", "Documents"),
    "storage.numbers.timeseries": ("Time series", "Série temporelle"),
    "storage.why.readings": (
        "Energy over one interval each; both collections hold the same ones.",
        "Chacun est l’énergie d’un intervalle\u202f; les deux collections contiennent les mêmes.",
    ),
    "storage.why.data": (
        "Before compression on disk: one document a reading, or buckets whose columns the server has packed already. "
        "Atlas M0 and Flex count this, with the indexes.",
        "Avant compression sur disque\u202f: un document par relevé, ou des paquets dont le serveur a déjà tassé les "
        "colonnes. C’est ce que comptent Atlas M0 et Flex, avec les index.",
    ),
    "storage.why.storage": (
        "Compressed pages in the server’s files that hold readings (snappy for documents, zstd for time series).",
        "Pages compressées des fichiers du serveur qui contiennent des relevés (snappy pour les documents, zstd pour "
        "les séries temporelles).",
    ),
    "storage.why.free": (
        "Another {regular} and {timeseries} are kept free for the next readings.",
        "{regular} et {timeseries} de plus restent libres pour les prochains relevés.",
    ),
    "storage.why.index": (
        "What finds a meter and a time: an entry for each document and another for its _id, but one for a whole "
        "bucket.",
        "Ce qui retrouve un compteur et un instant\u202f: une entrée par document et une autre pour son _id, mais une "
        "seule par paquet.",
    ),
    "storage.why.total": (
        "All that is on disk: what a dedicated cluster has to hold.",
        "Tout ce qui est sur disque\u202f: ce qu’un cluster dédié doit contenir.",
    ),
    "storage.why.each": (
        "Storage and indexes, divided by the readings.",
        "Stockage et index, divisés par le nombre de relevés.",
    ),
    "storage.why.buckets": (
        "Readings of one meter that stand together, at most 1,000 over 30 days; the fuller, the smaller.",
        "Relevés d’un même compteur rangés ensemble, 1\u202f000 au plus sur 30 jours\u202f; plus ils sont "
        "pleins, moins ils prennent de place.",
    ),
    "storage.fill": ("{buckets} × {fill}", "{buckets} × {fill}"),
    "storage.unknown": ("not told by this server", "non communiqué par ce serveur"),
    # --- 3. why
    "storage.bucket.title": ("Why is it smaller?", "Pourquoi est-ce plus petit\u202f?"),
    "storage.bucket.subtitle": (
        "the oldest readings of the first meter, as they are stored (UTC)",
        "les plus anciens relevés du premier compteur, tels qu’ils sont enregistrés (UTC)",
    ),
    "storage.bucket.documents": ("As ordinary documents", "En documents ordinaires"),
    "storage.bucket.repeats": (
        "Every reading repeats the names of its fields and its meter: about {bytes} each.",
        "Chaque relevé répète les noms de ses champs et son compteur\u202f: environ {bytes} chacun.",
    ),
    "storage.bucket.more": ("… and {count} more like these", "… et {count} autres semblables"),
    "storage.bucket.sum": (
        "{count} of them: {bytes}, and {entries} index entries",
        "{count} en tout\u202f: {bytes}, et {entries} entrées d’index",
    ),
    "storage.bucket.bucket": ("As one bucket", "En un seul paquet"),
    "storage.bucket.once": (
        "The meter stands there once. What is alike stands in columns, of which only the differences are kept.",
        "Le compteur n’y figure qu’une fois. Ce qui se ressemble est mis en colonnes, dont seules les différences sont "
        "gardées.",
    ),
    "storage.bucket.columns": ("… {count} readings in columns", "… {count} relevés en colonnes"),
    "storage.bucket.packed": (
        "{count} readings: {bytes}, and 1 index entry",
        "{count} relevés\u202f: {bytes}, et 1 entrée d’index",
    ),
    "storage.bucket.own": (
        "Yours: {readings} readings in {buckets} buckets, {fill} in each on average, of at most 1,000.",
        "Les vôtres\u202f: {readings} relevés dans {buckets} paquets, {fill} par paquet en moyenne, sur "
        "1\u202f000 au plus.",
    ),
    "storage.bucket.untold": (
        "This server does not tell how many buckets there are.",
        "Ce serveur ne dit pas combien il y a de paquets.",
    ),
    # --- 4. projection
    "storage.projection.title": ("What would a thousand meters take?", "Et pour mille compteurs\u202f?"),
    "storage.projection.subtitle": (
        "meters that fit into each Atlas tier, logarithmic; the line is your choice",
        "compteurs qui tiennent dans chaque offre Atlas, échelle logarithmique\u202f; le trait est votre choix",
    ),
    "storage.projection.axis": ("meters that fit", "compteurs qui tiennent"),
    "storage.projection.hollow": ("does not fit", "ne tient pas"),
    "storage.count.meter": ("{count} meter", "{count} compteur"),
    "storage.count.meters": ("{count} meters", "{count} compteurs"),
    "storage.count.year": ("{count} year", "{count} an"),
    "storage.count.years": ("{count} years", "{count} ans"),
    "storage.projection.tier": ("{name}, {limit}", "{name}, {limit}"),
    "storage.projection.hover": (
        "{form}: room for {meters}; {wish} would take {bytes}",
        "{form}\u202f: de la place pour {meters}\u202f; {wish} prendraient {bytes}",
    ),
    "storage.projection.meters": ("Meters", "Compteurs"),
    "storage.projection.years": ("Years", "Années"),
    "storage.projection.step": ("Minutes from reading to reading", "Minutes d’un relevé à l’autre"),
    "storage.fits.title": ("Where does each form stop fitting?", "Jusqu’où chaque forme tient-elle\u202f?"),
    "storage.fits.subtitle": (
        "a straight line through your own sizes, indexes included",
        "une droite passant par vos propres tailles, index compris",
    ),
    "storage.fits.wish": (
        "{meters} over {years}, a reading every {step} minutes: {readings} readings.",
        "{meters} sur {years}, un relevé toutes les {step} minutes\u202f: {readings} relevés.",
    ),
    "storage.fits.needs": (
        "{form}: {bytes}. The smallest tier that holds it is {tier}.",
        "{form}\u202f: {bytes}. La plus petite offre qui suffit est {tier}.",
    ),
    "storage.fits.none": (
        "{form}: {bytes}, more than any tier up to {tier} is created with.",
        "{form}\u202f: {bytes}, plus que n’en a à sa création aucune offre jusqu’à {tier}.",
    ),
    "storage.fits.tier": ("Tier", "Offre"),
    "storage.fits.regular": ("Documents fit up to", "Documents\u202f: jusqu’à"),
    "storage.fits.timeseries": ("Time series fits up to", "Série temporelle\u202f: jusqu’à"),
    "storage.fits.quota": ("{limit} of data and indexes", "{limit} de données et d’index"),
    "storage.fits.disk": ("{limit} of disk", "{limit} de disque"),
    "storage.fits.formula": (
        "How this is computed: bytes = fixed part (the empty files) + bytes a reading × readings",
        "Le calcul\u202f: octets = part fixe (les fichiers vides) + octets par relevé × relevés",
    ),
    "storage.fits.measured": ("Your sizes", "Vos tailles"),
    "storage.fits.fixed": ("Fixed", "Part fixe"),
    "storage.fits.each": ("Bytes a reading", "Octets par relevé"),
    "storage.fits.counts.quota": ("data and indexes (M0, Flex)", "données et index (M0, Flex)"),
    "storage.fits.counts.disk": ("storage and indexes (M10 and up)", "stockage et index (M10 et plus)"),
    "storage.fits.readings": (
        "readings = meters × years × 365.25 days × 24 × 60 / minutes from reading to reading",
        "relevés = compteurs × années × 365,25 jours × 24 × 60 / minutes d’un relevé à l’autre",
    ),
    "storage.fits.source": (
        "Measured on {readings} readings of {source}. Fewer readings than a thousand a bucket, or a larger share of "
        "unusual ones, take more. Limits: Atlas M0 and Flex count data and indexes; a dedicated tier has the disk it "
        "is created with, which can be enlarged.",
        "Mesuré sur {readings} relevés de {source}. Des paquets moins remplis, ou davantage de relevés inhabituels, "
        "prennent plus de place. Limites\u202f: Atlas M0 et Flex comptent données et index\u202f; une offre dédiée a "
        "le disque avec lequel elle est créée, qui peut être agrandi.",
    ),
    # --- 5. the lab
    "storage.lab.title": ("Does it depend on the settings?", "Est-ce que cela dépend des réglages\u202f?"),
    "storage.lab.subtitle": (
        "your own readings, built anew in every form and measured",
        "vos propres relevés, reconstruits sous chaque forme et mesurés",
    ),
    "storage.no_lab": (
        "No lab has run on these readings yet. To try every setting on them, half a minute for two years of one "
        "meter: python -m sync compare --lab",
        "Aucun essai n’a encore été fait sur ces relevés. Pour essayer chaque réglage, une demi-minute pour deux ans "
        "d’un compteur\u202f: python -m sync compare --lab",
    ),
    "storage.lab.verdict": (
        "Best: {best}. The default, {trap}, takes {times} times as much on disk, and its data is {data} than as "
        "ordinary documents.",
        "Le meilleur\u202f: {best}. Le réglage par défaut, {trap}, prend {times} fois plus de disque, et ses données "
        "sont {data} qu’en documents ordinaires.",
    ),
    "storage.lab.larger": ("{percent} larger", "{percent} plus grosses"),
    "storage.lab.smaller": ("only {percent} smaller", "seulement {percent} plus petites"),
    "storage.lab.order": (
        "Newest first needs {newest} buckets instead of {oldest} with the same granularity: load the oldest first.",
        "Du plus récent au plus ancien, il faut {newest} paquets au lieu de {oldest} à granularité égale\u202f: "
        "chargez d’abord le plus ancien.",
    ),
    "storage.lab.note": (
        "{readings} of {stored} readings, {series} series, MongoDB {version}, {at} UTC. Saved: against documents with "
        "their key. Best: fewest bytes on disk of the forms with the index on {{series, ts}}, without which a "
        "question reads every meter. Times: medians of {runs} runs in turns.",
        "{readings} relevés sur {stored}, {series} série(s), MongoDB {version}, {at} UTC. Gain\u202f: par rapport aux "
        "documents avec leur clé. Le meilleur\u202f: le moins d’octets sur disque parmi les formes qui ont l’index "
        "{{series, ts}}, sans lequel chaque question lit tous les compteurs. Temps\u202f: médianes de {runs} passages "
        "à tour de rôle.",
    ),
    "storage.lab.unsettled": (
        "No checkpoint came while the lab waited: its sizes on disk are too small.",
        "Aucun point de contrôle n’est venu pendant l’essai\u202f: ses tailles sur disque sont trop petites.",
    ),
    "storage.lab.few": (
        "Fewer than 100 readings: these figures mean little.",
        "Moins de 100 relevés\u202f: ces chiffres ne veulent pas dire grand-chose.",
    ),
    "storage.lab.column.form": ("Form", "Forme"),
    "storage.lab.column.order": ("Loaded", "Chargé"),
    "storage.lab.column.index": ("Index", "Index"),
    "storage.lab.column.mark": ("Verdict", "Verdict"),
    "storage.lab.column.data": ("Data", "Données"),
    "storage.lab.column.saved_data": ("Data saved", "Gain données"),
    "storage.lab.column.storage": ("Storage", "Stockage"),
    "storage.lab.column.indexes": ("Indexes", "Index"),
    "storage.lab.column.total": ("On disk", "Sur disque"),
    "storage.lab.column.saved_total": ("Disk saved", "Gain disque"),
    "storage.lab.column.buckets": ("Buckets", "Paquets"),
    "storage.lab.column.fill": ("Fill", "Rempli à"),
    "storage.lab.column.rate": ("Readings loaded/s", "Relevés chargés/s"),
    "storage.lab.group.form": ("How it is stored", "Comment c’est rangé"),
    "storage.lab.group.size": ("What it takes", "Ce que ça prend"),
    "storage.lab.group.time": ("What it answers in, ms", "En combien il répond, ms"),
    "storage.lab.oldest": ("oldest first", "ancien d’abord"),
    "storage.lab.newest": ("newest first", "récent d’abord"),
    "storage.lab.with": ("yes", "oui"),
    "storage.lab.without": ("no", "non"),
    "storage.lab.mark.best": ("best", "le meilleur"),
    "storage.lab.mark.trap": ("the default: a trap", "le défaut\u202f: un piège"),
    "storage.lab.mark.ours": ("stored here", "rangé ici"),
    "storage.lab.mark.record": ("stored here", "rangé ici"),
    "storage.lab.form.": ("documents", "documents"),
    "storage.lab.form.seconds": ("seconds", "secondes"),
    "storage.lab.form.minutes": ("minutes", "minutes"),
    "storage.lab.form.hours": ("hours", "heures"),
    # --- 6. speed
    "storage.speed.title": ("Is it also faster?", "Est-ce aussi plus rapide\u202f?"),
    "storage.speed.subtitle": (
        "ms, logarithmic: median of the runs and their middle half",
        "ms, échelle logarithmique\u202f: médiane des passages et leur moitié centrale",
    ),
    "storage.speed.axis": ("milliseconds", "millisecondes"),
    "storage.speed.day": ("one day", "un jour"),
    "storage.speed.month": ("a month by day", "un mois par jour"),
    "storage.speed.year": ("a year by hour of day", "un an par heure du jour"),
    "storage.speed.maximum": ("the maximum", "le maximum"),
    "storage.speed.last": ("the last reading", "le dernier relevé"),
    "storage.speed.hover": (
        "{form}, {question}: {median} ms (middle half of {runs} runs: {low} to {high}), over {readings} readings",
        "{form}, {question}\u202f: {median} ms (moitié centrale de {runs} passages\u202f: {low} à {high}), "
        "sur {readings} relevés",
    ),
    "storage.speed.faster": ("{times}× faster", "{times}\u202f× plus rapide"),
    "storage.speed.slower": ("{times}× slower", "{times}\u202f× plus lent"),
    "storage.speed.same": ("no clear difference", "pas de différence nette"),
}
