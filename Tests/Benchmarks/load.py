"""Load from wrk and h2load on a separate core."""

import json
import os
import re
import subprocess

LOAD_CORE, SERVER_CORE = "0", "1"

# Every thread of wrk runs its own copy; with one thread, all requests come one after the other.
SCRIPT = """
local threads = {}
setup = function(thread) threads[#threads + 1] = thread end
local requests = {}
for line in io.lines("%s") do
  requests[#requests + 1] = wrk.format("POST", "/authenticate?timeout=30s", {
    ["Host"] = "127.0.0.1", ["Content-Type"] = "application/json", ["Accept"] = "application/json, */*",
    ["User-Agent"] = "kube-apiserver/v1.34.0"}, line)
end
local place = 0
request = function()
  place = place %% #requests + 1
  return requests[place]
end
wrong = 0
response = function(status, headers, body)
  if status ~= 200 or not body:find([[%s]], 1, true) then wrong = wrong + 1 end
end
done = function(summary, latency)
  for _, thread in ipairs(threads) do summary.errors.status = summary.errors.status + thread:get("wrong") end
  io.write(string.format("RESULT %%d %%d %%d %%.0f %%.0f\\n", summary.requests, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout + summary.errors.status,
    latency:percentile(50), latency:percentile(99)))
end
"""


def pinned(core, command):
    return ["taskset", "-c", core, *command] if os.cpu_count() > 1 else command


class WrongAnswer(Exception):
    pass


def wrk(folder, port, bodies, expected, seconds, connections=16):
    """Requests answered, and p50 and p99 of the load's own clock in microseconds."""
    lines, script = os.path.join(folder, "bodies"), os.path.join(folder, "load.lua")
    with open(lines, "w") as file:
        file.write("\n".join(bodies) + "\n")
    with open(script, "w") as file:
        file.write(SCRIPT % (lines, expected))
    command = pinned(
        LOAD_CORE,
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script, f"https://127.0.0.1:{port}/authenticate"],
    )
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
    if not found or found[3] != "0":
        raise WrongAnswer(done.stdout + done.stderr)
    return {"reviews": int(found[1]), "p50": int(found[4]), "p99": int(found[5])}


def h2load(folder, port, body, reviews, streams=16, connections=1, rate=None, http1=False):
    """`rate`: that many a second, evenly, instead of as many as fit. `http1`: over HTTP/1.1."""
    path, log = os.path.join(folder, "body"), os.path.join(folder, "h2load.log")
    with open(path, "w") as file:
        file.write(body)
    if os.path.exists(log):
        os.unlink(log)
    command = [
        "h2load",
        "-n",
        str(reviews),
        "-c",
        str(connections),
        "-m",
        str(streams),
        "-d",
        path,
        f"--log-file={log}",
        "-H",
        "content-type: application/json",
        f"https://127.0.0.1:{port}/authenticate",
    ]
    if rate:
        command[1:1] = [f"--rps={rate}"]
    if http1:
        command[1:1] = ["--h1"]
    done = subprocess.run(pinned(LOAD_CORE, command), capture_output=True, text=True, timeout=300)
    if f"{reviews} succeeded" not in done.stdout or f"protocol: {'http/1.1' if http1 else 'h2'}" not in done.stdout:
        raise WrongAnswer(done.stdout + done.stderr)
    with open(log) as file:
        times = sorted(int(line.split("\t")[2]) for line in file)
    return {"reviews": reviews, "p50": times[len(times) // 2], "p99": times[len(times) * 99 // 100]}


def verification_seconds():
    """One RSA-2048 verification, on the server's core."""
    done = subprocess.run(
        pinned(SERVER_CORE, ["openssl", "speed", "-seconds", "1", "rsa2048"]),
        capture_output=True,
        text=True,
        check=True,
    )
    return 1 / float(re.search(r"^rsa +2048 bits.*?([\d.]+)$", done.stdout, re.M)[1])


def versions():
    def first(command):
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            return None
        return (done.stdout + done.stderr).strip().splitlines()[0]

    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    return {
        "cpu": model[1].strip() if model else "unknown",
        "cores": os.cpu_count(),
        "kernel": os.uname().release,
        "openssl": first(["openssl", "version"]),
        "wrk": first(["wrk", "-v"]),
        "h2load": first(["h2load", "--version"]),
        "nginx": first(["nginx", "-v"]),
    }


def as_json(value):
    return json.dumps(value, indent=2)
