"""Texts of the page of the Norwegian areas: key → (English, French)."""

TEXTS: dict[str, tuple[str, str]] = {
    "areas.title": ("Areas", "Zones"),
    "areas.empty": (
        "Nothing is stored for this area, these groups and this period: choose others, or run {command}",
        "Rien n’est enregistré pour cette zone, ces groupes et cette période\u202f: choisissez-en d’autres, ou lancez "
        "{command}",
    ),
    "areas.no_weather": (
        "Weather and energy of this area and period are needed, and one of them is not stored: run {command}, and "
        "python -m sync backfill --source weather",
        "Il faut la météo et l’énergie de cette zone et cette période, et l’une manque\u202f: lancez {command}, puis "
        "python -m sync backfill --source weather",
    ),
    "areas.subtitle": ("{period}, local time of Norway", "{period}, heure norvégienne"),
    # --- controls
    "areas.area": ("Price area", "Zone de prix"),
    "areas.flow": ("Flow", "Flux"),
    "areas.groups": ("Groups", "Groupes"),
    "areas.all_groups": ("all", "tous"),
    "areas.production": ("Production", "Production"),
    "areas.consumption": ("Consumption", "Consommation"),
    "areas.colour": ("Coloured by", "Coloré selon"),
    "areas.colour.energy": ("Energy of the chosen groups", "Énergie des groupes choisis"),
    "areas.temperature_c": ("Temperature", "Température"),
    "areas.precipitation_mm": ("Precipitation", "Précipitations"),
    "areas.wind_ms": ("Wind speed", "Vitesse du vent"),
    "areas.weather": ("Weather", "Météo"),
    "areas.lag": ("Lag in hours (+: weather before energy)", "Décalage en heures (+\u202f: météo avant énergie)"),
    "areas.days": ("Window in days", "Fenêtre en jours"),
    # --- groups
    "areas.group.*": ("unspecified (*)", "non précisé (*)"),
    "areas.group.hydro": ("hydro", "hydraulique"),
    "areas.group.wind": ("wind", "éolien"),
    "areas.group.solar": ("solar", "solaire"),
    "areas.group.thermal": ("thermal", "thermique"),
    "areas.group.nuclear": ("nuclear", "nucléaire"),
    "areas.group.other": ("other", "autre"),
    "areas.group.household": ("households", "ménages"),
    "areas.group.cabin": ("cabins", "chalets"),
    "areas.group.primary": ("primary sector", "secteur primaire"),
    "areas.group.secondary": ("secondary sector", "secteur secondaire"),
    "areas.group.tertiary": ("tertiary sector", "secteur tertiaire"),
    # --- cards
    "areas.keys.title": ("How much was it?", "Combien était-ce\u202f?"),
    "areas.keys.mwh": ("Energy of the area", "Énergie de la zone"),
    "areas.keys.of_all": ("{share} of all areas", "{share} de toutes les zones"),
    "areas.keys.mean_mwh": ("Mean hour", "Heure moyenne"),
    "areas.keys.hours": ("over {hours} wholly measured hours", "sur {hours} heures entièrement mesurées"),
    "areas.keys.most_mwh": ("Hour of most", "Heure la plus forte"),
    "areas.keys.least_mwh": ("Hour of least", "Heure la plus faible"),
    "areas.shares.title": ("What is it made of?", "De quoi est-ce composé\u202f?"),
    "areas.shares.negative": (
        "A group adds up to less than zero (the source corrects such values later), so shares mean nothing here: bars.",
        "Un groupe a une somme négative (la source corrige ces valeurs plus tard)\u202f: des parts n’auraient pas de "
        "sens, d’où les barres.",
    ),
    "areas.shares.total": ("{energy} in all", "{energy} au total"),
    "areas.map.title": ("Where is it high, where low?", "Où est-ce élevé, où est-ce bas\u202f?"),
    "areas.map.subtitle": (
        "{period} · hatched grey: nothing known",
        "{period} · gris hachuré\u202f: rien n’est connu",
    ),
    "areas.map.hover": ("<b>{area}</b><br>{number}", "<b>{area}</b><br>{number}"),
    "areas.map.measured": ("{share} of the time measured", "{share} du temps mesuré"),
    "areas.map.source": (
        "Outline simplified from NVE, licence NLOD",
        "Contour simplifié d’après NVE, licence NLOD",
    ),
    "areas.totals.title": ("Which area has most?", "Quelle zone en a le plus\u202f?"),
    "areas.lines.title": ("How did it go, hour by hour?", "Comment cela a-t-il évolué, heure par heure\u202f?"),
    "areas.lines.subtitle": (
        "{period} · by hour up to a month, by day beyond · hatched: nothing known",
        "{period} · par heure jusqu’à un mois, par jour au-delà · hachuré\u202f: rien n’est connu",
    ),
    "areas.lag.title": ("Does weather come before energy?", "La météo précède-t-elle l’énergie\u202f?"),
    "areas.lag.subtitle": (
        "{period} · a lag of +6 h compares the energy of an hour with the weather six hours before it, −6 h with the "
        "weather six hours after it",
        "{period} · un décalage de +6\u202fh compare l’énergie d’une heure à la météo six heures plus tôt, −6\u202fh à "
        "celle six heures plus tard",
    ),
    "areas.lag.best": ("strongest: r = {r} at {lag} h", "la plus forte\u202f: r = {r} à {lag}\u202fh"),
    "areas.lag.hover": ("lag {lag} h<br>r = <b>{r}</b>", "décalage {lag}\u202fh<br>r = <b>{r}</b>"),
    "areas.lag.axis": ("lag, hours (+: weather first)", "décalage, heures (+\u202f: la météo d’abord)"),
    "areas.rolling.title": ("Does the weather matter at all times?", "La météo compte-t-elle en tout temps\u202f?"),
    "areas.rolling.subtitle": (
        "{period} · Pearson’s r at the chosen lag in a window around each hour, half of which must be known",
        "{period} · r de Pearson au décalage choisi, dans une fenêtre autour de chaque heure connue au moins à moitié",
    ),
    "areas.rolling.hover": ("{when}<br>r = <b>{r}</b>", "{when}<br>r = <b>{r}</b>"),
    "areas.axis.r": ("Pearson’s r", "r de Pearson"),
    "areas.axis.mwh": ("MWh in an hour", "MWh par heure"),
    "areas.axis.gwh": ("GWh a day", "GWh par jour"),
    "areas.axis.gwh_sum": ("GWh", "GWh"),
    "areas.mean": ("mean {number}", "moyenne {number}"),
    "areas.sum": ("sum {number}", "cumul {number}"),
    "areas.not_known": ("nothing known", "rien n’est connu"),
}
