"""Signals, reload of files in every way they are replaced, and shutdown: no request is dropped."""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import time

import pytest
from cryptography import x509
from entra import ADMINS
from lifecycle import Load, raw, request
from ports import free_port
from webhook import Webhook, configuration, reason, review_body, run, wait_for


def read(tls):
    received = b""
    try:
        while chunk := tls.recv(65536):
            received += chunk
    except (ConnectionError, ssl.SSLError):
        pass
    return received


def presented(webhook):
    """The serial number of the certificate on a new connection."""
    with raw(webhook) as tls:
        return x509.load_der_x509_certificate(tls.getpeercert(True)).serial_number


def serial(folder, name):
    with open(folder.path(name), "rb") as file:
        return x509.load_pem_x509_certificate(file.read()).serial_number


def replace(folder, source, target):
    shutil.copy2(folder.path(source), folder.path(target + ".new"))
    os.rename(folder.path(target + ".new"), folder.path(target))


# The end


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_spite_of_idle_connections(serve, entra, which):
    webhook = serve()
    idle = [raw(webhook) for _ in range(20)]
    kept = raw(webhook, request(entra.token()))
    assert b"200" in kept.recv(65536)
    begin = time.time()
    webhook.process.send_signal(which)
    assert webhook.process.wait(20) == 0, webhook.log()
    assert time.time() - begin < 15
    for connection in idle + [kept]:
        connection.close()


def test_a_request_that_had_begun_is_answered(serve, entra):
    webhook = serve()
    data = request(entra.token())
    connections = [raw(webhook, data[:cut]) for cut in (10, 60, 200, len(data) - 1)]
    cuts = (10, 60, 200, len(data) - 1)
    time.sleep(0.3)
    webhook.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    # Whoever balances load must see it before the end.
    assert webhook.get("/readyz")[0] != 200
    for connection, cut in zip(connections, cuts):
        connection.sendall(data[cut:])
        answer = read(connection)
        assert b'"authenticated":true' in answer, (cut, answer)
        assert b"connection: close" in answer.lower()
    assert webhook.process.wait(10) == 0


def test_nothing_new_is_taken_after_the_signal(serve, entra):
    webhook = serve()
    stalled = raw(webhook, request("x")[:50])
    time.sleep(0.2)
    webhook.process.send_signal(signal.SIGTERM)
    wait_for(lambda: webhook.get("/readyz")[0] != 200, 3)

    def refused():
        try:
            socket.create_connection(("127.0.0.1", webhook.port), 5).close()
        except ConnectionRefusedError:
            return True

    # New connections are taken for a moment, until callers have noticed.
    wait_for(refused, 4)
    stalled.close()
    assert webhook.process.wait(10) == 0


def test_a_peer_that_stalls_holds_up_the_end_no_longer_than_its_time(serve):
    webhook = serve(lambda config: config.update(limits={"requestTimeout": "2s"}))
    with raw(webhook, request("x")[:50]):
        time.sleep(0.2)
        begin = time.time()
        webhook.process.send_signal(signal.SIGTERM)
        assert webhook.process.wait(20) == 0
        assert time.time() - begin < 15


def test_two_signals_at_once_are_one(serve):
    """As `timeout` sends them, to a process and to its group."""
    webhook = serve(lambda config: config.update(limits={"requestTimeout": "3s"}))
    with raw(webhook, request("x")[:50]):
        time.sleep(0.2)
        # Of the same kind, the kernel would make them one.
        webhook.process.send_signal(signal.SIGTERM)
        webhook.process.send_signal(signal.SIGINT)
        assert webhook.process.wait(30) == 0
    assert "second signal" not in webhook.log()


def test_a_second_signal_ends_at_once(serve):
    webhook = serve()
    with raw(webhook, request("x")[:50]):
        time.sleep(0.2)
        webhook.process.send_signal(signal.SIGTERM)
        time.sleep(1.2)  # Within a second two signals are one.
        assert webhook.process.poll() is None
        webhook.process.send_signal(signal.SIGTERM)
        assert webhook.process.wait(3) is not None
    assert "second signal" in webhook.log()


