"""Spark, started quietly and ended with us: what it says goes to a file, and on one machine it listens to nobody else.

https://spark.apache.org/docs/latest/configuration.html
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..model.errors import SyncError, UsageError
from ..model.privacy import scrub
from ..model.private import private_file, private_home

try:
    from py4j.protocol import Py4JError
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException
    from pyspark.java_gateway import launch_gateway
except ImportError:  # an extra
    SparkContext = None  # type: ignore[assignment,misc]

JAVA = 17  # the oldest that Spark 4 runs on
TRIES = 4  # of a task, as on a cluster
FAREWELL = 20  # s for Spark to end
LOOPBACK = "127.0.0.1"
SETTINGS = {
    "spark.app.name": "Readings of many meters in MongoDB",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.speculation": "false",  # a second copy of a task would only wait for the leases of the first
}
LOCAL = {
    "spark.driver.host": LOOPBACK,
    "spark.driver.bindAddress": LOOPBACK,
    "spark.driver.memory": "512m",  # readings never enter the JVM: Python reads, encodes and sends them
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # it only hands out tasks
}


@dataclass(frozen=True, slots=True)
class Engine:
    """Which Spark: its master, settings on top of ours, the file for what it says."""

    master: str
    settings: Mapping[str, str]
    log: Path

    @property
    def is_local(self) -> bool:
        """Whether all of it runs on this machine."""
        return self.master.startswith("local")

    @property
    def conf(self) -> dict[str, str]:
        """All settings. None of them is a secret: Spark shows and logs them."""
        named = {"spark.master": self._patient_master}
        return SETTINGS | (LOCAL if self.is_local else {}) | named | dict(self.settings)

    @property
    def _patient_master(self) -> str:
        """Local mode gives up after one failure of a task unless told otherwise: a killed process would end the job."""
        found = re.fullmatch(r"local(?:\[(\*|\d+)\])?", self.master)
        return f"local[{found[1] or 1},{TRIES}]" if found else self.master

    def gave_up(self, error: Exception) -> SyncError:
        """What an error of Spark's means for the user."""
        with suppress(OSError):
            if "All masters are unresponsive" in self.log.read_text(errors="replace"):
                return SyncError(f"no Spark master answers at {self.master}: start it, or correct --master")
        text = _words(error)
        if missing := re.search(r"No module named '([\w.]+)'", text):
            return SyncError(
                f"the executors' Python has no module {missing[1]}: pip install '.[bulk]' there, "
                "or name the right Python with PYSPARK_PYTHON"
            )
        cause = re.search(r"^: (.+)", text, re.MULTILINE)
        words = scrub(cause[1] if cause else text.partition("\n")[0])[:300]
        return SyncError(f"Spark gave up ({words}): see {self.log}; what was stored stays, run again")

    @contextmanager
    def start(self) -> Iterator[SparkContext]:
        """A running Spark. Raises SyncError when it does not start, or fails in the block."""
        private_home(self.log.parent)
        logging.getLogger("py4j").setLevel(logging.CRITICAL)  # repeats what its exceptions say
        warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")  # of pandas 3, not used here
        with private_file(self.log).open("wb") as log, _surroundings(self.is_local):
            try:
                gateway = launch_gateway(self._spark_conf(), {"stdout": log, "stderr": log})
            except PySparkException as error:
                raise self.gave_up(error) from None
            try:
                context = self._connect(gateway)
                try:
                    yield context
                except (Py4JError, PySparkException) as error:
                    raise self.gave_up(error) from None
                finally:
                    with suppress(Exception):  # it may be gone
                        context.stop()
            finally:
                _end(gateway)

    def _connect(self, gateway: Any) -> SparkContext:
        handler = signal.getsignal(signal.SIGINT)
        try:
            return SparkContext(conf=self._spark_conf(), gateway=gateway)
        except (Py4JError, PySparkException) as error:
            raise self.gave_up(error) from None
        finally:
            signal.signal(signal.SIGINT, handler)  # Spark's own talks to the JVM in the middle of anything

    def _spark_conf(self) -> SparkConf:
        return SparkConf().setAll(list(self.conf.items()))


def _words(error: Exception) -> str:
    """What an error says, which one of Spark's asks the JVM for."""
    if isinstance(error, OSError):
        return "its JVM has ended: is there enough memory?"
    try:
        return str(error)
    except Exception:
        return type(error).__name__


def require_spark() -> None:
    """Raises UsageError with the remedy when PySpark or Java is missing or too old."""
    if SparkContext is None:
        raise UsageError("this command needs PySpark: pip install '.[spark]'")
    remedy = "(Debian, Ubuntu: apt-get install openjdk-17-jre-headless), or set JAVA_HOME to one"
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else "java"
    if shutil.which(java) is None:
        where = f"there is no {java}" if home else "there is no java on the PATH"
        raise UsageError(f"Spark needs Java {JAVA} or newer, and {where}: install it {remedy}")
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603
    version = re.search(r'version "(?:1\.)?(\d+)', shown.stderr)
    if version is None or int(version[1]) < JAVA:
        found = f"{java} is Java {version[1]}" if version else f"{java} -version tells none"
        raise UsageError(f"Spark needs Java {JAVA} or newer, and {found}: install it {remedy}")


@contextmanager
def _surroundings(is_local: bool) -> Iterator[None]:
    """Variables that Spark's processes take over: our own Python, and on one machine its loopback address."""
    ours = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": LOOPBACK} if is_local else {}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, text in before.items():
            os.environ.pop(name)
            if text is not None:
                os.environ[name] = text


def _end(gateway: Any) -> None:
    with suppress(Exception):  # it may be gone
        gateway.shutdown()
    gateway.proc.stdin.close()  # its end is the sign for the JVM, too
    try:
        gateway.proc.wait(FAREWELL)
    except subprocess.TimeoutExpired:
        gateway.proc.kill()
        gateway.proc.wait()
