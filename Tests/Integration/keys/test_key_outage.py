"""A real outage of two minutes. It goes on beside the other tests; this file waits for its end.

`OUTAGE_SECONDS` in the environment makes it shorter or longer.
"""

import time

from entra import Key
from webhook import reason, wait_for


def test_two_minutes_without_entra(outage):
    outage.wait()
    elapsed = time.time() - outage.started
    # Nobody noticed: not the users,
    assert outage.reviews and set(outage.reviews) == {"accepted"}
    # not readiness,
    assert set(outage.readiness) == {200}
    # and Entra was asked now and then, with pauses that grow to between half a minute and a minute. It stays away
    # until this test ends, however late the other tests let it begin.
    lines = [line for line in outage.running.log().splitlines() if "could not be refreshed" in line]
    assert 3 <= len(lines) <= 8 + elapsed / 30
    assert "connection was refused" in lines[-1] and "the last known good keys stay" in lines[-1]
    # Whoever started meanwhile has lived, was not ready, and said why.
    assert outage.fresh.get("/livez")[0] == 200
    code, text = outage.fresh.get("/readyz?verbose")
    assert code == 500
    assert "[-]signing-keys failed" in text and "connection was refused" in text
    # It tries every other second, and says so once a minute.
    lines = [line for line in outage.fresh.log().splitlines() if "could not be refreshed" in line]
    assert 1 <= len(lines) <= 2 + (time.time() - outage.started) / 60 and 'keys="there are none"' in lines[0], lines
    assert "leftOut=" not in lines[0] and all("leftOut=" in line for line in lines[1:])
    assert reason(outage.fresh.review(outage.entra.token())) == "keys_unavailable"
    # The end: ready within 15 seconds, and a key that came meanwhile works at its first token.
    outage.entra.keys.append(Key())
    start = time.time()
    outage.entra.start()
    wait_for(lambda: outage.fresh.get("/readyz")[0] == 200, 15)
    print(f"ready {time.time() - start:.1f} s after Entra")
    for webhook in [outage.fresh, outage.running]:
        assert reason(webhook.review(outage.entra.token())) == "accepted"
