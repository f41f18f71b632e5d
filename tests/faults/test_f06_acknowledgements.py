"""F06: acknowledgements that are lost, doubled, late or out of order: the same result comes until one arrives."""

import time
import unittest

from fault_case import JAVA_WORKER, FaultCase
from frames import SUCCESS
from history import IN_FLIGHT
from waiting import until

TASKS = 5


class Acknowledgements(FaultCase):
    java = True

    def test_each_way_of_losing_them(self):
        lossy, doubling, late, disorderly = masters = [self.master, *map(self.new_master, ("m2", "m3", "m4"))]
        lossy.acks.drop = 2
        doubling.acks.copies = 3
        late.acks.delay = 5.0  # after the first repetition
        disorderly.acks.hold = True
        tasks = {}
        for master in masters:
            if master is not self.master:
                master.connect(self.worker.port)
            tasks[master.name] = [self.task("true") for _ in range(TASKS)]
            master.dispatch(*tasks[master.name])
        everything = [task for own in tasks.values() for task in own]
        for task in everything:
            self.assertEqual(self.history.result(task.id).status, SUCCESS)
        disorderly.release()
        disorderly.acks.hold = False
        if JAVA_WORKER:
            return self._java(tasks)
        for task in tasks["m1"]:
            times = [event.t for event in self.history.wait("RESULT", task.id, count=3)]
            gaps = [after - before for before, after in zip(times, times[1:])]
        self.measured("gaps between repetitions without an ACK", " and ".join(f"{gap:.1f} s" for gap in gaps))
        for task in everything:
            self.history.wait("ACK", task.id, of="RESULT")
        self.worker.wait_metric("porpoise_results_unacked", 0)
        self._nothing_more_comes()
        for master in masters[1:]:
            master.close()

    def _nothing_more_comes(self):
        """For as long as the next repetition would take."""
        count = len(self.history.of("RESULT"))
        end = time.monotonic() + 2 * IN_FLIGHT + 2
        until(lambda: time.monotonic() > end, "time passes", 60)
        self.assertEqual(len(self.history.of("RESULT")), count)

    def _java(self, tasks):
        end = time.monotonic() + 30
        until(lambda: time.monotonic() > end, "time passes", 60)
        times = [len(self.history.of("RESULT", task.id)) for task in tasks["m1"]]
        self.measured("results in 30 s of those whose first two ACKs were lost", times)


if __name__ == "__main__":
    unittest.main()
