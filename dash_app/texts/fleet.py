"""Texts of the page about many meters: key → (English, French)."""

TEXTS: dict[str, tuple[str, str]] = {
    "fleet.title": ("Fleet", "Parc"),
    "fleet.empty": (
        "Nothing is summed here. The server sums the readings of all meters once, and after new ones came: {command}",
        "Rien n’est agrégé ici. Le serveur agrège les relevés de tous les compteurs une fois, puis à l’arrivée de "
        "nouveaux\u202f: {command}",
    ),
    "fleet.no_groups": (
        "There are no groups to compare: London’s households have them, once their table is imported "
        "(informations_households.csv). Then: {command}",
        "Pas de groupes à comparer\u202f: les foyers de Londres en ont, une fois leur table importée "
        "(informations_households.csv). Ensuite\u202f: {command}",
    ),
    "fleet.no_sizes": (
        "This user of the database may not ask for sizes. Sizes from the command line: {command}",
        "Cet utilisateur de la base ne peut pas demander les tailles. En ligne de commande\u202f: {command}",
    ),
    "fleet.subtitle": ("{period}, local time", "{period}, heure locale"),
    # --- what may be chosen
    "fleet.fleet": ("Meters", "Compteurs"),
    "fleet.source.lcl": ("London", "Londres"),
    "fleet.source.linky": ("Linky", "Linky"),
    "fleet.flow.consumption": ("consumption", "consommation"),
    "fleet.flow.production": ("production", "production"),
    "fleet.group": ("Households", "Foyers"),
    "fleet.by": ("Compare by", "Comparer par"),
    "fleet.column.tariff": ("Tariff", "Tarif"),
    "fleet.column.acorn_group": ("Acorn group", "Groupe Acorn"),
    "fleet.all": ("All households", "Tous les foyers"),
    "fleet.none": ("No group known", "Groupe inconnu"),
    "fleet.group.tariff=Std": ("Flat tariff (Std)", "Tarif unique (Std)"),
    "fleet.group.tariff=ToU": ("Time of use (ToU)", "Tarif dynamique (ToU)"),
    "fleet.group.acorn_group=Affluent": ("Affluent", "Aisés (Affluent)"),
    "fleet.group.acorn_group=Comfortable": ("Comfortable", "Confortables (Comfortable)"),
    "fleet.group.acorn_group=Adversity": ("Adversity", "Modestes (Adversity)"),
    "fleet.group.acorn_group=ACORN-U": ("Unclassified (U)", "Non classés (U)"),
    # --- key figures
    "fleet.keys.title": ("What does a household use?", "Que consomme un foyer\u202f?"),
    "fleet.keys.households": ("Households", "Foyers"),
    "fleet.keys.all_count": ("all have enough complete days", "tous ont assez de jours complets"),
    "fleet.keys.counted": (
        "{counted} with at least {needed} complete days",
        "{counted} avec au moins {needed} jours complets",
    ),
    "fleet.keys.counted_one": ("{counted} with a complete day", "{counted} avec un jour complet"),
    "fleet.keys.median": ("Median household, a day", "Foyer médian, par jour"),
    "fleet.keys.mean": ("mean {mean}", "moyenne {mean}"),
    "fleet.keys.low": ("A tenth use less than", "Un dixième consomme moins de"),
    "fleet.keys.high": ("A tenth use more than", "Un dixième consomme plus de"),
    "fleet.keys.times": ("{times} times the median", "{times} fois la médiane"),
    "fleet.keys.zeros": ("{count} used nothing at all", "{count} n’ont rien consommé"),
    "fleet.keys.zero": ("one used nothing at all", "un n’a rien consommé"),
    "fleet.keys.largest": ("Largest tenth of households", "Le dixième le plus gros"),
    "fleet.keys.largest_note": ("of all energy", "de toute l’énergie"),
    "fleet.keys.note": (
        "Energy a day is that of complete days alone (23 and 25 hours included). A household counts when half of its "
        "days are complete, seven at most; what was not measured is left out, never zero. Summed on {at}.",
        "L’énergie par jour est celle des seuls jours complets (de 23 et 25 heures aussi). Un foyer compte dès que la "
        "moitié des jours sont complets, sept au plus\u202f; ce qui n’est pas mesuré est laissé de côté, jamais compté "
        "zéro. Agrégé le {at}.",
    ),
    "fleet.making": (
        "The sums are being made: {done} of {months} months. If that has stopped, go on with {command}",
        "Agrégation en cours\u202f: {done} mois sur {months}. Si elle s’est arrêtée, poursuivre avec {command}",
    ),
    "fleet.stale": (
        "These sums are older than what is stored ({readings} more readings since). To mend that: {command}",
        "Ces agrégats sont antérieurs à ce qui est enregistré ({readings} relevés de plus depuis). Pour les mettre à "
        "jour\u202f: {command}",
    ),
    "fleet.lacking": (
        "{readings} readings are in the regular collection only and not in these sums: run python -m sync repair, then "
        "{command}",
        "{readings} relevés ne sont que dans la collection ordinaire et pas dans ces agrégats\u202f: lancer python -m "
        "sync repair, puis {command}",
    ),
    # --- bands
    "fleet.bands.title": (
        "How did use spread over time?",
        "Comment la consommation s’est-elle répartie dans le temps\u202f?",
    ),
    "fleet.bands.subtitle": (
        "{period} · households’ energy a complete day",
        "{period} · énergie des foyers par jour complet",
    ),
    "fleet.bands.p50": ("median", "médiane"),
    "fleet.bands.p25": ("middle half", "moitié centrale"),
    "fleet.bands.p10": ("10th to 90th percentile", "10e au 90e centile"),
    "fleet.bands.hover": (
        "{when} · {n} households<br>90 %: {p90}<br>75 %: {p75}<br>median: <b>{p50}</b><br>25 %: {p25}<br>10 %: {p10}",
        "{when} · {n} foyers<br>90 %\u202f: {p90}<br>75 %\u202f: {p75}<br>médiane\u202f: <b>{p50}</b>"
        "<br>25 %\u202f: {p25}<br>10 %\u202f: {p10}",
    ),
    "fleet.bands.week": ("week of {day}", "semaine du {day}"),
    "fleet.axis.kwh_day": ("kWh a day", "kWh par jour"),
    "fleet.axis.households": ("households", "foyers"),
    "fleet.axis.watts": ("W a household", "W par foyer"),
    "fleet.axis.hour": ("local hour", "heure locale"),
    # --- distribution
    "fleet.distribution.title": ("How many households use how much?", "Combien de foyers consomment combien\u202f?"),
    "fleet.distribution.hover": (
        "{low} to {high} kWh a day<br><b>{count}</b> households, {share}",
        "{low} à {high} kWh par jour<br><b>{count}</b> foyers, {share}",
    ),
    "fleet.distribution.beyond": (
        "{low} kWh a day and more<br><b>{count}</b> households, {share}",
        "{low} kWh par jour et plus<br><b>{count}</b> foyers, {share}",
    ),
    "fleet.distribution.median": ("median {kwh}", "médiane {kwh}"),
    # --- profiles
    "fleet.profile.title": (
        "When do households use most, by season?",
        "Quand consomme-t-on le plus, selon la saison\u202f?",
    ),
    "fleet.profile.subtitle": (
        "{period} · mean power of a household; winter is December to February",
        "{period} · puissance moyenne d’un foyer\u202f; l’hiver va de décembre à février",
    ),
    "fleet.profile.weekdays": ("weekdays", "jours ouvrés"),
    "fleet.profile.weekends": ("weekends", "week-ends"),
    "fleet.profile.winter": ("Winter", "Hiver"),
    "fleet.profile.spring": ("Spring", "Printemps"),
    "fleet.profile.summer": ("Summer", "Été"),
    "fleet.profile.autumn": ("Autumn", "Automne"),
    "fleet.profile.hover": ("{when}: <b>{power}</b>", "{when}\u202f: <b>{power}</b>"),
    # --- groups
    "fleet.groups.title": ("Do groups of households differ?", "Les groupes de foyers diffèrent-ils\u202f?"),
    "fleet.groups.hover": (
        "{group} · {n} households<br>90 %: {p90}<br>75 %: {p75}<br>median: <b>{p50}</b><br>25 %: {p25}<br>10 %: {p10}"
        "<br>mean: {mean}",
        "{group} · {n} foyers<br>90 %\u202f: {p90}<br>75 %\u202f: {p75}<br>médiane\u202f: <b>{p50}</b>"
        "<br>25 %\u202f: {p25}<br>10 %\u202f: {p10}<br>moyenne\u202f: {mean}",
    ),
    "fleet.day.title": ("And over the day?", "Et au fil de la journée\u202f?"),
    "fleet.day.subtitle": (
        "{period} · mean power of a household of each group",
        "{period} · puissance moyenne d’un foyer de chaque groupe",
    ),
    # --- storage
    "fleet.storage.title": ("What does a household take on disk?", "Combien de place prend un foyer\u202f?"),
    "fleet.storage.subtitle": ("All readings stored, both forms", "Tous les relevés enregistrés, sous les deux formes"),
    "fleet.storage.answer": (
        "A household’s {readings} readings take {timeseries} as a time series and {regular} as ordinary documents, "
        "indexes included.",
        "Les {readings} relevés d’un foyer prennent {timeseries} en série temporelle et {regular} en documents "
        "ordinaires, index compris.",
    ),
    "fleet.storage.measured": (
        "The whole pair divided by its {series} series; MongoDB {version}, {at}.",
        "La paire entière divisée par ses {series} séries\u202f; MongoDB {version}, {at}.",
    ),
    "fleet.storage.unsettled": (
        "Just written: the server has not yet put everything into its files, so the sizes will grow.",
        "À peine écrit\u202f: le serveur n’a pas encore tout mis dans ses fichiers, les tailles vont croître.",
    ),
    "fleet.storage.measure": ("a household", "par foyer"),
    "fleet.storage.data": ("Data (BSON)", "Données (BSON)"),
    "fleet.storage.storage": ("Storage on disk", "Stockage sur disque"),
    "fleet.storage.index": ("Indexes", "Index"),
    "fleet.storage.total": ("Storage and indexes", "Stockage et index"),
}
