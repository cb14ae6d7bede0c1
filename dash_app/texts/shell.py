"""Texts of the frame around all pages: key → (English, French)."""

TEXTS: dict[str, tuple[str, str]] = {
    "shell.name": ("Electricity", "Électricité"),
    "shell.skip": ("Skip to content", "Aller au contenu"),
    "shell.pages": ("Pages", "Pages"),
    "shell.choices": ("What is shown", "Ce qui est affiché"),
    "shell.loading": ("Loading", "Chargement"),
    "shell.subtitle": ("{series} · {period}", "{series} · {period}"),
    # pickers
    "shell.meter": ("Meter", "Compteur"),
    "shell.no_meter": ("no readings yet", "pas encore de relevés"),
    "shell.period": ("Period", "Période"),
    "shell.7d": ("7 d", "7 j"),
    "shell.30d": ("30 d", "30 j"),
    "shell.month": ("Month", "Mois"),
    "shell.year": ("Year", "Année"),
    "shell.all": ("All", "Tout"),
    "shell.own": ("Own", "Autre"),
    "shell.range": ("Own range of days", "Plage de jours"),
    "shell.previous": ("Previous period", "Période précédente"),
    "shell.next": ("Next period", "Période suivante"),
    "shell.language": ("Language", "Langue"),
    "shell.dark": ("Dark theme", "Thème sombre"),
    # cards
    "shell.csv": ("CSV: {title}", "CSV\u202f: {title}"),
    "shell.csv_tip": ("Download as CSV", "Télécharger en CSV"),
    "shell.png": ("PNG: {title}", "PNG\u202f: {title}"),
    "shell.png_tip": ("Download as PNG", "Télécharger en PNG"),
    "shell.table": ("As a table: {title}", "En tableau\u202f: {title}"),
    "shell.table_tip": ("Show as a table", "Afficher en tableau"),
    "shell.unzoom": ("Whole period", "Période entière"),
    "shell.close": ("Close", "Fermer"),
    "shell.rows": (
        "{shown} of {rows} rows; the CSV file has all",
        "{shown} lignes sur {rows}\u202f; le fichier CSV les contient toutes",
    ),
    "shell.covered": ("{share} of the time covered", "{share} du temps couvert"),
    # when there is nothing to draw
    "shell.empty": (
        "No readings here. To fetch them: {command}",
        "Aucun relevé ici. Pour les charger\u202f: {command}",
    ),
    "shell.unreachable": (
        "The database cannot be reached. Trying again…",
        "La base de données est injoignable. Nouvel essai en cours…",
    ),
    "shell.offline": (
        "This page has lost its server. Trying again; to start it: {command}",
        "Cette page a perdu son serveur. Nouvel essai en cours\u202f; pour le lancer\u202f: {command}",
    ),
    "shell.bug": (
        "This card failed, and that is our mistake. The log of the server says where; the other cards are right.",
        "Cette carte a échoué, par notre faute. Le journal du serveur dit où\u202f; les autres cartes sont justes.",
    ),
}
