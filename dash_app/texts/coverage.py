"""Texts of the coverage page: key → (English, French)."""

TEXTS: dict[str, tuple[str, str]] = {
    "coverage.title": ("Coverage", "Couverture"),
    "coverage.empty": (
        "Nothing is stored yet. To fetch it: {command}",
        "Rien n’est enregistré. Pour charger\u202f: {command}",
    ),
    # --- blocks
    "coverage.answer.title": ("Is anything missing?", "Manque-t-il quelque chose\u202f?"),
    "coverage.calendar.title": ("Which days are complete?", "Quels jours sont complets\u202f?"),
    "coverage.calendar.subtitle": (
        "{series} · seconds of the local day that readings cover · click a day to see more",
        "{series} · secondes du jour local couvertes par des relevés · cliquez sur un jour pour en savoir plus",
    ),
    "coverage.day.title": ("What is known of this day?", "Que sait-on de ce jour\u202f?"),
    "coverage.day.subtitle": ("{series}", "{series}"),
    "coverage.problems.title": ("What has to be mended, and how?", "Que faut-il réparer, et comment\u202f?"),
    "coverage.problems.subtitle": ("{series} · the whole history", "{series} · tout l’historique"),
    "coverage.ledger.title": ("What was asked for?", "Qu’a-t-on demandé\u202f?"),
    "coverage.ledger.subtitle": ("{series} · ledger of all windows", "{series} · journal de toutes les demandes"),
    "coverage.calls.title": ("How many calls are left today?", "Combien d’appels reste-t-il aujourd’hui\u202f?"),
    "coverage.runs.title": (
        "How did the last runs of the functions go?",
        "Comment les dernières exécutions se sont-elles passées\u202f?",
    ),
    "coverage.runs.subtitle": (
        "sync_runs, newest first, local time",
        "sync_runs, la plus récente d’abord, heure locale",
    ),
    "coverage.verification.title": (
        "Are both collections identical?",
        "Les deux collections sont-elles identiques\u202f?",
    ),
    "coverage.verification.subtitle": (
        "every document compared both ways",
        "tous les documents comparés dans les deux sens",
    ),
    "coverage.calls.subtitle": (
        "API calls of this machine, per UTC day",
        "appels de l’API depuis cette machine, par jour UTC",
    ),
    # --- states of a day
    "coverage.state.complete": ("complete", "complet"),
    "coverage.state.differs": ("not its daily total", "autre que le total du jour"),
    "coverage.state.partial": ("partial", "partiel"),
    "coverage.state.empty": ("empty: asked, the API had none", "vide\u202f: demandé, l’API n’avait rien"),
    "coverage.state.missing": (
        "missing: never asked, or the call failed",
        "manquant\u202f: jamais demandé, ou appel échoué",
    ),
    "coverage.state.due": ("not yet due", "pas encore attendu"),
    "coverage.state.before": ("before the history", "avant l’historique"),
    "coverage.legend.complete": ("complete", "complet"),
    "coverage.legend.differs": ("other total", "autre total"),
    "coverage.legend.partial": ("partial", "partiel"),
    "coverage.legend.empty": ("empty", "vide"),
    "coverage.legend.missing": ("missing", "manquant"),
    "coverage.legend.due": ("not yet due", "à venir"),
    "coverage.hours": ("{covered} of {expected} h", "{covered} h sur {expected}"),
    # --- the answer
    "coverage.nothing_missing": (
        "Nothing is missing: {days} days, each covered to the last second.",
        "Rien ne manque\u202f: {days} jours, chacun couvert à la seconde près.",
    ),
    "coverage.something_missing": (
        "{complete} of {days} days are complete; {hours} hours of readings are not there.",
        "{complete} jours sur {days} sont complets\u202f; il manque {hours} heures de relevés.",
    ),
    "coverage.only_differs": (
        "Every second is covered, but the readings of some days ({days}) do not add up to the meter’s own total.",
        "Chaque seconde est couverte, mais pour certains jours ({days}) la somme diffère du total du compteur.",
    ),
    "coverage.no_day_due": ("No day of this period is due yet.", "Aucun jour de cette période n’est encore attendu."),
    "coverage.key.complete": ("Complete days", "Jours complets"),
    "coverage.key.differs": ("Not the daily total", "Autre que le total"),
    "coverage.key.partial": ("Partial days", "Jours partiels"),
    "coverage.key.empty": ("Empty days", "Jours vides"),
    "coverage.key.missing": ("Missing days", "Jours manquants"),
    "coverage.key.note.complete": ("covered to the last second", "couverts à la seconde près"),
    "coverage.key.note.differs": ("covered, another sum", "couverts, autre somme"),
    "coverage.key.note.partial": ("some readings", "quelques relevés"),
    "coverage.key.note.empty": ("asked, the API had none", "demandés, l’API n’avait rien"),
    "coverage.key.note.missing": ("never asked, or failed", "jamais demandés, ou échec"),
    # --- a day
    "coverage.pick": ("Day", "Jour"),
    "coverage.day.headline": ("{day}: {state}", "{day}\u202f: {state}"),
    "coverage.day.covered": ("Covered", "Couvert"),
    "coverage.day.readings": ("Readings", "Relevés"),
    "coverage.day.energy": ("Their energy", "Leur énergie"),
    "coverage.day.total": ("The meter’s daily total", "Total du compteur"),
    "coverage.day.no_total": ("not stored", "non enregistré"),
    "coverage.day.equal": ("equal", "égal"),
    "coverage.day.difference": ("difference {wh}", "écart {wh}"),
    "coverage.seconds": ("{covered} of {expected} s", "{covered} s sur {expected}"),
    "coverage.day.never": (
        "No window of the ledger holds this day: it was never asked for.",
        "Aucune demande du journal ne couvre ce jour\u202f: il n’a jamais été demandé.",
    ),
    "coverage.day.by_function": (
        "Last asked for by {function} on {at}: {state}.",
        "Demandé en dernier par {function} le {at}\u202f: {state}.",
    ),
    "coverage.day.again": ("To fetch it again:", "Pour le charger à nouveau\u202f:"),
    # --- problems
    "coverage.none": ("Nothing to mend.", "Rien à réparer."),
    "coverage.more": ("and {count} more, all in the CSV file", "et {count} autres, tous dans le fichier CSV"),
    "coverage.column.problem": ("Problem", "Problème"),
    "coverage.column.command": ("What mends it", "Ce qui le répare"),
    "coverage.problem.partial": ("{stretch}: partly covered.", "{stretch}\u202f: couverture partielle."),
    "coverage.problem.empty": (
        "{stretch}: asked for, the API had nothing.",
        "{stretch}\u202f: demandé, l’API n’avait rien.",
    ),
    "coverage.problem.missing": ("{stretch}: never asked for.", "{stretch}\u202f: jamais demandé."),
    "coverage.problem.failed": ("{stretch}: the call failed.", "{stretch}\u202f: l’appel a échoué."),
    "coverage.problem.differs": (
        "{stretch}: readings {wh}, daily total {total}.",
        "{stretch}\u202f: relevés {wh}, total du jour {total}.",
    ),
    "coverage.problem.unconfigured": (
        "{series} is not in your settings: set LINKY_TOKEN and LINKY_PRM (or LINKY_METERS) before a backfill.",
        "{series} n’est pas dans vos réglages\u202f: renseignez LINKY_TOKEN et LINKY_PRM (ou LINKY_METERS) avant un "
        "backfill.",
    ),
    "coverage.problem.different": (
        "{source}: the collections differ.",
        "{source}\u202f: les collections diffèrent.",
    ),
    "coverage.problem.stale": (
        "{name}: the time series holds values that were corrected since.",
        "{name}\u202f: la série temporelle contient des valeurs corrigées depuis.",
    ),
    "coverage.problem.unverified": (
        "{source}: the collections were never compared.",
        "{source}\u202f: les collections n’ont jamais été comparées.",
    ),
    "coverage.problem.run": (
        "The last run of {function} failed: {text}",
        "La dernière exécution de {function} a échoué\u202f: {text}",
    ),
    "coverage.problem.silence": (
        "No run of {function} since {at}: see in Atlas under Triggers whether it is enabled, or run it here.",
        "Aucune exécution de {function} depuis le {at}\u202f: voyez dans Atlas, sous Triggers, si elle est activée, ou "
        "lancez-la ici.",
    ),
    "coverage.problem.closed": (
        "No more calls today: {text}. It goes on with the next UTC day.",
        "Plus d’appel aujourd’hui\u202f: {text}. La suite au prochain jour UTC.",
    ),
    "coverage.problem.spent": (
        "All {calls} calls of this UTC day are used.",
        "Les {calls} appels de ce jour UTC sont tous utilisés.",
    ),
    "coverage.problem.count": ("{text}", "{text}"),
    # --- ledger
    "coverage.ledger.counts": (
        "Windows of the load curve: {done} done, {partial} partial, {empty} empty, {failed} failed.",
        "Demandes de courbe de charge\u202f: {done} terminées, {partial} partielles, {empty} vides, {failed} échouées.",
    ),
    "coverage.ledger.floor": (
        "The API serves nothing before {day} ({code}).",
        "L’API ne fournit rien avant le {day} ({code}).",
    ),
    "coverage.ledger.none": (
        "Nothing was asked for yet. To see the plan without a call: python -m sync backfill --dry-run",
        "Rien n’a encore été demandé. Pour voir le plan sans appel\u202f: python -m sync backfill --dry-run",
    ),
    "coverage.column.days": ("Days", "Jours"),
    "coverage.column.kind": ("What", "Quoi"),
    "coverage.column.state": ("State", "État"),
    "coverage.column.readings": ("Readings", "Relevés"),
    "coverage.column.energy": ("Energy", "Énergie"),
    "coverage.column.calls": ("Calls", "Appels"),
    "coverage.column.asked": ("Asked", "Demandé"),
    "coverage.column.answer": ("Answer", "Réponse"),
    "coverage.kind.curve": ("load curve", "courbe de charge"),
    "coverage.kind.totals": ("daily totals", "totaux quotidiens"),
    "coverage.window.done": ("done", "terminé"),
    "coverage.window.partial": ("partial", "partiel"),
    "coverage.window.empty": ("empty", "vide"),
    "coverage.window.failed": ("failed", "échoué"),
    # --- calls
    "coverage.calls.used": ("{calls} of {limit}", "{calls} sur {limit}"),
    "coverage.calls.unlimited": ("{calls}, no limit", "{calls}, sans limite"),
    "coverage.calls.label": ("Used today (UTC)", "Utilisés aujourd’hui (UTC)"),
    "coverage.calls.left": ("{left} left until {until} local time", "il en reste {left} jusqu’à {until}, heure locale"),
    "coverage.calls.closed": ("closed: {text}", "fermé\u202f: {text}"),
    "coverage.calls.own": ("a server of our own", "un serveur à nous"),
    "coverage.calls.functions": ("By the Atlas functions", "Par les fonctions Atlas"),
    "coverage.calls.elsewhere": ("today, from Atlas’s own addresses", "aujourd’hui, depuis les adresses d’Atlas"),
    # --- runs
    "coverage.runs.none": (
        "No run of an Atlas function is recorded in this database. To run one here: "
        "python -m sync trigger run linkyDaily",
        "Aucune exécution d’une fonction Atlas n’est enregistrée dans cette base. Pour en lancer une ici\u202f: "
        "python -m sync trigger run linkyDaily",
    ),
    "coverage.column.when": ("When", "Quand"),
    "coverage.column.function": ("Function", "Fonction"),
    "coverage.column.result": ("Result", "Résultat"),
    "coverage.column.new": ("New readings", "Nouveaux relevés"),
    "coverage.column.changed": ("Corrected", "Corrigés"),
    "coverage.column.duration": ("Duration", "Durée"),
    "coverage.column.said": ("What it said", "Ce qu’elle a dit"),
    "coverage.run.done": ("done", "terminé"),
    "coverage.run.part": ("in part", "en partie"),
    "coverage.run.failed": ("failed", "échoué"),
    # --- verification
    "coverage.verified.identical": (
        "Yes: {regular} and {timeseries} were identical on {at}, {count} documents each.",
        "Oui\u202f: {regular} et {timeseries} étaient identiques le {at}, {count} documents chacune.",
    ),
    "coverage.verified.different": (
        "No: on {at}, {regular} and {timeseries} differed ({differences}).",
        "Non\u202f: le {at}, {regular} et {timeseries} différaient ({differences}).",
    ),
    "coverage.verified.missing": ("{count} missing", "{count} manquants"),
    "coverage.verified.extra": ("{count} too many", "{count} en trop"),
    "coverage.verified.different_ones": ("{count} different", "{count} différents"),
    "coverage.verified.duplicates": ("{count} twice", "{count} en double"),
    "coverage.verified.since": (
        "The regular collection holds {count} documents now: compare again with {command}",
        "La collection ordinaire contient maintenant {count} documents\u202f: comparez à nouveau avec {command}",
    ),
    "coverage.verified.stale": ("{name} waits for: {command}", "{name} attend\u202f: {command}"),
    "coverage.verified.none": (
        "The collections have not been compared yet: python -m sync verify",
        "Les collections n’ont pas encore été comparées\u202f: python -m sync verify",
    ),
}
