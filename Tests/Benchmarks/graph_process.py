"""The stand-in of Microsoft Graph in a process of its own, so that it and the load do not wait for each other."""

import multiprocessing
import os
import time

from entra import ADMINS
from graph import Graph
from load import LOAD_CORE


class GraphProcess:
    def __init__(self, certificates):
        context = multiprocessing.get_context("fork")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=self.run, args=(certificates, other), daemon=True)
        self.process.start()
        self.base, self.secret = self.pipe.recv()

    @staticmethod
    def run(certificates, pipe):
        # The real one is on another machine: it takes no time from the server, nor from the load when that has work.
        if os.cpu_count() > 1:
            os.sched_setaffinity(0, {int(LOAD_CORE)})
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        graph = Graph(certificates)
        pipe.send((graph.base, graph.secret))
        while True:
            try:
                command, *arguments = pipe.recv()
            except EOFError:
                return
            if command == "members":
                for person, is_admin in arguments[0].items():
                    graph.members[person] = {ADMINS} if is_admin else set()
                # One clock for all processes of a machine.
                pipe.send(time.monotonic())
            elif command == "counts":
                pipe.send((time.monotonic(), len(graph.parts), len(graph.batches)))

    def ask(self, *command):
        self.pipe.send(command)
        return self.pipe.recv()

    def set_admins(self, people):
        """Who is an admin from now on, by object ID; the time at which that holds."""
        return self.ask("members", people)

    def counts(self):
        """The time, questions and batches since the start."""
        return self.ask("counts")

    def stop(self):
        self.process.terminate()
        self.process.join(10)
