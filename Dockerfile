# Pinned by tag: a digest could not be verified where this was written; put yours behind the tag.
ARG PYTHON_IMAGE=python:3.13-slim-trixie

FROM ${PYTHON_IMAGE} AS builder
WORKDIR /build
COPY requirements-uv.lock ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements-uv.lock
# Before the source, so that a change of ours does not install everybody else's packages again.
COPY requirements.lock ./
RUN python -m venv --without-pip /app/.venv \
 && uv pip sync --python /app/.venv --no-cache --compile-bytecode --only-binary :all: \
    --require-hashes requirements.lock
# The wheel carries neither sandbox nor embedded servers nor demo; what builds it is locked as well.
COPY pyproject.toml README.md LICENSE requirements-dev.lock ./
COPY src ./src
RUN uv build --wheel --no-cache --build-constraints requirements-dev.lock --require-hashes \
 && uv pip install --python /app/.venv --no-cache --compile-bytecode --no-deps --offline dist/*.whl

FROM ${PYTHON_IMAGE}
# A number in USER below lets Kubernetes see that it is not root.
RUN pip uninstall --yes --root-user-action ignore pip \
 && groupadd --gid 10001 billingone \
 && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin billingone
WORKDIR /app
COPY --from=builder /app/.venv /app/.venv
COPY alembic.ini ./
COPY migrations ./migrations
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000
USER 10001:10001
EXPOSE 8000
# http.client, because urllib would ask the proxy named in the environment for our own loopback.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=3); c.request('GET', '/livez'); sys.exit(c.getresponse().status != 200)"]
CMD ["billingone", "serve"]
