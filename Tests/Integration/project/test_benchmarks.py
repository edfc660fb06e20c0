"""The programs of Tests/Benchmarks still run and find nothing; their long runs are for people to start."""

import json
import os
import re
import subprocess

from programs import ROOT

BENCHMARKS = str(ROOT / "Tests" / "Benchmarks")


def test_a_short_soak_finds_no_wrong_decision():
    # A low rate and a fixed seed: this looks at answers, the long run at rates.
    done = subprocess.run(
        [os.path.join(BENCHMARKS, "soak.sh"), "0.2", "--rate", "100", "--seed", "7"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"wrong decisions +0\n", done.stdout), done.stdout
    assert int(re.search(r"reviews +(\d+)", done.stdout)[1]) > 500


def test_a_short_benchmark_runs_to_its_end():
    """It runs and ends; people assess the figures."""
    done = subprocess.run(
        [
            os.path.join(BENCHMARKS, "run.sh"),
            "--seconds",
            "1",
            "--only",
            "the same token again",
            "--only",
            "the same over HTTP/2",
        ],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"µs \| [\d.]+ V \| 1.5 V \|", done.stdout)) == 2, done.stdout


def test_a_short_curve_runs_to_its_end():
    done = subprocess.run(
        [os.path.join(BENCHMARKS, "curves.sh"), "--seconds", "1", "--only", "refused"],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^ +[\d,]+ +[\d.]+ us +#+$", done.stdout, re.M)) == 4, done.stdout


def test_a_thousand_peers_that_stall():
    """Each is cut at its deadline and counted; good callers do not notice."""
    done = subprocess.run(
        [os.path.join(BENCHMARKS, "stalls.sh"), "--patience", "60"], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_short_measurement_of_the_watch_runs_to_its_end():
    """Everybody's change is felt, and what was asked is counted; how fast is for people to judge."""
    done = subprocess.run(
        [
            os.path.join(BENCHMARKS, "watch.sh"),
            "--watched",
            "30",
            "--every",
            "1",
            "--samples",
            "6",
            "--seconds",
            "1",
            "--output",
            "json",
        ],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads(done.stdout)["rows"]
    assert row["watched"] == 30 and row["felt"]["samples"] == 6
    assert 0 < row["felt"]["p50"] <= row["felt"]["p99"] <= row["felt"]["worst"]
    assert row["questionsASecond"] > row["batchesASecond"] > 0
    assert row["with"]["p99"] > 0 and row["without"]["p99"] > 0
