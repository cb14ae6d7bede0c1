"""Texts of the market page: key → (English, French)."""

TEXTS: dict[str, tuple[str, str]] = {
    "market.title": ("Market", "Marché"),
    "market.empty": (
        "No price or production is stored for this area and period: choose others, or run {command}",
        "Aucun prix ni production enregistré pour cette zone et cette période\u202f: choisissez-en d’autres, ou lancez "
        "{command}",
    ),
    "market.no_production": (
        "There is no hour of which both price and production are known: production comes two weeks late. Choose an "
        "earlier period or another area, or run {command}",
        "Aucune heure dont le prix et la production soient tous deux connus\u202f: la production paraît avec deux "
        "semaines de retard. Choisissez une période plus ancienne ou une autre zone, ou lancez {command}",
    ),
    "market.subtitle": ("{period}, local time of Denmark", "{period}, heure danoise"),
    # --- controls
    "market.area": ("Price area", "Zone de prix"),
    "market.types": ("Types of production", "Filières"),
    "market.all_types": ("all", "toutes"),
    "market.step": ("Resolution", "Résolution"),
    "market.step.auto": ("Automatic", "Automatique"),
    "market.step.hour": ("Hours", "Heures"),
    "market.step.day": ("Days", "Jours"),
    "market.window": ("Days to compare with", "Jours de comparaison"),
    "market.price_z": ("Price: standard deviations from usual", "Prix\u202f: écarts types par rapport à l’habitude"),
    "market.production_z": (
        "Production: standard deviations from usual",
        "Production\u202f: écarts types par rapport à l’habitude",
    ),
    # --- key figures
    "market.keys.title": ("What was a megawatt-hour worth?", "Que valait un mégawattheure\u202f?"),
    "market.keys.mean": ("Mean price", "Prix moyen"),
    "market.keys.hours": ("of {hours} hours", "sur {hours} heures"),
    "market.keys.production": ("Production", "Production"),
    "market.keys.capture": ("Capture price", "Prix capté"),
    "market.keys.worth": ("{share} of the mean price of the same hours", "{share} du prix moyen des mêmes heures"),
    "market.keys.negative": ("Hours below zero", "Heures à prix négatif"),
    "market.keys.of_hours": ("{share} of {hours} priced hours", "{share} des {hours} heures avec un prix"),
    "market.keys.r": ("Price with production, r", "Prix et production, r"),
    "market.keys.both": ("over {hours} hours with both", "sur {hours} heures avec les deux"),
    "market.keys.note": (
        "Day-ahead prices. The price of an hour is the mean of its quarter-hours; an hour without all of them has "
        "none. Capture price: the mean price weighted by production.",
        "Prix du marché à J-1. Le prix d’une heure est la moyenne de ses quarts d’heure\u202f; une heure incomplète "
        "n’en a pas. Prix capté\u202f: prix moyen pondéré par la production.",
    ),
    # --- decision
    "market.decision.title": ("Is it a good day to buy?", "Est-ce un bon jour pour acheter\u202f?"),
    "market.decision.subtitle": (
        "The newest whole day of each area in {period}, against the area’s own days before it",
        "Le dernier jour complet de chaque zone dans la période {period}, comparé aux jours précédents de la même zone",
    ),
    "market.decision.empty": (
        "No area has a whole day with price and production here: production comes two weeks late. Choose a longer or "
        "an earlier period, or run {command}",
        "Aucune zone n’a ici de jour complet avec prix et production\u202f: la production paraît avec deux semaines de "
        "retard. Choisissez une période plus longue ou plus ancienne, ou lancez {command}",
    ),
    "market.decision.lacking": (
        "Without a whole day of price and production: {areas}.",
        "Sans jour complet avec prix et production\u202f: {areas}.",
    ),
    "market.decision.note": (
        "An area is compared with itself alone, so its size plays no part. A description of the past, not advice.",
        "Une zone n’est comparée qu’à elle-même\u202f: sa taille ne joue aucun rôle. Une description du passé, pas un "
        "conseil.",
    ),
    "market.rule": (
        "BUY when the day’s mean price is at least {price} standard deviations below its mean over the {window} days "
        "before, and production at least {production} above its own. AVOID when price is at least {price} above and "
        "production at least {production} below. MONITOR otherwise.",
        "ACHETER quand le prix moyen du jour est au moins {price} écart type sous sa moyenne des {window} jours "
        "précédents et la production au moins {production} au-dessus de la sienne. ÉVITER quand le prix est au moins "
        "{price} au-dessus et la production au moins {production} en dessous. SURVEILLER sinon.",
    ),
    "market.verdict.buy": ("BUY", "ACHETER"),
    "market.verdict.avoid": ("AVOID", "ÉVITER"),
    "market.verdict.monitor": ("MONITOR", "SURVEILLER"),
    "market.above": ("above", "au-dessus de"),
    "market.below": ("below", "en dessous de"),
    "market.equal": ("equal to", "égal à"),
    "market.why.price": (
        "Price {side} its mean of {mean} (z {z}; {rank} of the days were cheaper).",
        "Prix {side} sa moyenne de {mean} (z {z}\u202f; {rank} des jours étaient moins chers).",
    ),
    "market.why.production": (
        "Production {side} its mean of {mean} a day (z {z}; {rank} of the days had less).",
        "Production {side} sa moyenne de {mean} par jour (z {z}\u202f; {rank} des jours en avaient moins).",
    ),
    "market.why.buy": (
        "Cheap and plentiful by both thresholds: buy.",
        "Bon marché et abondante selon les deux seuils\u202f: acheter.",
    ),
    "market.why.avoid": (
        "Dear and scarce by both thresholds: avoid.",
        "Chère et rare selon les deux seuils\u202f: éviter.",
    ),
    "market.why.monitor": (
        "Not both thresholds are met: monitor.",
        "Les deux seuils ne sont pas atteints ensemble\u202f: surveiller.",
    ),
    "market.why.known": ("Compared with {known} whole days.", "Comparé à {known} jours complets."),
    "market.why.too_few": (
        "Only {known} of the {window} days before are wholly known, too few to compare with: monitor.",
        "Seuls {known} des {window} jours précédents sont entièrement connus, trop peu pour comparer\u202f: "
        "surveiller.",
    ),
    "market.why.flat": (
        "Price or production did not vary over the {known} days before: nothing is unusual, monitor.",
        "Le prix ou la production n’a pas varié sur les {known} jours précédents\u202f: rien d’inhabituel, surveiller.",
    ),
    # --- charts
    "market.curve.title": ("Is it cheap when much is produced?", "Est-ce moins cher quand on produit beaucoup\u202f?"),
    "market.curve.subtitle": (
        "{period} · price on the left, production on the right · hatched: nothing known",
        "{period} · prix à gauche, production à droite · hachuré\u202f: rien n’est connu",
    ),
    "market.price": ("Price", "Prix"),
    "market.production": ("Production", "Production"),
    "market.unknown": ("not known", "inconnu"),
    "market.hover": (
        "{when}<br><b>{price}</b> price<br><b>{energy}</b> production",
        "{when}<br>prix <b>{price}</b><br>production <b>{energy}</b>",
    ),
    "market.hover.partly": ("{share} measured", "mesurée à {share}"),
    "market.axis.price": ("EUR/MWh", "EUR/MWh"),
    "market.axis.mwh": ("MWh in an hour", "MWh par heure"),
    "market.axis.gwh": ("GWh a day", "GWh par jour"),
    "market.axis.gwh_sum": ("GWh since the first day", "GWh depuis le premier jour"),
    "market.axis.hours": ("hours", "heures"),
    "market.cumulative.title": (
        "How much has each type produced so far?",
        "Combien chaque filière a-t-elle produit\u202f?",
    ),
    "market.capture.title": ("Which type sells at the best price?", "Quelle filière vend au meilleur prix\u202f?"),
    "market.capture.subtitle": (
        "{period} · mean price weighted by what the type produced",
        "{period} · prix moyen pondéré par la production de la filière",
    ),
    "market.capture.hover": ("{type}<br><b>{price}</b> for {energy}", "{type}<br><b>{price}</b> pour {energy}"),
    "market.capture.of_mean": ("<br>{share} of the mean price", "<br>{share} du prix moyen"),
    "market.capture.mean": ("mean price {price}", "prix moyen {price}"),
    "market.negative.title": ("When was the price below zero?", "Quand le prix était-il négatif\u202f?"),
    "market.negative.subtitle": (
        "{period} · hours whose mean price is below zero · hatched: not all hours priced",
        "{period} · heures dont le prix moyen est négatif · hachuré\u202f: heures sans prix",
    ),
    "market.negative.hover": (
        "{when}<br><b>{hours}</b> of {priced} priced hours below zero<br>{energy} produced in them",
        "{when}<br><b>{hours}</b> heures négatives sur {priced} avec un prix<br>{energy} produits pendant celles-ci",
    ),
    "market.scatter.title": ("How closely does price follow production?", "Le prix suit-il la production\u202f?"),
    "market.scatter.r": ("Pearson’s r = {r}", "r de Pearson = {r}"),
    "market.scatter.none": ("too few hours for a correlation", "trop peu d’heures pour une corrélation"),
    "market.scatter.hover": (
        "about {x} MWh at {y} EUR/MWh<br>{z} hours",
        "environ {x} MWh à {y} EUR/MWh<br>{z} heures",
    ),
    # --- tables
    "market.days.title": ("What did each day bring?", "Qu’a donné chaque jour\u202f?"),
    "market.days.subtitle": (
        "{period}, at most its last 62 days · all areas · local days",
        "{period}, au plus ses 62 derniers jours · toutes les zones · jours locaux",
    ),
    "market.days.note": (
        "Mean price over the priced time, each minute counting the same. Hatched: a part of the day, with its share.",
        "Prix moyen sur le temps avec prix, chaque minute comptant autant. Hachuré\u202f: une partie du "
        "jour, avec sa part.",
    ),
    "market.recent.title": ("What were the newest hours like?", "Comment étaient les dernières heures\u202f?"),
    "market.recent.subtitle": ("The last 48 hours known in {period}", "Les 48 dernières heures connues de {period}"),
    "market.recent.quarters": ("{count} of 4 quarters", "{count} quarts d’heure sur 4"),
    "market.column.area": ("Area", "Zone"),
    "market.column.verdict": ("Verdict", "Verdict"),
    "market.column.day": ("Day", "Jour"),
    "market.column.hour": ("Hour from", "Heure dès"),
    "market.column.price": ("Price", "Prix"),
    "market.column.mean_price": ("Mean price", "Prix moyen"),
    "market.column.production": ("Production", "Production"),
    "market.column.why": ("Why", "Pourquoi"),
}
