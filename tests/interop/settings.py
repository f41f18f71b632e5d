"""Settings of DolphinScheduler's servers, as the JSON that Spring reads from SPRING_APPLICATION_JSON."""

NAMESPACE = "dolphinscheduler"
MASTER_SESSION = "10s"  # how long a killed master stays registered
WORKER_SESSION = "30s"  # the default


def registry(ports, session):
    return {"type": "zookeeper", "zookeeper": {
        "namespace": NAMESPACE, "connect-string": f"127.0.0.1:{ports['zookeeper']}", "session-timeout": session,
        "connection-timeout": "9s", "block-until-connected": "20s",
        "retry-policy": {"base-sleep-time": "60ms", "max-sleep": "300ms", "max-retries": 5}}}


def spring(ports, scheduler):
    """`scheduler`: whether this server runs Quartz (the master) or only writes schedules (the API server)."""
    store = {"class": "org.springframework.scheduling.quartz.LocalDataSourceJobStore",
             "driverDelegateClass": "org.quartz.impl.jdbcjobstore.PostgreSQLDelegate", "tablePrefix": "QRTZ_",
             "isClustered": True, "acquireTriggersWithinLock": True, "useProperties": False}
    properties = {f"org.quartz.jobStore.{key}": value for key, value in store.items()}
    properties.update({"org.quartz.scheduler.instanceName": "DolphinScheduler",
                       "org.quartz.scheduler.instanceId": "AUTO",
                       "org.quartz.scheduler.makeSchedulerThreadDaemon": True,
                       "org.quartz.threadPool.class": "org.quartz.simpl.SimpleThreadPool",
                       "org.quartz.threadPool.threadCount": 2})
    return {**database(ports), "cache": {"type": "none"},
            "quartz": {"auto-startup": scheduler, "job-store-type": "jdbc", "jdbc": {"initialize-schema": "never"},
                       "properties": properties}}


def database(ports):
    return {"main": {"banner-mode": "off"}, "jmx": {"enabled": False},
            "jackson": {"time-zone": "UTC", "date-format": "yyyy-MM-dd HH:mm:ss"},
            "datasource": {"driver-class-name": "org.postgresql.Driver", "username": "ds", "password": "ds",
                           "url": f"jdbc:postgresql://127.0.0.1:{ports['postgres']}/dolphinscheduler",
                           "hikari": {"minimum-idle": 2, "maximum-pool-size": 20}}}


def http(port):
    return {"server": {"port": port, "address": "127.0.0.1"},
            "management": {"endpoints": {"web": {"exposure": {"include": "health"}}},
                           "endpoint": {"health": {"probes": {"enabled": True}}}},
            "metrics": {"enabled": True}}


def master(ports):
    return {"spring": spring(ports, scheduler=True), "registry": registry(ports, MASTER_SESSION),
            **http(ports["master_http"]),
            "master": {"listen-port": ports["master"], "fetch-command-num": 10, "pre-exec-threads": 10,
                       "exec-threads": 100, "dispatch-task-number": 10, "host-selector": "lower_weight",
                       "heartbeat-interval": "10s", "task-commit-retry-times": 5, "task-commit-interval": "1s",
                       "state-wheel-interval": "5s", "max-cpu-load-avg": 1000, "reserved-memory": 0.1,
                       "failover-interval": "10m", "kill-yarn-job-when-task-failover": False,
                       "worker-group-refresh-interval": "10s",
                       "registry-disconnect-strategy": {"strategy": "waiting", "max-waiting-time": "100s"}}}


def api(ports):
    settings = {"spring": {**spring(ports, scheduler=False), "messages": {"basename": "i18n/messages"},
                           "mvc": {"pathmatch": {"matching-strategy": "ANT_PATH_MATCHER"}}},
                "registry": registry(ports, MASTER_SESSION), **http(ports["api"]), "audit": {"enabled": False},
                "python-gateway": {"enabled": False}, "security": {"authentication": {"type": "PASSWORD"}},
                "traffic": {"control": {"global-switch": False, "tenant-switch": False}}}
    settings["server"].update({"servlet": {"context-path": "/dolphinscheduler/", "session": {"timeout": "120m"}},
                               "jetty": {"max-http-form-post-size": 5000000}})
    return settings


def worker(ports, listen, listen_http, exec_threads):
    return {"spring": database(ports), "registry": registry(ports, WORKER_SESSION), **http(listen_http),
            "worker": {"listen-port": listen, "exec-threads": exec_threads, "heartbeat-interval": "10s",
                       "host-weight": 100, "tenant-auto-create": False, "tenant-distributed-user": False,
                       "max-cpu-load-avg": 1000, "reserved-memory": 0.1, "alert-listen-host": "127.0.0.1",
                       "alert-listen-port": 50052, "task-execute-threads-full-policy": "REJECT",
                       "registry-disconnect-strategy": {"strategy": "waiting", "max-waiting-time": "100s"}}}


def common_properties(data, resources, sudo):
    return "\n".join([
        # The resource centre in a folder, as a cluster on one machine or on a network file system has it.
        f"data.basedir.path={data}", "resource.storage.type=HDFS", "resource.hdfs.fs.defaultFS=file:///",
        f"resource.storage.upload.base.path={resources}", "resource.hdfs.root.user=root",
        f"sudo.enable={'true' if sudo else 'false'}", "development.state=false", "datasource.encryption.enable=false",
        "support.hive.oneSession=false", "task.resource.limit.state=false", "alert.rpc.port=50052", "appId.collect=log",
        # A strategy that does not exist: the search for an address finds no interface and falls back to 127.0.0.1.
        "dolphin.scheduler.network.priority.strategy=none", ""])


def zookeeper(ports, data):
    return "\n".join([
        "tickTime=1000", f"dataDir={data}", f"clientPort={ports['zookeeper']}", "clientPortAddress=127.0.0.1",
        "admin.enableServer=false", "maxClientCnxns=200", "forceSync=no", "maxSessionTimeout=120000", ""])
