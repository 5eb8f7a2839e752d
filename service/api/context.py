"""What a route may ask for: the things that `create_app` put together, and the caller with the scope it needs.

@router.get("/v1/jobs")
def list_jobs(here: Here, caller: Reader) -> Response: ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from service.api.stopping import Stopping
from service.artifacts import Artifacts
from service.auth import Caller, Gate, Scope
from service.serving import PredictorCache
from service.settings import Settings
from service.store.engine import Store


@dataclass(frozen=True)
class Context:
    """One API process."""

    settings: Settings
    store: Store
    artifacts: Artifacts
    gate: Gate
    predictors: PredictorCache
    ring: Callable[[str, str], object]
    """ring(run id, queue), after the commit."""
    stopping: Stopping = field(default_factory=Stopping)


def context(request: Request) -> Context:
    """The context of the app that serves this request."""
    here: Context = request.app.state.context
    return here


class Needs:
    """A dependency: the caller, who has this scope. Checked before anything of the request is read."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> Caller:
        """Raises Unauthorized, Forbidden."""
        gate = context(request).gate
        authorization = request.headers.get("authorization")
        if authorization is None:
            caller = gate.caller(None)
        else:
            caller = await run_in_threadpool(gate.caller, authorization)
        caller.need(self.scope)
        request.scope["key_id"] = caller.key_id
        return caller


Here = Annotated[Context, Depends(context)]
Reader = Annotated[Caller, Depends(Needs("read"))]
Asker = Annotated[Caller, Depends(Needs("predict"))]
Trainer = Annotated[Caller, Depends(Needs("train"))]
Admin = Annotated[Caller, Depends(Needs("admin"))]
