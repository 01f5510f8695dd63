"""Who may ask the server, and what it answers to those who may not."""

import pytest

from lehr.design.server import LARGEST, app

testclient = pytest.importorskip("starlette.testclient")
START = "wsd(10k, 2%, max_lr=1e-3)"


@pytest.fixture
def client():
    return testclient.TestClient(app(START), base_url="http://127.0.0.1:8123")


def ask(client, act="draw", headers=None, **question):
    return client.post(f"/ask/{act}", json={"text": START, **question}, headers=headers or {})


def test_the_page_and_its_parts(client):
    for path in ("/", "/design.css", "/design.js"):
        reply = client.get(path)
        assert reply.status_code == 200
        assert "default-src 'self'" in reply.headers["content-security-policy"]
    assert "https://" not in client.get("/").text + client.get("/design.js").text
    assert client.get("/server.py").status_code == client.get("/..%2fserver.py").status_code == 404


def test_the_page_may_ask(client):
    reply = ask(client, headers={"Origin": "http://127.0.0.1:8123", "Sec-Fetch-Site": "same-origin"})
    assert reply.json()["numbers"]["peak_at"] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
    ],
)
def test_a_page_of_another_origin_gets_nothing(client, headers):
    reply = ask(client, headers=headers)
    assert (reply.status_code, reply.json()) == (403, {"error": "only the page itself may ask"})
    assert "access-control-allow-origin" not in reply.headers


def test_another_name_of_this_machine_is_no_host(client):
    assert client.get("/", headers={"Host": "evil.example.org"}).status_code == 400
    assert ask(client, headers={"Host": "evil.example.org"}).status_code == 400


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"text": "__import__('os').system('true')"}, "__import__"),
        ({"text": "cosin(10, max_lr=1)"}, "cosine"),
        ({"text": 5}, "`text` must be text"),
        ({"text": "wsd(10, max_lr=nan)"}, "max_lr"),
        ({"text": "(" * 100_000}, ""),
    ],
)
def test_what_is_typed_is_refused_and_never_evaluated(client, question, message):
    assert message in ask(client, **question).json()["error"]


def test_questions_that_are_none(client):
    assert ask(client, act="evil").status_code == 400
    assert client.post("/ask/draw", content=b"[1]", headers={"Content-Type": "application/json"}).status_code == 400
    assert client.post("/ask/draw", content=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    assert ask(client, text="x" * LARGEST).status_code == 400
    assert "lacks 'handle'" in ask(client, act="move").json()["error"]


def test_a_config_is_imported(client):
    config = '{"lr_scheduler_type": "linear", "max_steps": 100, "learning_rate": 0.001, "warmup_steps": 10}'
    found = ask(client, act="import", config=config).json()
    assert (found["framework"], found["stop"]) == ("transformers", 100)
    config = "schedule: cosine\ntraining_steps: 500\nmax_lr: 1e-3\n"
    assert ask(client, act="import", config=config).json()["recipe"] == "cosine"
    config = "[training]\nsteps = 700\n[optimizer]\nlr = 1e-3\n[lr_scheduler]\nwarmup_steps = 7\n"
    assert ask(client, act="import", config=config).json()["framework"] == "torchtitan"
    assert "not valid JSON, TOML or YAML" in ask(client, act="import", config="hello").json()["error"]


def test_without_starlette_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "starlette.applications", None)
    with pytest.raises(ImportError, match=r'pip install "lehr\[design\]"'):
        app(START)
