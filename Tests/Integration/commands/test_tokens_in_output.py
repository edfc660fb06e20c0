"""No command prints a token: neither one in the wrong argument, nor one inside another token."""

import json
import os

import pytest
from webhook import run


def leaked(token, output):
    """Whether the output contains a part of the token, ignoring line endings and indentation."""
    flat = "".join(output.split())
    return any(part[:24] in flat or part[-24:] in flat for part in token.split(".") if len(part) >= 24)


# Where a token can end up by mistake. T stands for the token, C for a configuration.
MISPLACED = [
    "T",
    "policy T",
    "keys T",
    "inspect T T",
    "inspect --toke=T",
    "inspect --token-file T",
    "inspect --keys T T",
    "inspect --config T",
    "inspect --at T",
    "inspect --explain T",
    "inspect --output T",
    "inspect --outputT",
    "policy check --config C --token-file T",
    "policy check --config C --claims T",
    "policy check --config C --group T",
    "policy check --config C --user T",
    "policy check --config C --user x --role T",
    "policy check --config C --keys T",
    "policy check --config C --user T --as-test",
    "policy test --config C T",
    "policy test --config T T",
    "policy diff T T",
    "review --config T",
    "review --config C --server T T",
    "keys show T",
    "config check T",
    "config check --output json T",
    "certs show T",
    "config import-aks T",
    "doctor --kubeconfig T",
    "doctor --kubeconfig T --output json",
    "doctor --context T",
    "config init --tenant-id T",
    "serve --config T",
    "kubeconfig user --server T",
    "help T",
    "inspect /tmp/T T",
    "-T",
    "--T",
    "inspect Bearer T T",
]


@pytest.mark.parametrize("arguments", MISPLACED)
@pytest.mark.parametrize("broken", [False, True])
def test_no_error_repeats_a_token(config, entra, tmp_path, arguments, broken):
    token = entra.token()
    given = "\n".join(token[start : start + 64] for start in range(0, len(token), 64)) if broken else token
    places = {"C": config}
    words = [places.get(word, word.replace("T", given)) for word in arguments.split(" ")]
    code, out, err = run(*words, env={**os.environ, "HOME": str(tmp_path)})
    assert not leaked(token, out + err), (code, out, err)
    assert "Fatal" not in err


@pytest.mark.parametrize("words", [["Bearer"], ["bearer"], ["Authorization:", "Bearer"], ["Authorization: Bearer"]])
def test_a_header_without_quotation_marks(config, entra, words):
    """The shell splits it into several words."""
    keys = os.path.join(os.path.dirname(config), "keys.json")
    for command in (
        ["inspect", "--config", config, "--keys", keys],
        ["policy", "check", "--config", config, "--keys", keys],
    ):
        code, out, err = run(*command, *words, entra.token())
        assert (code, err) == (0, ""), (out, err)


@pytest.mark.parametrize("output", ["json", "text"])
@pytest.mark.parametrize(
    "make",
    [
        lambda e, t: e.raw(json.dumps({"alg": "RS256", "kid": "x"}), json.dumps({"at": t, "ts": 1, "u": "x"})),
        lambda e, t: e.raw(
            json.dumps({"alg": "RS256", "kid": "x", "typ": "JWT"}), json.dumps({"at": t, "ts": 1, "u": "x"})
        ),
        lambda e, t: e.raw(
            json.dumps({"alg": "RS256", "typ": "pop", "kid": "x"}),
            json.dumps({"at": t, "ts": 1, "u": "x", "x": {"at": t}, "cnf": {"at": [t]}}),
        ),
        lambda e, t: e.raw(
            json.dumps({"alg": "RS256", "typ": t, "kid": t, "jwk": {"a": t}, t: 1}), json.dumps(e.claims())
        ),
        lambda e, t: e.token(
            client_assertion=t, upn=t, roles=[t], aud=t, iss="https://x/" + t, oid=t, groups=[t], **{t: 1}
        ),
        lambda e, t: e.token(preferred_username="x" + t + "x", name=" ".join(["a", t])),
    ],
    ids=["no typ", "typ JWT", "envelope", "header", "claims", "names"],
)
def test_inspect_shows_no_token_that_a_token_carries(config, entra, make, output):
    inner = entra.token(xms="inner")
    code, out, err = run("inspect", "--config", config, "--output", output, input=make(entra, inner))
    assert code in (0, 1) and not leaked(inner, out + err), (code, out, err)
    if output == "json":
        assert json.loads(out)["verdict"] in ("accepted", "rejected")