def test_the_end_under_load(serve, entra):
    """A request fails at most once, as its connection ends, and then nothing listens: none gets a wrong answer."""
    webhook = serve()
    load = Load(webhook, [(entra.token(), {"accepted"}), (entra.token(aud="x"), {"audience_not_accepted"})])
    time.sleep(1)
    before = load.count
    assert not load.broken and before > 50
    webhook.process.send_signal(signal.SIGTERM)
    sent = time.time()
    assert webhook.process.wait(20) == 0
    load.stop()
    assert not load.wrong
    assert all(when >= sent for when, _ in load.broken)
    # What broke is a new connection refused, or one that the server had closed between two requests.
    for _, error in load.broken:
        assert error.startswith(
            ("ConnectionRefusedError", "RemoteDisconnected", "ConnectionResetError", "BrokenPipeError", "SSLEOFError")
        ), error


def test_a_connection_that_waits_before_its_first_request_is_idle(serve, entra):
    """Go's clients open connections ahead: they have the idle time, not that of a request's head."""
    webhook = serve(lambda config: config.update(limits={"requestTimeout": "1s", "idleTimeout": "60s"}))
    with raw(webhook) as connection, raw(webhook, b"POST /auth") as stalled:
        time.sleep(2)
        connection.sendall(request(entra.token()))
        assert b'"authenticated":true' in connection.recv(65536)
        assert b" 408 " in read(stalled)
    webhook.stop()


# Reload


def test_reloads_under_load_change_no_other_decision(serve, folder, entra):
    webhook = serve()
    load = Load(
        webhook,
        [
            (entra.token(groups=[ADMINS]), {"accepted"}),
            (entra.token(aud="x"), {"audience_not_accepted"}),
            (entra.token(key=entra.foreign), {"signature_invalid"}),
        ],
    )
    for round in range(5):
        config = configuration()
        config["kubernetes"] = {"adminGroups": [f"admins-{round}"]}
        webhook.write(config)
        wait_for(lambda: webhook.review(entra.token(groups=[ADMINS]))["user"]["groups"][0] == f"admins-{round}")
        webhook.process.send_signal(signal.SIGHUP)
    load.stop()
    assert load.count > 200
    assert (load.wrong, load.broken) == ([], [])
    assert webhook.metric("kube_entra_config_reloads_total", result="failure") == 0
    webhook.stop()


def test_a_new_certificate_reaches_new_connections(serve, folder, entra):
    webhook = serve()
    old, new = serial(folder, "server.crt"), serial(folder, "server2.crt")
    assert presented(webhook) == old
    kept = raw(webhook, request(entra.token()))
    assert b'"authenticated":true' in kept.recv(65536)
    # One of the two files first: the pair does not match, and the old one goes on.
    replace(folder, "server2.crt", "server.crt")
    wait_for(lambda: webhook.metric("kube_entra_config_reloads_total", result="failure") >= 1)
    assert presented(webhook) == old
    replace(folder, "server2.key", "server.key")
    wait_for(lambda: presented(webhook) == new)
    # An old connection may be asked to end, but what it sends is still answered.
    kept.sendall(request(entra.token()))
    assert b'"authenticated":true' in kept.recv(65536)
    kept.close()
    webhook.stop()


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", None])
def test_a_damaged_certificate_leaves_the_old_one(serve, folder, entra, damage):
    webhook = serve()
    old = serial(folder, "server.crt")
    os.unlink(folder.path("server.crt"))
    if damage is not None:
        with open(folder.path("server.crt"), "wb") as file:
            file.write(damage)
    wait_for(lambda: webhook.metric("kube_entra_config_reloads_total", result="failure") >= 1)
    assert presented(webhook) == old
    assert "server.certificate" in webhook.log()
    assert reason(webhook.review(entra.token())) == "accepted"
    webhook.stop()


def test_a_new_client_authority_takes_effect(serve, folder, entra):
    shutil.copy2(folder.path("ca.crt"), folder.path("client-ca.crt"))
    webhook = serve(lambda config: config["server"].update(clientCA="client-ca.crt"))
    body = review_body(entra.token())
    assert webhook.post(body)[0] == 200
    with pytest.raises(OSError):
        webhook.post(body, client="client-other-ca")
    replace(folder, "other-ca.crt", "client-ca.crt")

    def taken():
        try:
            return webhook.post(body, client="client-other-ca")[0] == 200
        except OSError:
            return False

    wait_for(taken)
    with pytest.raises(OSError):
        webhook.post(body)
    webhook.stop()


