"""DolphinScheduler's own worker, the reference: INTEROP_WORKER=java."""

import settings
from worker_process import WorkerProcess

MAIN = "org.apache.dolphinscheduler.server.worker.WorkerServer"


class JavaWorker(WorkerProcess):
    kind = "java"
    jvm = ()  # options that come after those of every server here

    def launch(self):
        plane = self.plane
        return plane.start_java(
            self.name, plane.assembly.class_path("worker"), MAIN,
            settings.worker(plane.ports, self.port, self.http_port, self.exec_threads), "768m",
            options=[f"-DDOLPHINSCHEDULER_WORKER_HOME={plane.run}",  # logs elsewhere are not served
                     *self.jvm],
            environment=self.environment())

    def log_is_complete(self, text):
        # The output of a process is written up to a second after the result was sent.
        return "FINALIZE_SESSION" in text or "process start" not in text
