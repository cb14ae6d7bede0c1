"""Error answers of the gateway and of Enedis behind it, worded as users saw them (../shared/docs/linky.md §1.5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from .replies import HTML, NOT_JSON, RESET, Reply, json_reply

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

BAN_PAGE = """<!DOCTYPE html>
<html lang="en-US">
<head><title>Attention Required! | Cloudflare</title><meta charset="UTF-8" /></head>
<body>
<h1 data-translate="block_headline">Sorry, you have been blocked</h1>
<h2><span data-translate="unable_to_access">You are unable to access</span> boris.sh</h2>
<p>This website is using a security service to protect itself from online attacks.</p>
<p>Cloudflare Ray ID: <strong>0000000000000000</strong> &bull; Performance &amp; security by Cloudflare</p>
</body>
</html>
"""


def gateway(status: int, message: str, **more: Any) -> Reply:
    """An error of the gateway itself."""
    return json_reply({"status": status, "message": message, **more}, status)


def enedis(status: int, error: dict[str, Any] | str) -> Reply:
    """An error of Enedis, wrapped by the gateway."""
    return gateway(status, "The Enedis API returned an error", error=error)


def _coded(status: int, code: str, text: str) -> Reply:
    return enedis(status, {"error": code, "error_description": text})


WRONG_METHOD = gateway(405, "Seule la méthode GET est autorisée")
NO_TOKEN = gateway(400, "Le header 'Authorization' est manquant ou invalide")
BAD_TOKEN = gateway(401, "Votre token est invalide ou ne permet pas d'accéder à ce PRM")
NO_ENEDIS_TOKEN = gateway(500, "Impossible de rafraîchir le token. Réessayez plus tard")

START_AFTER_END = _coded(400, "Invalid_request", "Start date should be before end date.")
END_IN_FUTURE = _coded(400, "Invalid_request", "The end date parameter must be earlier than the current date.")
BEFORE_ACTIVATION = _coded(
    400, "ADAM-ERR0123", "The requested period cannot be anterior to the meter's last activation date"
)
TOO_OLD = _coded(400, "ADAM-ERR0125", "The start date must be greater than the history deadline.")
TOO_LONG = _coded(400, "ADAM-ERR0126", "The requested period must be less than 7 days for an access to the load curve.")
NO_SERVICE = _coded(
    400, "ADAM-ERR0191", "Demande non recevable : aucun service souscrit ACCES à la donnée pour la période demandée."
)
WRONG_FLOW = _coded(400, "ADAM-ERR0069", "Le sens de la mesure ne correspond pas pour le PRM demandé")
NO_CONSENT = _coded(403, "ADAM-DC-0008", "No consent can be found for this customer and this usage point.")
NOTHING_FOUND = _coded(404, "no_data_found", "no measure found for this usage point")
TECHNICAL = _coded(500, "technical_error", "Technical error. Please try later.")

THROTTLED = enedis(
    429,
    {
        "fault": {
            "code": 900807,
            "message": "Message throttled out",
            "description": "You have exceeded your quota",
        }
    },
)
BAD_GATEWAY = replace(
    json_reply(
        {
            "type": "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/"
            "error-502/",
            "title": "Error 502: Bad gateway",
            "status": 502,
            "detail": "The origin web server returned an invalid or incomplete response to Cloudflare. This typically "
            "indicates the origin is overloaded or misconfigured.",
            "error_code": 502,
            "error_name": "origin_bad_gateway",
            "error_category": "origin",
        },
        502,
    ),
    content_type="application/problem+json",
)


def throttled_until(moment: datetime) -> Reply:
    """The quota is spent until `moment` (aware), written as Enedis does: `2026-Jul-17 05:00:00+0000 UTC`."""
    utc = moment.astimezone(UTC)
    text = f"{utc.year}-{MONTHS[utc.month - 1]}-{utc:%d %H:%M:%S}+0000 UTC"
    return enedis(
        429,
        {
            "code": "900804",
            "message": "Message throttled out",
            "description": f"You have exceeded your quota .You can access API after {text}",
            "nextAccessTime": text,
        },
    )


def invalid_parameters(issues: list[dict[str, Any]]) -> Reply:
    """The gateway's own check of the query failed; `issues` as zod lists them."""
    return gateway(400, "Paramètres invalides", error={"issues": issues, "name": "ZodError"})


OF_DAYS = {"err0123": BEFORE_ACTIVATION, "err0191": NO_SERVICE}
"""Faults of days for which a range that holds one of them is refused as a whole."""
BANNED = Reply(403, BAN_PAGE.encode(), HTML)
INSTEAD = {
    "429": THROTTLED,
    "500": TECHNICAL,
    "500token": NO_ENEDIS_TOKEN,
    "500text": enedis(500, "500 Internal Server Error"),
    "502": BAD_GATEWAY,
    "html403": BANNED,
    "consent": NO_CONSENT,
    "reset": RESET,
    "notjson": NOT_JSON,
    "emptyobject": json_reply({}),
}
"""Faults that put another answer in place of the true one."""