def test_symlink_swaps_as_in_a_kubernetes_volume(folder, entra):
    """config.yaml → ..data/config.yaml, ..data → ..1; an update makes ..2 and renames a new ..data over the old."""

    def volume(name, certificate, groups):
        os.mkdir(folder.path(name))
        for kind in ("crt", "key"):
            shutil.copy2(folder.path(f"{certificate}.{kind}"), folder.path(f"{name}/tls.{kind}"))
        shutil.copy2(folder.path("ca.crt"), folder.path(f"{name}/ca.crt"))
        shutil.copy2(folder.path("keys.json"), folder.path(f"{name}/keys.json"))
        config = configuration()
        config["server"].update(
            certificate="tls.crt",
            privateKey="tls.key",
            listen=f"127.0.0.1:{webhook.port}",
            operations=f"127.0.0.1:{webhook.operations}",
        )
        config["kubernetes"] = {"adminGroups": groups}
        with open(folder.path(f"{name}/config.yaml"), "w") as file:
            json.dump(config, file)

    def point(name):
        os.symlink(name, folder.path("..data_tmp"))
        os.rename(folder.path("..data_tmp"), folder.path("..data"))

    webhook = Webhook(folder, configuration())
    volume("..1", "server", ["first"])
    point("..1")
    mount = folder.path("mount")
    os.mkdir(mount)
    for name in ("config.yaml", "tls.crt", "tls.key", "ca.crt", "keys.json"):
        os.symlink(f"../..data/{name}", os.path.join(mount, name))
    webhook.config_path = os.path.join(mount, "config.yaml")
    webhook.start()
    try:
        token = entra.token(groups=[ADMINS])
        assert webhook.review(token)["user"]["groups"][0] == "first"
        volume("..2", "server2", ["second"])
        point("..2")
        shutil.rmtree(folder.path("..1"))
        wait_for(lambda: webhook.review(token)["user"]["groups"][0] == "second")
        assert presented(webhook) == serial(folder, "server2.crt")
        assert webhook.metric("kube_entra_config_reloads_total", result="failure") == 0
    finally:
        webhook.stop()


def test_another_address_needs_a_restart_and_says_so(serve, entra):
    webhook = serve()
    config = configuration()
    config["server"]["listen"] = f"127.0.0.1:{free_port()}"
    webhook.write(config)
    wait_for(lambda: "restart" in webhook.log())
    assert reason(webhook.review(entra.token())) == "accepted"
    # Back to what is listened on anyway: nothing is left to be done.
    webhook.write(configuration())
    wait_for(lambda: webhook.log().count("are in force") == 2)
    assert webhook.log().count("restart") == 1
    webhook.stop()


def test_sighup_on_an_invalid_configuration_keeps_the_old_one(serve, entra):
    webhook = serve()
    with open(webhook.config_path, "w") as file:
        file.write("tenants: [\n")
    webhook.process.send_signal(signal.SIGHUP)
    wait_for(lambda: webhook.metric("kube_entra_config_reloads_total", result="failure") >= 1)
    assert reason(webhook.review(entra.token())) == "accepted"
    assert webhook.get("/readyz")[0] == 200
    assert webhook.process.poll() is None
    # Whoever looks at the status and not at the log learns of it too.
    refusal = r"a newer version was refused at 20[-0-9]+T[0-9:]+Z, the last good one stays: \S*config.yaml:\d+:\d+: "
    code, checks = webhook.get("/readyz?verbose")
    assert code == 200 and re.search(r"(?m)^\[\+\]configuration ok \(" + refusal + r".*\)$", checks), checks
    for headers in ({}, {"Accept": "text/html"}):
        status = webhook.get("/statusz", headers)[1]
        assert re.search("Newer configuration(  +|</dt><dd>)" + refusal, status), status
    webhook.write(configuration())
    wait_for(lambda: "[+]configuration ok\n" in webhook.get("/readyz?verbose")[1])
    assert "was refused" not in webhook.get("/statusz")[1]
    webhook.stop()


# The start


def test_an_address_in_use(serve, folder):
    webhook = serve()
    second = Webhook(folder, configuration(), name="second.yaml")
    second.port = webhook.port
    second.write(configuration())
    code, out, err = run("serve", "--config", second.config_path, timeout=15)
    assert code == 2
    assert out == ""
    assert str(webhook.port) in err and "Fatal" not in err
    webhook.stop()


def test_a_restart_on_the_same_address_needs_no_wait(serve, entra):
    webhook = serve()
    for _ in range(3):
        assert reason(webhook.review(entra.token())) == "accepted"
        webhook.stop()
        webhook.start()
    webhook.stop()
