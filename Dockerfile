# docker build -t refeed . && docker run -p 8000:8000 -v refeed:/data -v ./dumps:/dumps:ro refeed
# To pin the base image too, write python:3.13-slim@sha256:… with the digest that `docker buildx imagetools inspect
# python:3.13-slim` prints, twice.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/refeed
COPY requirements.lock ./
RUN /opt/refeed/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN /opt/refeed/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.13-slim
# git is needed only for upstreams that are git repositories; tini reaps processes whose parent was killed.
RUN apt-get update && apt-get install -y --no-install-recommends git tini && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data refeed && install -d -o refeed /data /dumps
COPY --from=build /opt/refeed /opt/refeed
COPY config.yaml /etc/refeed/config.yaml
ENV PATH=/opt/refeed/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    REFEED_CONFIG=/etc/refeed/config.yaml \
    REFEED_DUMPS=/dumps:/data/dumps REFEED_FEEDS=/data/feeds REFEED_VAR=/data/var \
    PORT=8000
USER refeed
WORKDIR /data
# The only folder that is written to: `docker run --read-only` works.
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["tini", "--"]
CMD ["refeed", "serve"]
