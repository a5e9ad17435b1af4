"""Image, compose file and manifest hang together: each rule here is also seen to fail on a document that breaks it."""

import copy
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mock_providers.front.hosts import VENDORS, vendor_of
from mock_providers.registry import make_credentials
from mock_providers.settings import ProvidersSettings
from reference_gateway.settings import GatewaySettings

REPO = Path(__file__).parents[3]
DEPLOY = REPO / "deploy"
UID = "10001"


def load(path):
    yaml = YAML(typ="safe")
    return list(yaml.load_all((DEPLOY / path).read_text()))


def dockerfile():
    text = (REPO / "Dockerfile").read_text()
    return [line for line in re.sub(r"\\\n", " ", text).splitlines() if line and not line.startswith("#")]


def strangers(environment):
    """Variables that the gateway would refuse at its start."""
    known = {f"GATEWAY_{name.upper()}" for name in GatewaySettings.model_fields}
    return sorted(name for name in environment if name.startswith("GATEWAY_") and name not in known)


def faults_of_image(lines):
    """What is wrong with the image's recipe."""
    final = lines[max(n for n, line in enumerate(lines) if line.startswith("FROM ")) :]
    faults = []
    users = [line.split()[1] for line in final if line.startswith("USER ")]
    if not users or users[-1].split(":")[0] in {"root", "0"}:
        faults.append("runs as root")
    if not any(line.startswith("HEALTHCHECK ") and "CMD" in line for line in final):
        faults.append("has no health check")
    if any(
        re.search(r"\bpip install\b", line) and "--require-hashes" not in line and "--no-deps" not in line
        for line in lines
    ):
        faults.append("installs what no hash is known of")
    if not any(line.startswith("CMD [") for line in final):
        faults.append("has no command in exec form, so SIGTERM would reach a shell")
    for line in final:
        if line.startswith("COPY ") and "--from=" not in line:
            faults += [
                f"copies {name}, which is not there" for name in line.split()[1:-1] if not (REPO / name).exists()
            ]
        if line.startswith("ENV "):
            faults += [f"sets {name}" for name in strangers(re.findall(r"(GATEWAY_\w+)=", line))]
    return faults


def test_the_image_runs_without_root_checks_its_health_and_installs_by_hash():
    assert faults_of_image(dockerfile()) == []


@pytest.mark.parametrize(
    ("line", "instead", "fault"),
    [
        (f"USER {UID}:{UID}", "USER root", "runs as root"),
        (f"USER {UID}:{UID}", "", "runs as root"),
        ("HEALTHCHECK", "# HEALTHCHECK", "has no health check"),
        ("--require-hashes", "", "installs what no hash is known of"),
        ('CMD ["python", "-m", "reference_gateway"]', "CMD python -m reference_gateway", "exec form"),
        ("deploy/gateway.sh", "deploy/gone.sh", "copies deploy/gone.sh"),
        ("GATEWAY_HOST=", "GATEWAY_HOTS=", "sets GATEWAY_HOTS"),
    ],
)
def test_a_recipe_that_breaks_a_rule_is_seen(line, instead, fault):
    broken = [one.replace(line, instead) for one in dockerfile()]
    assert broken != dockerfile()
    assert any(fault in found for found in faults_of_image(broken)), faults_of_image(broken)


