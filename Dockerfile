# One Map's own programs: the worker, the web server, the Prefect server of the same version.
# The database is another container (docker-compose.yml).
FROM python:3.11-slim-bookworm

RUN useradd --system --uid 10001 --create-home onemap \
    && install -d -o onemap -g onemap /state /drops
WORKDIR /app

COPY requirements.lock ./
RUN python -m venv .venv \
    && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
ENV PATH=/app/.venv/bin:$PATH

COPY web/package.json web/package-lock.json web/
RUN cd web && npm ci --omit=dev --no-audit --no-fund --no-update-notifier

COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e .

USER onemap
ENV ONEMAP_HOME=/state PREFECT_HOME=/state/prefect PYTHONUNBUFFERED=1
VOLUME /state
CMD ["onemap", "--help"]
