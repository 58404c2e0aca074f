"""``/operator/webhooks`` and ``/operator/jobs``: what failed, and once more."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringbolt.app.operator.dead_jobs import list_dead_jobs, list_dead_letters, retry_job
from ringbolt.app.webhooks.resend_webhook import resend_webhook
from ringbolt.app.webhooks.webhook_list import list_webhooks
from ringbolt.core.errors import NotFound, RingboltError
from ringbolt.web.forms import Form
from ringbolt.web.operator.frame import Frame, back_to, sentence


class Failures:
    """Webhooks and jobs, with a button to try each again."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._db = frame.shop.db

    def routes(self) -> list[Route]:
        frame = self._frame
        return [
            frame.show("/webhooks", self.webhooks),
            frame.send("/webhooks/{webhook}/resend", self.resend),
            frame.show("/jobs", self.jobs),
            frame.send("/jobs/{job}/retry", self.retry),
        ]

    async def webhooks(self, request: Request) -> Response:
        return await self._webhooks(request)

    async def resend(self, request: Request, form: Form) -> Response:
        webhook = str(request.path_params["webhook"])
        try:
            await resend_webhook(self._frame.shop, webhook)
        except RingboltError as error:
            return await self._webhooks(request, error.status, sentence(error))
        await self._frame.record("resend", f"webhook {webhook}")
        return back_to("/webhooks")

    async def jobs(self, request: Request) -> Response:
        return self._frame.page(
            request,
            "operator_jobs.html",
            jobs=await self._db.read(list_dead_jobs),
            letters=await self._db.read(list_dead_letters),
        )

    async def retry(self, request: Request, form: Form) -> Response:
        job = str(request.path_params["job"])
        if not (job.isascii() and job.isdigit() and len(job) < 16):
            raise NotFound("There is no such job.")
        await self._db.tx(retry_job, int(job))
        await self._frame.record("retry", f"job {job}")
        return back_to("/jobs")

    async def _webhooks(self, request: Request, status: int = 200, problem: str = "") -> Response:
        is_all = "all" in request.query_params
        cursor = request.query_params.get("cursor", "")
        found = await self._db.read(list_webhooks, "", not is_all, cursor)
        return self._frame.page(
            request,
            "operator_webhooks.html",
            status,
            webhooks=found["webhooks"],
            cursor=found["cursor"],
            is_all=is_all,
            problem=problem,
        )
