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

# SYNC_CALLS_PER_DAY = 25  # calls per API host and UTC day, at most 90: the gateway bans an address for 100
# SYNC_REQUEST_SPACING = 1.0  # seconds between request starts
# SYNC_CONTACT = ""  # mail or web address put into the User-Agent, so that the gateway can reach you
# SYNC_HOME = ".data"  # folder of the embedded database and of kept answers

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
