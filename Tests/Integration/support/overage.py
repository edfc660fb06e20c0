"""Shared parts of the tests of group overage."""

import time

from entra import LEFT_OUT
from webhook import Webhook, review_body

CLIENT_ID = "bbbbbbbb-0000-0000-0000-000000000000"
OVERAGE = {
    "groups": LEFT_OUT,
    "_claim_names": {"groups": "src1"},
    "_claim_sources": {"src1": {"endpoint": "https://169.254.169.254/never"}},
}


def object_id(number):
    return f"00000000-0000-0000-0000-{number:012d}"


def asked(webhook, token, times):
    """Sends the review this number of times over one connection, and returns the seconds that each took."""
    connection = webhook.connect()
    body = review_body(token)
    took = []
    for _ in range(times):
        begin = time.perf_counter()
        connection.request("POST", "/authenticate", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        data = response.read()
        took.append(time.perf_counter() - begin)
        assert response.status == 200 and b'"authenticated":true' in data, data
    connection.close()
    return took


def logged(webhook, text, timeout=3):
    """Whether the log has a line with the text; lines are written at the same time as answers, not before them."""
    end = time.time() + timeout
    while text not in webhook.log():
        if time.time() > end:
            return False
        time.sleep(0.02)
    return True


class OverageWebhook(Webhook):
    """Keeps its configuration, so that tests can change a part of it."""

    def __init__(self, certificates, config, **options):
        self.config = config
        super().__init__(certificates, config, **options)

    def reload(self, config):
        before = self.metric("kube_entra_config_reloads_total", result="success")
        self.write(config)
        end = time.time() + 8
        while self.metric("kube_entra_config_reloads_total", result="success") == before:
            assert time.time() < end, self.log()
            time.sleep(0.05)
