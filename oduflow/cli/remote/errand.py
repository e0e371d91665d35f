"""One call to a server elsewhere, and the wait for its job: as a call in this process would."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from mcp import Client
from mcp.types import CallToolResult, Tool
from pydantic import ValidationError

from oduflow.cli.answer import Show
from oduflow.cli.remote.address import Address
from oduflow.cli.remote.connection import tools_of
from oduflow.cli.remote.refusals import no_oduflow
from oduflow.domain.errors import Busy, Failure, Kind, UpstreamFailed
from oduflow.domain.outcome import FINISHED, Envelope, ErrorView

FIRST_WAIT_SECONDS = 5
LONGEST_WAIT_SECONDS = 20  # usual proxies cut what stays silent for 30 s
PAUSE_SECONDS = 1.0
LONGEST_JOB_SECONDS = 24 * 3600.0
_LATER = frozenset({Kind.BUSY, Kind.RATE_LIMITED})


class Errand:
    """A call on its way; knows what goes on at the server when nobody waits here any more.

    Args:
        address: the server.
        tool: the tool, as the server lists it.
        raw: its arguments.
        show: told of each step.
    """

    def __init__(self, address: Address, tool: Tool, raw: Mapping[str, Any], show: Show) -> None:
        self._address = address
        self._tool = tool
        self._raw = raw
        self._show = show
        self._shown = ""
        self._sent = False
        self._job = ""
        self._can_stop = False

    async def run(self, client: Client) -> Envelope[Any]:
        """Call the tool and wait until its job, if it began one, is finished.

        Raises:
            Failure: no answer came.
        """
        # The SDK checks results against the list, and would ask for it after a grant's last call.
        await tools_of(client)
        self._sent = True
        result = await client.call_tool(
            self._tool.name, dict(self._raw), progress_callback=self._progress
        )
        answer = self._envelope(result.structured_content)
        if answer.job is None or answer.status in FINISHED:
            return answer
        self._job = answer.job
        self._can_stop = any(step.startswith("cancel_job ") for step in answer.next)
        return await self._waited(client)

    def explain(self, failure: Failure) -> None:
        """Let the hint of a failure on the way say what goes on at the server."""
        if self._job or isinstance(failure, UpstreamFailed):
            failure.hint = self.goes_on() or failure.hint

    def goes_on(self) -> str:
        """Say how to look at what goes on there; empty when nothing does."""
        at = f"--url {self._address}"
        if self._job:
            stop = (
                f", `oduflow call cancel_job {self._job} {at}` stops it" if self._can_stop else ""
            )
            return f"The job goes on: `oduflow call get_job {self._job} {at}` looks at it{stop}."
        hints = self._tool.annotations
        if not self._sent or (hints is not None and hints.read_only_hint):
            return ""
        return f"What it began goes on: `oduflow call list_jobs {at}` shows it."

    async def _waited(self, client: Client) -> Envelope[Any]:
        deadline = time.monotonic() + LONGEST_JOB_SECONDS
        seconds = FIRST_WAIT_SECONDS
        while time.monotonic() < deadline:
            since = time.monotonic()
            result = await client.call_tool("wait_for_job", {"job": self._job, "seconds": seconds})
            finished = self._look(result)
            if finished is not None:
                return finished
            seconds = min(2 * seconds, LONGEST_WAIT_SECONDS)
            # A server that answers at once must not be asked at once.
            await asyncio.sleep(max(0.0, since + PAUSE_SECONDS - time.monotonic()))
        raise Busy(f"{self._tool.name} is not finished after a day.")

    def _look(self, result: CallToolResult) -> Envelope[Any] | None:
        """Return the job's own envelope once it is finished; show how far it is until then.

        Where it may not be waited for, the refusal is the answer, and the job goes on.
        """
        answer = self._envelope(result.structured_content)
        if answer.error is not None:
            if answer.error.kind in _LATER:
                return None
            hint = {"hint": self.goes_on()}
            error = {"error": answer.error.model_copy(update=hint), "job": self._job}
            return answer.model_copy(update=error)
        job = answer.data if isinstance(answer.data, dict) else {}
        if job.get("status") in FINISHED:
            return self._envelope(job.get("result"))
        self._tell(answer.summary.removeprefix(f"{job.get('operation')} {job.get('target')}: "))
        return None

    async def _progress(self, progress: float, total: float | None, message: str | None) -> None:
        del progress, total  # the message says it in words
        self._tell(message or "")

    def _tell(self, standing: str) -> None:
        standing = standing.rstrip(".")
        if standing and standing != self._shown:
            self._shown = standing
            self._show(standing)

    def _envelope(self, content: Any) -> Envelope[Any]:
        """Read an answer; what a newer server says beyond what we know is left out."""
        if not isinstance(content, dict):
            raise no_oduflow(self._address)
        known = _only(content, Envelope)
        if isinstance(error := known.get("error"), dict):
            known["error"] = _only(error, ErrorView)
        try:
            return Envelope[Any].model_validate(known)
        except ValidationError as cause:
            raise no_oduflow(self._address) from cause


def _only(content: dict[str, Any], model: type[Envelope[Any] | ErrorView]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key in model.model_fields}
