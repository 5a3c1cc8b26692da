"""Many that hold connections and ask for nothing; few descriptors: the others are served."""

import os
import threading

import harness
from crowd import Crowd
from harness import WIDE, Account, Carrier, Case, Opd, eventually, main, send


class InTheBackground:
    """A crowd that goes on while the test does something else."""

    def __init__(self, case, address, count):
        self.crowd = Crowd(address, count)
        self.ended = threading.Event()
        self.failure = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        case.addCleanup(self.end)

    def run(self):
        try:
            while not self.ended.is_set():
                self.crowd.turn(0.05)
        except OSError as failure:  # the server has gone
            self.failure = failure

    def end(self):
        if not self.ended.is_set():
            self.ended.set()
            self.thread.join()
            self.crowd.close()
            assert self.failure is None, self.failure


class Crowds(Case):
    def serve(self, op, count):
        """A human and an agent get all their answers, on new and on kept connections."""
        human = Account(op, Carrier(op.address))
        agent = human.mint(human.number()[0])
        for turn in range(count):
            op.client().get("/healthz").expect(200)
            agent.get("/v1/number").expect(200)
            send(agent, human.phone, f"turn {turn}")
        return agent

    def test_more_than_there_are_threads(self):
        op = Opd(self.folder(), "--simulate=1", "--set=http/threads=48", *WIDE)
        self.addCleanup(op.stop)
        op.wait_ready()
        crowd = InTheBackground(self, op.address, 200)
        agent = self.serve(op, 20)
        eventually(lambda: crowd.crowd.sent_away >= 100, "the crowd gives way")
        crowd.end()
        self.assertEqual(len(agent.pages()), 20)

    def test_few_descriptors(self):
        folder = self.folder()
        whole, limited = harness.program("opd"), os.path.join(folder, "opd")
        with open(limited, "w", encoding="utf-8") as script:
            script.write(f'#!/bin/sh\nulimit -n 200\nexec "{whole}" "$@"\n')
        os.chmod(limited, 0o700)
        harness.use(opd=limited)
        try:
            op = Opd(folder, "--simulate=1", *WIDE)
        finally:
            harness.use(opd=whole)
        self.addCleanup(op.stop)
        op.wait_ready()
        self.assertIn("too few open files", op.stderr())
        crowd = InTheBackground(self, op.address, 300)
        self.serve(op, 10)
        crowd.end()
        self.serve(op, 5)
        self.assertNotIn("error", op.stderr())


if __name__ == "__main__":
    main()
