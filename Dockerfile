# One Map's own programs: the worker and the web server, and in an image of its own (`prefect-server`)
# the Prefect server of the same version. The database is another container (docker-compose.yml).
FROM python:3.11-slim-bookworm AS base

RUN useradd --system --uid 10001 --create-home onemap \
    && install -d -o onemap -g onemap /state /drops
WORKDIR /app
RUN python -m venv .venv
ENV PATH=/app/.venv/bin:$PATH PREFECT_HOME=/state/prefect PYTHONUNBUFFERED=1
VOLUME /state


FROM base AS prefect-server

COPY requirements-prefect-server.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-prefect-server.lock

USER onemap
CMD ["prefect", "server", "start", "--host", "0.0.0.0"]


FROM base AS application

# For `onemap backup` and `restore`: the client programs of the server's version (docker-compose.yml).
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client-15 \
    && rm -rf /var/lib/apt/lists/*

COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock

COPY web/package.json web/package-lock.json web/
RUN cd web && npm ci --omit=dev --no-audit --no-fund --no-update-notifier

COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e .

USER onemap
ENV ONEMAP_HOME=/state
CMD ["onemap", "--help"]
