"""What tests of the watch have in common."""

from webhook import wait_for

QUESTIONS = "kube_entra_watch_questions_total"


def groups(server, token):
    return server.review(token)["user"]["groups"]


def eventually(condition):
    wait_for(condition, timeout=40)
