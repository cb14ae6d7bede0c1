"""Whether the gateway answers, and in which shape: one call, counted in the budget of the day as any other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ..http.transport import Answer, Transport
from ..load.calls import budget_of
from ..model.errors import BudgetSpent, HistoryFloor, NoReadings, RateLimited, SourceError
from ..model.window import CURVE, Window
from ..sources import SOURCES
from ..sources.linky.answers import parse_curve, read_token
from ..sources.linky.meter import Meter
from ..sources.source import UnknownShape
from .finding import Finding, NotRun, Surroundings

SUBJECT = "gateway"
AGAIN = "mend that, then: python -m sync doctor (it asks once more)"


def check_gateway(around: Surroundings) -> Iterator[Finding]:
    """The load curve of yesterday of the first meter whose token may be used."""
    meter = next((meter for meter in around.settings.meters if _is_usable(meter, around)), None)
    if meter is None:
        raise NotRun("there is no token to ask with")
    if not around.call:
        raise NotRun("no call is made (--no-call)")
    try:
        text, calls = _ask(around, meter)
    except BudgetSpent as spent:
        raise NotRun(str(spent)) from None
    except (NoReadings, HistoryFloor) as nothing:
        yield Finding(SUBJECT, "ok", f"it answers; of yesterday: {nothing}")
        return
    except RateLimited as limited:
        yield Finding(SUBJECT, "warning", str(limited), AGAIN)
        return
    except SourceError as error:
        yield Finding(SUBJECT, "error", str(error), _remedy(around))
        return
    try:
        count = len(parse_curve(text, meter.prm, meter.flows[0]))
    except UnknownShape as unknown:
        said = f"it answers in a form that this version does not know: {unknown}"
        yield Finding(SUBJECT, "error", said, "look for a newer version of this tool")
        return
    shape = "V2" if '"grandeur"' in text else "V5"
    yield Finding(SUBJECT, "ok", f"it answers in the shape {shape}, {count} points of yesterday; {calls} calls today")


def _is_usable(meter: Meter, around: Surroundings) -> bool:
    ends = read_token(meter.token).expires if meter.token else None
    return bool(meter.token) and (ends is None or ends > around.clock.now())


def _ask(around: Surroundings, meter: Meter) -> tuple[str, int]:
    """The text of the answer, and the calls that the day has seen then. One attempt, no repetition."""
    settings, clock = around.settings, around.clock
    source = SOURCES["linky"].connect(settings)
    curves = [each for each in source.datasets if each.kind == CURVE]
    dataset = next(each for each in curves if each.series and each.series.id == meter.prm)
    today = clock.now().astimezone(source.zone).date()
    budget = budget_of(source, settings, clock)
    url, query = source.question(dataset, Window(today - timedelta(days=1), today))

    def explain(answer: Answer) -> Exception | None:
        if answer.date:
            around.clocks["the gateway"] = (answer.date, clock.now())
        return source.explain(answer, clock.now())

    transport = Transport(budget, clock, settings.sync_contact, pauses=())
    answer = transport.get(url, query, source.headers(dataset), explain)
    return answer.text, budget.usage().calls


def _remedy(around: Surroundings) -> str:
    if "LINKY_API_URL" in around.settings.given:
        return f"is LINKY_API_URL right? Without it the gateway's own address is asked; {AGAIN}"
    return AGAIN
