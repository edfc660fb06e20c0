"""The watch keeps its connection to Microsoft Graph open, and nobody notices when the other end closes it."""

import shutil

from entra import ADMINS, OBJECT, PLAIN, TENANT
from proxy import Proxy
from watching import QUESTIONS, eventually, groups


def batches(graph, count):
    """Waits for more batches; returns the ports that they came from."""
    before = len(graph.batch_ports)
    eventually(lambda: len(graph.batch_ports) >= before + count)
    return graph.batch_ports[before:]


def failures(server):
    return server.metric(QUESTIONS, tenant=TENANT, result="failure")


def test_all_batches_use_one_connection(watched, entra):
    graph, make = watched
    server = make()
    groups(server, entra.token())
    batches(graph, 4)
    assert len(set(graph.batch_ports)) == 1
    assert failures(server) == 0


def test_a_connection_that_was_closed_while_idle_is_opened_anew(watched, entra):
    graph, make = watched
    answer = graph.question

    def close(handler, body):
        answer(handler, body)
        handler.close_connection = True

    graph.question = close
    server = make()
    groups(server, entra.token())
    batches(graph, 4)
    assert len(set(graph.batch_ports)) == len(graph.batch_ports)
    assert failures(server) == 0


def test_a_connection_that_ends_under_a_request_is_opened_anew_once(watched, entra):
    graph, make = watched

    def drop(handler, count):
        # Each connection serves one batch, and ends with the second without an answer.
        if graph.batch_ports.count(handler.client_address[1]) < 2 or "$batch" not in handler.path:
            return False
        handler.close_connection = True
        return True

    graph.fault = drop
    server = make()
    groups(server, entra.token())
    ports = batches(graph, 6)
    assert any(ports.count(port) == 2 for port in ports), "a connection was used again"
    assert failures(server) == 0
    graph.members[OBJECT] = {PLAIN}
    eventually(lambda: groups(server, entra.token()) == [PLAIN])


def test_a_connection_without_an_answer_is_not_used_again(watched, entra):
    graph, make = watched
    server = make()
    groups(server, entra.token())
    batches(graph, 2)
    graph.delay = 3
    eventually(lambda: failures(server) >= 2)
    graph.delay = 0
    late = set(graph.batch_ports)
    eventually(lambda: graph.batch_ports[-1] not in late)
    graph.members[OBJECT] = {PLAIN}
    eventually(lambda: groups(server, entra.token()) == [PLAIN])


def test_one_tunnel_through_a_proxy(watched, entra):
    graph, make = watched
    proxy = Proxy()
    try:
        server = make(tenant={"signingKeys": {"file": "keys.json", "proxy": f"http://127.0.0.1:{proxy.port}"}})
        groups(server, entra.token())
        batches(graph, 4)
        # One for each of the application's tokens, and one for all batches.
        assert len(proxy.heads) == len(graph.tokens) + 1 and len(set(graph.batch_ports)) == 1
        assert failures(server) == 0
    finally:
        proxy.close()


def test_another_authority_ends_the_connection_that_the_former_one_vouched_for(watched, entra, certificates, tmp_path):
    graph, make = watched
    authority = tmp_path / "graph-ca.crt"
    shutil.copy(certificates.path("ca.crt"), authority)
    server = make(graphCA=str(authority))
    token = entra.token()
    assert ADMINS in groups(server, token)
    batches(graph, 2)
    # One that did not sign Graph's certificate.
    shutil.copy(certificates.path("other-ca.crt"), authority)
    eventually(lambda: failures(server) >= 2)
    graph.members[OBJECT] = {PLAIN}
    shutil.copy(certificates.path("ca.crt"), authority)
    eventually(lambda: groups(server, token) == [PLAIN])


def test_a_watch_that_ends_closes_its_connection(watched, entra):
    graph, make = watched
    server = make()
    groups(server, entra.token())
    batches(graph, 2)

    def open_connections():
        port = f":{graph.server.server_address[1]:04X}"
        with open("/proc/net/tcp") as file:
            lines = [line.split() for line in file.readlines()[1:]]
        return [line for line in lines if line[2].endswith(port) and line[3] == "01"]

    assert open_connections()
    server.reload(make.config(watch="off"))
    eventually(lambda: not open_connections())
