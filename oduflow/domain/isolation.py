"""The report of an isolation check: what canaries tried, what they reached, and its signature."""

import hmac
import json
from collections.abc import Callable
from enum import StrEnum

from pydantic import ValidationError

from oduflow.domain.errors import Conflict, Invalid
from oduflow.domain.outcome import Model

Sign = Callable[[str], str]

_SIGNATURE = "signature"


class ProbeVerdict(StrEnum):
    """What a probe showed."""

    NOT_MEASURED = "not measured"
    REACHED = "reached"
    REFUSED = "refused"


class ProbeResult(Model):
    """One thing that a canary tried.

    Attributes:
        expected: `reached` for a control: it shows that the canaries work, so that a broken one
            does not pass as an isolated one.
        found: what happened, in words.
    """

    name: str
    tried: str
    expected: ProbeVerdict
    found: str
    verdict: ProbeVerdict

    @property
    def ok(self) -> bool:
        """Whether isolation held; what is not measured says nothing against it."""
        if self.expected is ProbeVerdict.REACHED:
            return self.verdict is ProbeVerdict.REACHED
        return self.verdict is not ProbeVerdict.REACHED


class IsolationReport(Model):
    """One check, with the versions that it holds for; times are RFC 3339 in UTC."""

    instance: str
    oduflow: str
    engine: str
    kernel: str
    image: str
    started: str
    ended: str
    probes: tuple[ProbeResult, ...]

    @property
    def problems(self) -> tuple[ProbeResult, ...]:
        """The probes that were not as expected."""
        return tuple(probe for probe in self.probes if not probe.ok)

    @property
    def isolated(self) -> bool:
        """Whether every control was reached, and nothing else."""
        return bool(self.probes) and not self.problems


def signed_text(report: IsolationReport, sign: Sign) -> str:
    """Return a report as JSON with its signature, which covers every byte of the rest."""
    fields = report.model_dump(mode="json")
    return _text(fields | {_SIGNATURE: sign(_text(fields))})


def read_signed(text: str, sign: Sign) -> IsolationReport:
    """Read a report whose signature is right.

    Raises:
        Invalid: the text is no report.
        Conflict: it was changed after it was signed, or another instance signed it.
    """
    try:
        fields = json.loads(text)
        signature = str(fields.pop(_SIGNATURE))
        report = IsolationReport.model_validate(fields)
    except (AttributeError, KeyError, TypeError, ValueError, ValidationError) as cause:
        raise Invalid(
            "This is no report of an isolation check.",
            "Name a file that `oduflow doctor --isolation` wrote.",
        ) from cause
    right = sign(_text(report.model_dump(mode="json")))
    # The text is compared too: JSON may be written in many ways, of which one was signed.
    expected = _text(fields | {_SIGNATURE: right})
    if not hmac.compare_digest(f"{signature}\n{text}".encode(), f"{right}\n{expected}".encode()):
        raise Conflict(
            "The signature does not fit: the report was changed, or another instance signed it.",
            "Verify it with the configuration and data folder of the server that wrote it.",
        )
    return report


def _text(fields: dict[str, object]) -> str:
    return json.dumps(fields, indent=1, sort_keys=True) + "\n"
