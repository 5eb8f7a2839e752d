# One image for the API and for the workers; `fitserve api`, `fitserve worker`, `fitserve migrate` are its commands.
# TORCH_INDEX chooses torch's build: empty = the default index, whose Linux build brings CUDA along (large, runs without a GPU too);
# for a small CPU image give the address that pytorch.org/get-started shows for CPU.
FROM python:3.12-slim

ARG TORCH="torch==2.13.0"
ARG TORCH_INDEX=""

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib \
    FITSERVE_HOME=/var/lib/fitserve FITSERVE_HOST=0.0.0.0 FITSERVE_PORT=8000

WORKDIR /opt/fitserve
COPY constraints.txt pyproject.toml README.md ./
RUN pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$TORCH"
COPY models models
COPY service service
COPY workers workers
COPY migrations migrations
RUN pip install --constraint constraints.txt --editable . \
    && groupadd --gid 10001 fitserve && useradd --uid 10001 --gid 10001 --no-create-home fitserve \
    && install --directory --owner fitserve --group fitserve /var/lib/fitserve

USER 10001:10001
VOLUME /var/lib/fitserve
EXPOSE 8000
CMD ["fitserve", "api"]
