"""create_app: the only place where things are put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from fastapi import FastAPI

from models.faults import arm
from service.api import (
    codes,
    curves,
    datasets,
    documentation,
    follow,
    jobs,
    keys,
    openapi,
    predictions,
    problems,
    registry,
    runs,
    specs,
    system,
)
from service.api.access import Access, hosts_of
from service.api.context import Context
from service.artifacts import Artifacts
from service.auth import Gate, check_start
from service.queue import Doorbell
from service.serving import PredictorCache
from service.settings import Settings
from service.store.engine import Store
from service.telemetry import configure

VERSION = "0.1.0"

ROUTERS = (
    datasets.router,
    specs.router,
    jobs.router,
    follow.routes("/v1/jobs/{job_id}", follow.run_of_job, "jobs"),
    curves.routes("/v1/jobs/{job_id}", follow.run_of_job, "jobs"),
    runs.router,
    follow.routes("/v1/runs/{run_id}", follow.run_of_run, "runs"),
    curves.routes("/v1/runs/{run_id}", follow.run_of_run, "runs"),
    predictions.router,
    registry.router,
    keys.router,
    codes.router,
    system.router,
)


def from_environment() -> FastAPI:
    """The application of an API process, by the settings of its environment."""
    settings = Settings()
    configure(process="api")
    arm(settings.failpoint)
    return create_app(settings)


def create_app(settings: Settings) -> FastAPI:
    """The application. Raises RefusesToStart where it would be open to others."""
    store = Store(settings.database)
    check_start(settings, store)
    artifacts = Artifacts(settings)
    doorbell = Doorbell(settings)
    context = Context(
        settings=settings,
        store=store,
        artifacts=artifacts,
        gate=Gate(settings, store),
        predictors=PredictorCache(settings.predictors, partial(artifacts.local, "checkpoints")),
        ring=doorbell.ring,
    )
    app = FastAPI(
        title="fitserve",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # Access has taken the slash away
        lifespan=_life(context, doorbell),
    )
    app.state.context = context
    app.add_middleware(Access, hosts=hosts_of(settings.allowed_hosts, settings.host))
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app, openapi.api_routes(ROUTERS))
    documentation.install(app)
    openapi.install(app, ROUTERS)
    return app


def _life(context: Context, doorbell: Doorbell) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        context.stopping.listen()
        yield
        context.stopping.begin()
        doorbell.close()
        context.store.close()

    return life
