"""Copy to settings.py and take the # away where you want another value than the default.

The environment wins over .env, .env wins over this file. Secrets (token, URI) belong into .env or the environment.
"""

# MONGODB_URI = ""  # where the data goes; empty = the embedded local MongoDB
# MONGODB_DATABASE = "electricity"  # database that holds all collections

# LINKY_TOKEN = ""  # token of the gateway (https://conso.boris.sh), a JWT
# LINKY_PRM = ""  # usage point, 14 digits; optional when the token names one PRM
# LINKY_FLOWS = "consumption"  # consumption, production or both
# LINKY_API_URL = "https://conso.boris.sh/api"  # base of the gateway's API
# LINKY_MAX_POWER_W = 36000  # W; readings above are kept and flagged

# ELHUB_API_URL = "https://api.elhub.no/energy-data/v0"  # base of Elhub's API (Norway)
# ENERGIDATA_API_URL = "https://api.energidataservice.dk"  # base of Energi Data Service (Denmark)
# OPENMETEO_API_URL = "https://archive-api.open-meteo.com/v1"  # base of the weather archive
# WEATHER_PLACE = ""  # your place for the weather: latitude, longitude, or one of the 60 largest communes
# TEMPO_API_URL = "https://www.api-couleur-tempo.fr/api"  # base of the calendar of Tempo colours

# SYNC_CALLS_PER_DAY = 25  # calls per API host and UTC day, at most 90: the gateway bans an address for 100
# SYNC_REQUEST_SPACING = 1.0  # seconds between request starts
# SYNC_CONTACT = ""  # mail or web address put into the User-Agent, so that the gateway can reach you
# SYNC_HOME = ".data"  # folder of the embedded database and of kept answers
# PVGIS_FILE = ""  # hourly file of your roof from PVGIS, with PV power; empty = none

# DASH_HOST = "127.0.0.1"  # address on which the page listens; any but this machine's needs DASH_PASSWORD
# DASH_PORT = 8050  # port of the page
# DASH_PASSWORD = ""  # password that the page asks for; empty = none, on this machine only
# DASH_TRUSTED_PROXY = ""  # addresses or networks of the servers in front of the page, trusted for X-Forwarded-For

# Only here, not in the environment:

# LINKY_METERS = [  # several meters: a list of {'prm', 'token', 'flows', 'name'}; replaces LINKY_PRM/TOKEN/FLOWS
#     {"prm": "12345678901234", "token": "…", "flows": "both", "name": "home"},
# ]
# COLLECTIONS = {  # names per source: {'linky': ('consumption', 'consumptionTS')}
#     "linky": ("consumption", "consumptionTS"),
#     "elhub": ("elhub", "elhubTS"),
#     "energidata": ("energidata", "energidataTS"),
#     "weather": ("weather", "weatherTS"),
#     "lcl": ("lcl", "lclTS"),
# }
# TARIFFS = [  # contracts compared on the cost page: flat, peak, tempo, ejp, zen_flex; examples until you give yours
#     # Prices in €/kWh, standing charge in € a month, as on your invoice; off-peak hours by the local clock.
#     # A change of prices: one more entry in prices, each with "from": "2025-02-01" (and "until", not included).
#     # These are examples, rounded to the cent: put in yours, and in source where they come from, with their date.
#     {
#         "name": "Base",
#         "kind": "flat",
#         "source": "example: regulated tariff of 2025-02-01, 6 kVA, taxes included, rounded to the cent",
#         "prices": [{"kwh": "0.20", "standing": "14"}],
#     },
#     {
#         "name": "HP/HC",
#         "kind": "peak",
#         "source": "example: regulated tariff of 2025-02-01, 6 kVA, taxes included, rounded to the cent",
#         "off_peak_hours": ["22:30-06:30"],
#         "prices": [{"peak": "0.21", "off_peak": "0.17", "standing": "14"}],
#     },
#     {
#         "name": "Tempo",  # with "calendar": "tempo.csv", a file of lines like 2025-01-15;red (blue, white, red)
#         "kind": "tempo",
#         "source": "example: regulated tariff of 2025-02-01, 6 kVA, taxes included, rounded to the cent",
#         "prices": [
#             {
#                 "blue_peak": "0.16",
#                 "blue_off_peak": "0.13",
#                 "white_peak": "0.18",
#                 "white_off_peak": "0.15",
#                 "red_peak": "0.66",
#                 "red_off_peak": "0.15",
#                 "standing": "14",
#             }
#         ],
#     },
# ]
