# One image for the gateway and the simulators; what runs is the command. No root, no compiler, no package tools at work.
FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /opt/payproof \
 && /opt/payproof/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY harness harness
COPY mock_providers mock_providers
COPY reference_gateway reference_gateway
COPY scenarios scenarios
COPY loadtests loadtests
RUN /opt/payproof/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . \
 && /opt/payproof/bin/python -m compileall -q /opt/payproof/lib

FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin payproof \
 && install -d -o payproof -g payproof /credentials
COPY --from=build /opt/payproof /opt/payproof
COPY deploy/healthcheck.py deploy/gateway.sh /opt/payproof/deploy/
ENV PATH=/opt/payproof/bin:$PATH PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /credentials
EXPOSE 8080 9090
ENV GATEWAY_HOST=0.0.0.0 GATEWAY_PORT=8080 GATEWAY_OPS_PORT=9090
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "/opt/payproof/deploy/healthcheck.py", "http://127.0.0.1:9090/healthz"]
# Readiness turns, requests are finished, then it ends: give it more than drain_notice_s and drain_s together.
STOPSIGNAL SIGTERM
CMD ["python", "-m", "reference_gateway"]