def test_everything_that_is_copied_is_sent_to_the_engine():
    sent = [line[1:] for line in (REPO / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for line in dockerfile():
        if line.startswith("COPY ") and "--from=" not in line:
            for name in line.split()[1:-1]:
                assert any(name == one or name.startswith(f"{one}/") for one in sent), name


def faults_of_chain(chain):
    """What is wrong with the compose document."""
    services = chain["services"]
    faults = []
    aliases = services["simulators"]["networks"]["chain"]["aliases"]
    faults += [f"{name} is no vendor's host" for name in aliases if vendor_of(name) is None]
    wanted = {host for vendor in VENDORS.values() for host in vendor.hosts}
    faults += [f"{name} leads to the real vendor" for name in sorted(wanted - set(aliases))]
    command = services["simulators"]["command"]
    flags = {word.removeprefix("--").removeprefix("no-").partition("=")[0].replace("-", "_") for word in command[3:]}
    faults += [f"the simulators have no flag {name}" for name in sorted(flags - set(ProvidersSettings.model_fields))]
    if "--tls-port=443" not in command:
        faults.append("the simulators do not answer on 443")
    [token] = [word.partition("=")[2] for word in command if word.startswith("--control-token=")]
    if token not in services["simulators"]["healthcheck"]["test"]:
        faults.append("the simulators' health is asked without their token")
    for name, service in services.items():
        needs = service.get("depends_on", {})
        faults += [f"{name} waits for {other}, which is not there" for other in needs if other not in services]
        faults += [f"{name} needs a health check of {other}" for other in needs if not _has_health(services, other)]
        faults += [f"{name} sets {one}" for one in strangers(service.get("environment", {}))]
        for port in service.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                faults.append(f"{name} is open to the world")
        for url in re.findall(r"https://([\w.]+)", str(service.get("environment", ""))):
            if url not in aliases:
                faults.append(f"{name} would call the real {url}")
    return faults


def _has_health(services, name):
    return name not in services or "healthcheck" in services[name] or "healthcheck" in str(services[name])


def chain():
    [document] = load("compose.yaml")
    return document


def test_the_chain_hangs_together_and_no_vendors_name_leads_outside():
    assert faults_of_chain(chain()) == []
    assert {"postgres", "redis", "simulators", "gateway-a", "gateway-b"} <= set(chain()["services"])


def test_the_simulators_take_their_command_as_it_stands():
    settings = ProvidersSettings(_cli_parse_args=chain()["services"]["simulators"]["command"][3:])
    assert (settings.tls_port, settings.vendor_ports, settings.host) == (443, False, "0.0.0.0")


def test_every_key_that_the_gateways_are_told_of_is_one_that_the_simulators_write(tmp_path):
    make_credentials(tmp_path)
    named = set(re.findall(r"/credentials/([\w./]+)", (DEPLOY / "compose.yaml").read_text()))
    named |= set(re.findall(r"\$\(word ([\w./]+)\)", (DEPLOY / "gateway.sh").read_text()))
    # The authority of the host names is made when the doors open.
    named.remove("tls/ca.pem")
    assert len(named) > 8
    assert [name for name in sorted(named) if not (tmp_path / name).is_file()] == []


def test_the_gateways_are_told_of_every_channel():
    told = set(chain()["services"]["gateway-a"]["environment"])
    told |= set(re.findall(r"(GATEWAY_\w+)=", (DEPLOY / "gateway.sh").read_text()))
    paid_by = ("alipay_gateway_url", "alipay_v3_url", "wechatpay_v3_url", "wechatpay_v2_url")
    opens = (*paid_by, "unionpay_pfx_file", "unionpay_secure_key", "unionpay_sm2_file")
    assert [name for name in opens if f"GATEWAY_{name.upper()}" not in told] == []


def changed(change):
    document = copy.deepcopy(chain())
    change(document["services"])
    return faults_of_chain(document)


def test_a_chain_that_breaks_a_rule_is_seen():
    simulators = "simulators"
    assert "openapi.alipay.com leads to the real vendor" in changed(
        lambda s: s[simulators]["networks"]["chain"]["aliases"].remove("openapi.alipay.com")
    )
    assert "example.com is no vendor's host" in changed(
        lambda s: s[simulators]["networks"]["chain"]["aliases"].append("example.com")
    )
    assert "the simulators do not answer on 443" in changed(lambda s: s[simulators]["command"].remove("--tls-port=443"))
    assert "the simulators' health is asked without their token" in changed(
        lambda s: s[simulators]["healthcheck"]["test"].pop()
    )
    assert "gateway-a is open to the world" in changed(lambda s: s["gateway-a"].update(ports=["8080:8080"]))
    assert "gateway-a sets GATEWAY_PROT" in changed(lambda s: s["gateway-a"].update(environment={"GATEWAY_PROT": 1}))
    assert "gateway-a needs a health check of redis" in changed(lambda s: s["redis"].pop("healthcheck"))
    assert "the simulators have no flag tsl_port" in changed(lambda s: s[simulators]["command"].append("--tsl-port=1"))


def manifest():
    return {document["kind"]: document for document in load("kubernetes/gateway.yaml")}


def faults_of_manifest(parts):
    """What is wrong with the cluster's documents."""
    pod = parts["Deployment"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    settings = parts["ConfigMap"]["data"]
    scaler = parts["HorizontalPodAutoscaler"]["spec"]
    zones = [one for one in pod["topologySpreadConstraints"] if one["topologyKey"] == "topology.kubernetes.io/zone"]
    drains = float(settings["GATEWAY_DRAIN_NOTICE_S"]) + float(settings["GATEWAY_DRAIN_S"])
    notices = container["readinessProbe"]["periodSeconds"] * container["readinessProbe"]["failureThreshold"]
    ports = {one["name"]: one["containerPort"] for one in container["ports"]}
    probes = [container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")]
    labels = parts["Deployment"]["spec"]["template"]["metadata"]["labels"]
    rules = [
        (zones and zones[0]["whenUnsatisfiable"] == "DoNotSchedule", "not spread over zones"),
        ((scaler["minReplicas"], scaler["maxReplicas"]) == (2, 8), "does not scale from 2 to 8"),
        (scaler["metrics"][0]["resource"]["target"]["averageUtilization"] == 75, "does not scale at 75 % CPU"),
        (container["resources"]["requests"].get("cpu"), "asks for no CPU, so nothing can be a part of it"),
        (scaler["scaleTargetRef"]["name"] == parts["Deployment"]["metadata"]["name"], "scales something else"),
        (drains < pod["terminationGracePeriodSeconds"], "is killed while it drains"),
        (notices < float(settings["GATEWAY_DRAIN_NOTICE_S"]), "closes before anybody notices"),
        (pod["securityContext"]["runAsNonRoot"] is True, "may run as root"),
        (all(probe["port"] in ports for probe in probes), "asks for health where nobody listens"),
        (ports["ops"] == int(settings["GATEWAY_OPS_PORT"]), "has its figures on another port"),
        (parts["Service"]["spec"]["selector"].items() <= labels.items(), "is served by nobody"),
        (parts["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"].items() <= labels.items(), "protects nobody"),
    ]
    return [fault for kept, fault in rules if not kept] + strangers(settings)


def test_the_manifest_spreads_scales_and_drains():
    assert faults_of_manifest(manifest()) == []


@pytest.mark.parametrize(
    ("where", "value", "fault"),
    [
        ("Deployment.spec.template.spec.terminationGracePeriodSeconds", 20, "is killed while it drains"),
        ("Deployment.spec.template.spec.securityContext.runAsNonRoot", False, "may run as root"),
        ("Deployment.spec.template.metadata.labels", {"app": "other"}, "is served by nobody"),
        ("Deployment.spec.template.spec.topologySpreadConstraints", [], "not spread over zones"),
        ("HorizontalPodAutoscaler.spec.maxReplicas", 80, "does not scale from 2 to 8"),
        ("HorizontalPodAutoscaler.spec.scaleTargetRef.name", "other", "scales something else"),
        ("ConfigMap.data.GATEWAY_DRAIN_NOTICE_S", "0", "closes before anybody notices"),
        ("ConfigMap.data.GATEWAY_OPS_PROT", "1", "GATEWAY_OPS_PROT"),
    ],
)
def test_a_manifest_that_breaks_a_rule_is_seen(where, value, fault):
    parts = copy.deepcopy(manifest())
    *path, last = where.split(".")
    node = parts
    for step in path:
        node = node[step]
    node[last] = value
    assert fault in faults_of_manifest(parts)


def test_the_health_check_tells_200_from_anything_else(tmp_path):
    script = DEPLOY / "healthcheck.py"
    serve = (
        "import http.server,sys\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        told = self.headers['Authorization'] == 'Bearer hush'\n"
        "        self.send_response(200 if self.path == '/ok' or told else 503); self.end_headers()\n"
        "    def log_message(self, *a): pass\n"
        "s = http.server.HTTPServer(('127.0.0.1', 0), H); print(s.server_port, flush=True); s.serve_forever()\n"
    )
    with subprocess.Popen(["python3", "-c", serve], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        urls = {f"http://127.0.0.1:{port}/ok": 0, f"http://127.0.0.1:{port}/sick": 1, "http://127.0.0.1:1/": 1}
        codes = {url: subprocess.run(["python3", str(script), url], check=False).returncode for url in urls}
        told = subprocess.run(["python3", str(script), f"http://127.0.0.1:{port}/guarded", "hush"], check=False)
        server.kill()
    assert codes == urls
    assert told.returncode == 0


def test_the_image_builds_where_an_engine_and_its_base_are():
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], check=False, capture_output=True).returncode
    ):
        pytest.skip("no container engine here: the recipe was read, not built")
    base = re.findall(r"^FROM (\S+)", (REPO / "Dockerfile").read_text(), re.MULTILINE)[0]
    if subprocess.run(["docker", "image", "inspect", base], check=False, capture_output=True).returncode:
        pytest.skip(f"the engine has no image {base} and nothing is pulled in a test: the recipe was read, not built")
    done = subprocess.run(
        ["docker", "build", "-q", "."], cwd=REPO, check=False, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
