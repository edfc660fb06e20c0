"""The watch: a change in Entra takes effect before the token expires, with a Graph that is not written in Swift."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from access_reviews import ask, extra, why
from decision_lines import decisions
from entra import ADMINS, DEVELOPERS, LEFT_OUT, OBJECT, PLAIN, TENANT
from overage import logged, object_id
from watching import QUESTIONS, eventually, groups
from webhook import reason

ADMIN = "kube-entra:cluster-admins"
APP = {"idtyp": "app", "scp": LEFT_OUT, "upn": LEFT_OUT}


def test_an_admin_loses_and_regains_within_seconds(watched, entra):
    graph, make = watched
    server = make()
    token = entra.token()
    assert groups(server, token) == [ADMIN, PLAIN, ADMINS]
    graph.members[OBJECT] = {PLAIN}
    eventually(lambda: groups(server, token) == [PLAIN])
    status = server.review(token)["user"]["extra"]
    assert "kube-entra.dev/admin-group-object-id" not in status
    # The API server still remembers the sign-in from before.
    assert why(ask(server, groups=[ADMIN], extra=extra())) == "membership_ended"
    assert why(ask(server, groups=[ADMINS], extra=extra())) == "membership_ended"
    assert why(ask(server, groups=[PLAIN, "developers"], extra=extra(oid=[object_id(9)]))) is None
    graph.members[OBJECT] = {ADMINS, DEVELOPERS}
    eventually(lambda: groups(server, token) == [ADMIN, "developers", PLAIN, ADMINS, DEVELOPERS])
    assert why(ask(server, groups=[ADMIN], extra=extra())) is None
    assert server.metric("kube_entra_watched_principals", tenant=TENANT) == 1
    assert server.metric("kube_entra_watch_oldest_answer_timestamp_seconds", tenant=TENANT) > time.time() - 60
    assert server.metric(QUESTIONS, tenant=TENANT, result="success") >= 4
    page = server.get("/statusz")[1]
    assert "Watched principals" in page and "Lost or gained in the last hour" in page
    assert {(method, url) for _, method, url, _ in graph.parts} == {
        ("GET", f"/users/{OBJECT}?$select=id,accountEnabled,signInSessionsValidFromDateTime"),
        ("POST", f"/users/{OBJECT}/checkMemberGroups"),
    }
    assert all(body is None or body == {"groupIds": [ADMINS, DEVELOPERS]} for _, _, _, body in graph.parts)


def test_the_first_review_has_the_first_answer_already(watched, entra):
    graph, make = watched
    graph.members[OBJECT] = set()
    server = make()
    assert groups(server, entra.token()) == [PLAIN]


def test_only_admins_are_asked_about_unless_everyone_is(watched, entra):
    graph, make = watched
    server = make()
    for groups_of_token in ([PLAIN], [DEVELOPERS]):
        assert reason(server.review(entra.token(groups=groups_of_token))) == "accepted"
    assert reason(server.review(entra.token(groups=[], roles=["Cluster.Viewer"]))) == "accepted"
    time.sleep(0.5)
    assert graph.parts == []
    everyone = make(watch="everyone")
    # Activated since: gains without a new sign-in.
    assert groups(everyone, entra.token(groups=[PLAIN])) == [ADMIN, PLAIN, ADMINS]


def test_an_application_is_asked_about_as_one(watched, entra):
    graph, make = watched
    server = make()
    token = entra.token(**APP)
    assert reason(server.review(token)) == "accepted"
    assert {url for _, _, url, _ in graph.parts} >= {f"/servicePrincipals/{OBJECT}?$select=id,accountEnabled"}
    graph.accounts[OBJECT] = {"accountEnabled": False}
    eventually(lambda: reason(server.review(token)) == "account_disabled")


KINDS = {
    "user": ({}, "users"),
    "guest": ({"acct": 1}, "users"),
    "app": (APP, "servicePrincipals"),
    "managedIdentity": (APP | {"xms_mirid": "/subscriptions/x"}, "servicePrincipals"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_principal_loses_and_is_disabled(watched, entra, kind):
    claims, collection = KINDS[kind]
    graph, make = watched
    server = make(tenant={"subjects": list(KINDS)})
    token = entra.token(**claims)
    answer = server.review(token)
    sent = answer["user"]["extra"]
    assert sent["kube-entra.dev/subject-kind"] == [kind] and ADMIN in answer["user"]["groups"]

    def access():
        # What the API server sends back while it remembers the sign-in.
        return why(ask(server, groups=answer["user"]["groups"], extra=sent))

    assert access() is None
    graph.members[OBJECT] = {PLAIN}
    eventually(lambda: groups(server, token) == [PLAIN])
    assert access() == "membership_ended"
    graph.members[OBJECT] = {PLAIN, ADMINS}
    eventually(lambda: ADMIN in groups(server, token))
    assert access() is None
    graph.accounts[OBJECT] = {"accountEnabled": False}
    eventually(lambda: reason(server.review(token)) == "account_disabled")
    assert access() == "account_disabled"
    assert {url.split("/")[1] for _, _, url, _ in graph.parts} == {collection}
    # The status page has numbers, and no identities.
    page = server.get("/statusz")[1]
    facts = dict(re.findall(r"^(\S.*?) {2,}(\S.*)$", page, re.M))
    names = ("Denied entries in force", "Watched principals", "Lost or gained in the last hour")
    assert [facts[name] for name in names] == ["0", "1", "1"] and facts["Oldest answer"].endswith(" ago")
    assert OBJECT not in page and "ada" not in page


def test_disabled_deleted_and_revoked(watched, entra):
    graph, make = watched
    emergency = {"objectID": OBJECT, "until": "2999-01-01T00:00:00Z", "kubernetesGroups": [ADMIN], "reason": "x"}
    server = make(tenant={"emergencyAccess": [emergency]})
    token = entra.token()
    issued = int(time.time()) - 300
    assert reason(server.review(token)) == "accepted"
    graph.accounts[OBJECT] = {"accountEnabled": False}
    eventually(lambda: reason(server.review(token)) == "account_disabled")
    assert why(ask(server, extra=extra())) == "account_disabled"
    revoked = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(issued + 60))
    graph.accounts[OBJECT] = {"signInSessionsValidFromDateTime": revoked}
    eventually(lambda: reason(server.review(token)) == "sessions_revoked")
    assert why(ask(server, extra=extra())) == "sessions_revoked"
    # Entra dates iat five minutes back: the person is told when a new sign-in passes.
    passes = time.strftime("; a new sign-in passes from %Y-%m-%dT%H:%M:%SZ", time.gmtime(issued + 360))
    assert passes in server.review(token)["error"] and passes in ask(server, extra=extra())["reason"]
    assert why(ask(server, groups=[], extra=extra(token_issued_at=[str(issued + 60)]))) is None
    assert reason(server.review(entra.token(iat=issued + 60))) == "accepted"
    assert reason(server.review(entra.token(iat=issued + 59))) == "sessions_revoked"
    del graph.members[OBJECT]
    eventually(lambda: reason(server.review(token)) == "account_disabled")


def test_any_other_404_is_no_answer(watched, entra):
    graph, make = watched
    server = make()
    token = entra.token()
    assert groups(server, token) == [ADMIN, PLAIN, ADMINS]
    graph.part_fault = lambda request: (404, {"error": {"code": "Directory_ObjectNotFound"}})
    count = len(graph.parts)
    eventually(lambda: len(graph.parts) > count + 4)
    assert groups(server, token) == [ADMIN, PLAIN, ADMINS]


def test_an_answer_about_another_principal_is_none(watched, entra):
    """The parts of a batch have the same numbers in each: only the account says whose answer it is."""
    graph, make = watched
    server = make()
    token = entra.token()
    assert groups(server, token) == [ADMIN, PLAIN, ADMINS]
    other = {
        "id": "99999999-9999-9999-9999-999999999999",
        "accountEnabled": False,
        "signInSessionsValidFromDateTime": None,
    }
    graph.part_fault = lambda request: (200, other) if request["method"] == "GET" else None
    count = len(graph.parts)
    eventually(lambda: len(graph.parts) > count + 4)
    assert groups(server, token) == [ADMIN, PLAIN, ADMINS]
    graph.part_fault = None
    graph.accounts[OBJECT] = {"accountEnabled": False}
    eventually(lambda: reason(server.review(token)) == "account_disabled")


def test_what_is_forbidden_stays_unknown_and_is_named_once(watched, entra):
    graph, make = watched
    graph.part_fault = lambda request: (
        (403, {"error": {"code": "Authorization_RequestDenied"}}) if (request["method"] == "GET") else None
    )
    server = make(whenSilent="refuse")
    token = entra.token()
    begin = time.time()
    assert groups(server, token) == [ADMIN, PLAIN, ADMINS]
    count = len(graph.parts)
    eventually(lambda: len(graph.parts) > count + 12)
    # The one that answers is looked at alone.
    assert time.time() - begin > 3 and groups(server, token) == [ADMIN, PLAIN, ADMINS]
    graph.members[OBJECT] = set()
    eventually(lambda: groups(server, token) == [PLAIN])
    assert logged(server, "User.Read.All") and server.log().count("forbids a question of the watch") == 1
    assert "User.Read.All" in server.get("/statusz")[1]
    assert server.metric(QUESTIONS, tenant=TENANT, result="forbidden") >= 2


def silent(handler, count):
    handler.answer(503, {})
    return True


@pytest.mark.parametrize("rule, expected", [("keep", "accepted"), ("refuse", "group_resolution_failed")])
def test_a_graph_that_never_answers(watched, entra, rule, expected):
    graph, make = watched
    graph.fault = silent
    server = make(whenSilent=rule, limits={"reviewDeadline": "4s"})
    token = entra.token()
    assert reason(server.review(token)) == expected
    # No later review waits, and nobody else is concerned.
    for _ in range(3):
        assert reason(server.review(token)) == expected
    assert reason(server.review(entra.token(groups=[PLAIN], oid=object_id(5)))) == "accepted"
    # By the server's own clock, and one by one: whoever waits does so for the whole deadline.
    took = [int(re.search(r"durationMicroseconds=(\d+)", line)[1]) for line in decisions(server)]
    assert len(took) == 5 and took[0] >= 3_900_000 and max(took[1:]) < 3_900_000
    graph.fault = None
    graph.members[OBJECT] = set()
    eventually(lambda: server.review(token).get("user", {}).get("groups") == [PLAIN])


def test_silence_keeps_the_last_answer_also_over_a_reload(watched, entra):
    graph, make = watched
    server = make()
    token = entra.token()
    graph.members[OBJECT] = set()
    assert groups(server, token) == [PLAIN]
    graph.fault = silent
    time.sleep(4)
    assert groups(server, token) == [PLAIN]
    server.reload(make.config(timeout="1s"))
    # Whatever a newer token says.
    assert groups(server, entra.token(uti="newer")) == [PLAIN]
    server.reload(make.config(watch="off"))
    eventually(lambda: groups(server, token) == [ADMIN, PLAIN, ADMINS])
    graph.fault = None
    count = len(graph.parts)
    time.sleep(1.5)
    assert len(graph.parts) == count
    assert server.metric("kube_entra_watched_principals", tenant=TENANT) == 0


def test_silence_refuses_after_three_rounds_and_watched_principals_only(watched, entra):
    graph, make = watched
    server = make(whenSilent="refuse")
    token = entra.token()
    assert reason(server.review(token)) == "accepted"
    graph.fault = silent
    began = time.time()
    eventually(lambda: reason(server.review(token)) == "group_resolution_failed")
    assert time.time() - began > 1.5
    assert reason(server.review(entra.token(groups=[PLAIN], oid=object_id(5)))) == "accepted"
    graph.fault = None
    eventually(lambda: reason(server.review(token)) == "accepted")


def test_a_429_of_the_batch_pauses_everything_and_of_a_part_one_principal(watched, entra):
    graph, make = watched
    other = object_id(7)
    graph.members[other] = {ADMINS}
    server = make(watch="everyone")
    mine, theirs = entra.token(), entra.token(oid=other)
    assert reason(server.review(mine)) == reason(server.review(theirs)) == "accepted"
    graph.part_fault = lambda request: (429, {}, {"Retry-After": "12"}) if OBJECT in request["url"] else None
    eventually(lambda: server.metric(QUESTIONS, result="throttled") >= 1)
    throttled = time.time()
    graph.part_fault = None
    graph.members[OBJECT] = graph.members[other] = set()
    eventually(lambda: groups(server, theirs) == [PLAIN])
    found = groups(server, mine)
    # On a busy machine its pause may be over already.
    assert found == [ADMIN, PLAIN, ADMINS] or time.time() - throttled > 6
    eventually(lambda: groups(server, mine) == [PLAIN])

    def wait(handler, count):
        handler.answer(429, {}, {"Retry-After": "3"})
        return True

    graph.fault = wait
    count = len(graph.requests)
    eventually(lambda: len(graph.requests) > count)
    graph.fault = None
    at = graph.times[-1]

    def after():
        """When batches came after the one that was throttled, which is written down a little after its request."""
        return [when - at for when, _ in graph.batches if when - at > 0.5]

    eventually(after)
    assert after()[0] > 2.5


def test_many_are_asked_about_in_batches_of_at_most_twenty(watched, entra):
    graph, make = watched
    server = make(watch="everyone", watchEvery="2s")
    people = [object_id(number) for number in range(100, 145)]
    for person in people:
        graph.members[person] = {ADMINS}
    tokens = [entra.token(oid=person) for person in people]
    threads = [threading.Thread(target=server.review, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # How many are due at once depends on how fast they signed in.
    eventually(lambda: any(size > 1 for _, size in graph.batches))
    for person in people:
        graph.members[person] = set()
    eventually(lambda: all(groups(server, token) == [PLAIN] for token in tokens))
    assert server.metric("kube_entra_watched_principals", tenant=TENANT) == 45
    assert all(size <= 20 for _, size in graph.batches)


def test_resolved_groups_and_the_watch_together(watched, entra):
    graph, make = watched
    overage = {"groups": LEFT_OUT, "_claim_names": {"groups": "src1"}}
    server = make(tenant={"groupOverage": "resolve"}, groups="all", cacheFor="1h")
    token = entra.token(**overage)
    assert sorted(groups(server, token)) == sorted([ADMIN, PLAIN, ADMINS])
    graph.members[OBJECT] = {PLAIN}
    eventually(lambda: groups(server, token) == [PLAIN])
    refusing = make(watch="everyone", tenant={"groupOverage": "deny"})
    assert reason(refusing.review(token)) == "group_overage"


def storm(graph):
    graph.fault = lambda handler, count: handler.answer(429, {}, {"Retry-After": "1"}) or True


def outage(graph):
    graph.fault = silent


def parts_only(graph):
    """Of each batch, some parts fail, some are throttled, and only some questions about accounts are answered."""

    def fault(request):
        number = int(request["id"]) % 4
        return [(500, {}), None, (429, {}, {"Retry-After": "1"}), (404, {"error": {"code": "Other"}})][number]

    graph.part_fault = fault


def slowness(graph):
    graph.delay = 3


@pytest.mark.parametrize("reloads", [False, True], ids=["", "with a reload in between"])
@pytest.mark.parametrize("trouble", [outage, storm, parts_only, slowness])
def test_nothing_is_lost_and_nothing_given(watched, entra, trouble, reloads):
    graph, make = watched
    server = make(watch="everyone")
    people = [object_id(number) for number in range(200, 212)]
    for number, person in enumerate(people):
        graph.members[person] = {ADMINS} if number % 2 else set()
    # What the tokens say is the opposite of what Entra says by now.
    tokens = [
        entra.token(oid=person, groups=[PLAIN] if number % 2 else [PLAIN, ADMINS])
        for number, person in enumerate(people)
    ]
    expected = [[ADMIN, PLAIN, ADMINS] if number % 2 else [PLAIN] for number in range(12)]
    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(lambda token: groups(server, token), tokens)) == expected
    trouble(graph)
    count = len(graph.requests)
    eventually(lambda: len(graph.requests) > count)
    for turn in range(8):
        assert [groups(server, token) for token in tokens] == expected
        if reloads and turn == 3:
            server.reload(make.config(watch="everyone", timeout="1s"))
        time.sleep(0.4)
    graph.fault = graph.part_fault = None
    graph.delay = 0
    for number, person in enumerate(people):
        graph.members[person] = set() if number % 2 else {ADMINS}
    eventually(
        lambda: all((ADMIN in groups(server, token)) == (number % 2 == 0) for number, token in enumerate(tokens))
    )
