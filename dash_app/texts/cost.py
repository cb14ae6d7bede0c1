"""Texts of the cost page: key → (English, French)."""

TEXTS: dict[str, tuple[str, str]] = {
    "cost.title": ("Cost", "Coût"),
    "cost.empty": (
        "No consumption is stored for this period: choose another period or meter, or run {command}",
        "Aucune consommation n’est enregistrée pour cette période\u202f: choisissez une autre période ou un autre "
        "compteur, ou lancez {command}",
    ),
    # --- blocks
    "cost.answer.title": (
        "Which contract would have been the cheapest?",
        "Quel contrat aurait été le moins cher\u202f?",
    ),
    "cost.months.title": (
        "What would I have paid, month by month?",
        "Combien aurais-je payé, mois par mois\u202f?",
    ),
    "cost.bills.title": (
        "What would each month’s bill have been?",
        "Quelle aurait été la facture de chaque mois\u202f?",
    ),
    "cost.zones.title": ("In which price hours did I use it?", "À quelles heures tarifaires ai-je consommé\u202f?"),
    "cost.prices.title": ("Which prices are these?", "De quels prix s’agit-il\u202f?"),
    # --- the answer
    "cost.cheapest": (
        "{name} would have been the cheapest: {euros}, {difference} less than {other}.",
        "{name} aurait été le moins cher\u202f: {euros}, soit {difference} de moins que {other}.",
    ),
    "cost.equal": (
        "{name} and {other} would have cost the same: {euros}.",
        "{name} et {other} auraient coûté la même chose\u202f: {euros}.",
    ),
    "cost.only": ("{name} would have cost {euros}.", "{name} aurait coûté {euros}."),
    "cost.none": (
        "No contract has a price for all of this energy: nothing can be compared.",
        "Aucun contrat n’a de prix pour toute cette énergie\u202f: rien n’est comparable.",
    ),
    "cost.period": (
        "{start} to {end}, {energy} measured, {covered} of the time covered. What was not measured is not counted.",
        "Du {start} au {end}, {energy} mesurés, {covered} du temps couvert. L’énergie non mesurée n’est pas comptée.",
    ),
    "cost.more": ("{euros} more than {name}", "{euros} de plus que {name}"),
    "cost.is_cheapest": ("the cheapest", "le moins cher"),
    "cost.not_compared": ("not compared: {energy} without a price", "non comparé\u202f: {energy} sans prix"),
    "cost.off_peak.label": ("In off-peak hours ({name})", "En heures creuses ({name})"),
    "cost.off_peak.note": ("{energy} of {whole}", "{energy} sur {whole}"),
    "cost.moved.label": (
        "1 kWh a day moved to off-peak hours ({name})",
        "1\u202fkWh par jour déplacé en heures creuses ({name})",
    ),
    "cost.moved.note": ("saved in this period", "économisés sur la période"),
    "cost.examples": (
        "These prices are examples, applied to every day: {source}. Put your own into TARIFFS in settings.py "
        "(settings.example.py shows how) and start again.",
        "Ces prix sont des exemples, appliqués à tous les jours\u202f: {source}. Mettez les vôtres dans TARIFFS de "
        "settings.py (settings.example.py montre comment) et redémarrez.",
    ),
    "cost.colourless": (
        "{name}: days without a known colour: {count} ({days}); {energy} left out of its bills, none is guessed. "
        "Add them to {file}, a line for each day such as 2025-01-15;red.",
        "{name}\u202f: jours sans couleur connue\u202f: {count} ({days})\u202f; {energy} absents de ses factures, rien "
        "n’est deviné. Ajoutez-les à {file}, une ligne par jour telle que 2025-01-15;red.",
    ),
    "cost.no_calendar": (
        'a colour calendar ("calendar": "tempo.csv" in its entry of TARIFFS)',
        'un calendrier des couleurs («\u202f"calendar": "tempo.csv"\u202f» dans son entrée de TARIFFS)',
    ),
    "cost.priceless": (
        "{name}: days without a valid price: {count} ({days}); {energy} left out. Add an entry to its prices in "
        "TARIFFS.",
        "{name}\u202f: jours sans prix valable\u202f: {count} ({days})\u202f; {energy} absents. Ajoutez une entrée à "
        "ses prix dans TARIFFS.",
    ),
    "cost.calendar": ("{name}: {problem}", "{name}\u202f: {problem}"),
    "cost.shared": (
        "Readings that lie across a change of price (an hour’s reading, the change at half past): {count}. Their "
        "energy is shared out in proportion to time.",
        "Relevés à cheval sur un changement de prix (un relevé d’une heure, le changement à la demie)\u202f: "
        "{count}. Leur énergie est répartie au prorata du temps.",
    ),
    "cost.months.subtitle": (
        "{series} · {period} · hatched: not fully measured, or energy without a price",
        "{series} · {period} · hachuré\u202f: mesuré en partie, ou énergie sans prix",
    ),
    "cost.prices.subtitle": (
        "all taxes as in the source, off-peak hours by the local clock",
        "taxes comme dans la source, heures creuses à l’heure locale",
    ),
    "cost.tempo": (
        "A Tempo day and its colour run from 06:00 to 06:00, local time.",
        "Un jour Tempo et sa couleur vont de 6\u202fh à 6\u202fh, heure locale.",
    ),
    "cost.example_source": (
        "example: regulated tariff of 2025-02-01, 6 kVA, taxes included, rounded to the cent",
        "exemple\u202f: tarif réglementé du 01/02/2025, 6\u202fkVA, toutes taxes, arrondi au centime",
    ),
    # --- figures and tables
    "cost.axis.euros": ("€ a month, all included", "€ par mois, tout compris"),
    "cost.axis.share": ("share of the energy, %", "part de l’énergie, %"),
    "cost.hover": (
        "{euros} (energy {energy}, standing charge {standing})",
        "{euros} (énergie {energy}, abonnement {standing})",
    ),
    "cost.hover.incomplete": ("{hover}, {wh} left out", "{hover}, {wh} non comptés"),
    "cost.hover.measured": ("{month}: {share} measured", "{month}\u202f: {share} mesuré"),
    "cost.column.month": ("Month", "Mois"),
    "cost.column.days": ("Days", "Jours"),
    "cost.column.measured": ("Measured", "Mesuré"),
    "cost.column.cheapest": ("Cheapest", "Le moins cher"),
    "cost.column.difference": ("Less than the dearest", "Écart avec le plus cher"),
    "cost.column.contract": ("Contract", "Contrat"),
    "cost.column.valid": ("Valid", "Validité"),
    "cost.column.hours": ("Off-peak hours", "Heures creuses"),
    "cost.column.zone": ("Price", "Prix"),
    "cost.column.kwh": ("€/kWh", "€/kWh"),
    "cost.column.standing": ("€ a month", "€ par mois"),
    "cost.column.source": ("Source", "Source"),
    "cost.whole": ("Whole period", "Toute la période"),
    "cost.rounding": (
        "Each month is rounded to the cent; the last line adds up the months as shown. The standing charge is counted "
        "by local days. * without energy that has no price.",
        "Chaque mois est arrondi au centime\u202f; la dernière ligne additionne les mois affichés. L’abonnement est "
        "compté au prorata des jours. * sans l’énergie qui n’a pas de prix.",
    ),
    "cost.always": ("every day", "tous les jours"),
    "cost.from": ("from {start}", "à partir du {start}"),
    "cost.until": ("until {end}", "jusqu’au {end}"),
    "cost.between": ("{start} to {end}", "du {start} au {end}"),
    # --- price zones
    "cost.zone.kwh": ("one price", "prix unique"),
    "cost.zone.peak": ("peak", "heures pleines"),
    "cost.zone.off_peak": ("off-peak", "heures creuses"),
    "cost.zone.blue_peak": ("blue, peak", "bleu, pleines"),
    "cost.zone.blue_off_peak": ("blue, off-peak", "bleu, creuses"),
    "cost.zone.white_peak": ("white, peak", "blanc, pleines"),
    "cost.zone.white_off_peak": ("white, off-peak", "blanc, creuses"),
    "cost.zone.red_peak": ("red, peak", "rouge, pleines"),
    "cost.zone.red_off_peak": ("red, off-peak", "rouge, creuses"),
    "cost.zone.unpriced": ("no known price", "sans prix connu"),
}
