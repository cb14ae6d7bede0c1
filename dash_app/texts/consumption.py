"""Texts of consumption: key → (English, French). A series may be consumption or production: titles fit both."""

TEXTS: dict[str, tuple[str, str]] = {
    "consumption.title": ("Consumption", "Consommation"),
    "consumption.empty": (
        "No energy was measured in this period: choose another period or meter, or run {command}",
        "Aucune énergie n’a été mesurée sur cette période\u202f: choisissez une autre période ou un autre compteur, ou "
        "lancez {command}",
    ),
    "consumption.not_measured": ("not measured", "non mesuré"),
    "consumption.colon": (":", "\u202f:"),
    "consumption.change": ("{hours}-hour day", "jour de {hours}\u202fh"),
    "consumption.change.short": ("{hours}\u202fh", "{hours}\u202fh"),
    # --- titles
    "consumption.keys.title": (
        "How much, and is it more than a year before?",
        "Combien, et est-ce plus qu’un an auparavant\u202f?",
    ),
    "consumption.curve.title": ("How does the power change?", "Comment la puissance évolue-t-elle\u202f?"),
    "consumption.curve.subtitle": (
        "Average power in W · {series} · {period}",
        "Puissance moyenne en W · {series} · {period}",
    ),
    "consumption.heat.title": ("At which hours is it the most?", "À quelles heures est-ce le plus\u202f?"),
    "consumption.heat.subtitle": (
        "Average power of each local hour · {series} · {period}",
        "Puissance moyenne de chaque heure locale · {series} · {period}",
    ),
    "consumption.days.title": ("How much each day?", "Combien chaque jour\u202f?"),
    "consumption.days.subtitle": (
        "kWh by local day · {series} · {period}",
        "kWh par jour local · {series} · {period}",
    ),
    "consumption.months.title": (
        "Is it more than in the same month a year before?",
        "Est-ce plus que le même mois un an auparavant\u202f?",
    ),
    "consumption.months.subtitle": (
        "kWh by calendar month; hollow: measured in part · {series}",
        "kWh par mois civil\u202f; contour\u202f: mesuré en partie · {series}",
    ),
    "consumption.week.title": ("What does a usual day look like?", "À quoi ressemble une journée ordinaire\u202f?"),
    "consumption.week.subtitle": (
        "Median and middle half, W · {series} · {period}",
        "Médiane et moitié centrale, W · {series} · {period}",
    ),
    "consumption.duration.title": (
        "How much power, and for how long?",
        "Quelle puissance, et pendant combien de temps\u202f?",
    ),
    "consumption.duration.subtitle": (
        "W reached or exceeded · {series} · {period}",
        "W atteints ou dépassés · {series} · {period}",
    ),
    # --- key figures
    "consumption.keys.yesterday": ("Yesterday", "Hier"),
    "consumption.keys.last_day": ("Last whole day", "Dernier jour complet"),
    "consumption.keys.no_whole_day": (
        "no day of the last 30 was measured from midnight to midnight",
        "aucun des 30 derniers jours n’a été mesuré de minuit à minuit",
    ),
    "consumption.keys.no_year_before": ("not measured a year before", "non mesuré un an auparavant"),
    "consumption.keys.against": ("{change} against {day} ({before})", "{change} par rapport au {day} ({before})"),
    "consumption.keys.month": ("Last 30 days", "30 derniers jours"),
    "consumption.keys.a_day": ("{energy} a day", "{energy} par jour"),
    "consumption.keys.year": ("Against a year before", "Par rapport à un an auparavant"),
    "consumption.keys.both": ("{now} against {before}", "{now} contre {before}"),
    "consumption.keys.weekdays": ("{days}, the same days of the week", "{days}, mêmes jours de la semaine"),
    "consumption.keys.shared": (
        "on the {count} of 30 days measured in both years",
        "sur les {count} jours sur 30 mesurés les deux années",
    ),
    "consumption.keys.whole": ("Whole period", "Toute la période"),
    "consumption.keys.whole_change": ("{change} against a year before", "{change} par rapport à un an auparavant"),
    "consumption.keys.whole_change_on_days": (
        "{change} against a year before, on the {count} days measured in both",
        "{change} par rapport à un an auparavant, sur les {count} jours mesurés les deux années",
    ),
    "consumption.keys.base": ("Base load of the period", "Talon de la période"),
    "consumption.keys.base_rule": (
        "10\u202f% of the night (1:00 to 5:00) is below it",
        "10\u202f% de la nuit (1\u202fh à 5\u202fh) est en dessous",
    ),
    "consumption.keys.base_share": (
        "{share} of the energy, if it runs day and night",
        "{share} de l’énergie, s’il dure jour et nuit",
    ),
    "consumption.keys.was": ("a year before: {before}", "un an auparavant\u202f: {before}"),
    "consumption.keys.peak": ("Peak power of the period", "Puissance maximale de la période"),
    "consumption.keys.times": ("{times} times the average", "{times} fois la moyenne"),
    "consumption.keys.best": ("Strongest day of the period", "Meilleur jour de la période"),
    # --- axes and hovers
    "consumption.axis.consumption_w": ("power drawn, W", "puissance soutirée, W"),
    "consumption.axis.production_w": ("power produced, W", "puissance produite, W"),
    "consumption.axis.consumption_kwh": ("used, kWh", "consommé, kWh"),
    "consumption.axis.production_kwh": ("produced, kWh", "produit, kWh"),
    "consumption.axis.hour": ("local time", "heure locale"),
    "consumption.axis.share": ("share of the measured time", "part du temps mesuré"),
    "consumption.resolution.readings": ("each reading", "chaque relevé"),
    "consumption.resolution.hours": (
        "hourly averages, lowest to highest reading",
        "moyennes horaires, du plus faible au plus fort",
    ),
    "consumption.resolution.days": (
        "daily averages, lowest to highest reading",
        "moyennes par jour, du plus faible au plus fort",
    ),
    "consumption.hover.spread": (" ({low} to {high})", " (de {low} à {high})"),
    "consumption.hover.partly": ("{share} measured", "mesuré à {share}"),
    "consumption.heat.doubled": (
        "This hour comes twice: {first}, then {second}; together {both}",
        "Cette heure passe deux fois\u202f: {first}, puis {second}\u202f; ensemble {both}",
    ),
    "consumption.heat.partly": ("{minutes} minutes of it measured", "dont {minutes} minutes mesurées"),
    "consumption.heat.skipped": (
        "This hour does not exist: the clocks are put forward",
        "Cette heure n’existe pas\u202f: on avance les montres",
    ),
    "consumption.now": ("this year", "cette année"),
    "consumption.before": ("a year before", "un an auparavant"),
    "consumption.months.not_comparable": (
        "no day measured in both years: not compared",
        "aucun jour mesuré les deux années\u202f: non comparé",
    ),
    "consumption.months.change": ("{change}", "{change}"),
    "consumption.months.change_on_days": (
        "{change} on the {days} days measured in both years ({now} against {before})",
        "{change} sur les {days} jours mesurés les deux années ({now} contre {before})",
    ),
    "consumption.week.weekdays": ("Monday to Friday", "du lundi au vendredi"),
    "consumption.week.weekends": ("weekend", "week-end"),
    "consumption.week.hover": (
        "{when}: <b>{median}</b>, half of the days {low} to {high}",
        "{when}\u202f: <b>{median}</b>, la moitié des jours de {low} à {high}",
    ),
    "consumption.duration.hover": (
        "<b>{power}</b> or more for {share} of the time ({hours} h)",
        "<b>{power}</b> ou plus pendant {share} du temps ({hours}\u202fh)",
    ),
    "consumption.duration.peak": ("Peak {power}, {at}", "Maximum {power}, {at}"),
    "consumption.duration.base": ("Base load {power}", "Talon {power}"),
}
