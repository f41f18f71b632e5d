# Variables of the stock 3.1 servers with values of a small cluster.
export JAVA_HOME=${JAVA_HOME:-/opt/java/openjdk}
export DATABASE=${DATABASE:-postgresql}
export SPRING_PROFILES_ACTIVE=${DATABASE}
export SPRING_DATASOURCE_URL
export SPRING_JACKSON_TIME_ZONE=${SPRING_JACKSON_TIME_ZONE:-Asia/Shanghai}
export MASTER_FETCH_COMMAND_NUM=${MASTER_FETCH_COMMAND_NUM:-10}
export REGISTRY_TYPE=${REGISTRY_TYPE:-zookeeper}
export WORKER_HOST_WEIGHT="80"
export WORKER_RESERVED_MEMORY=$(free -g | awk '/Mem/ {print $2 / 10}')
export PYTHON_HOME=${PYTHON_HOME:-/opt/soft/python}
export PATH=$PYTHON_HOME/bin:$JAVA_HOME/bin:$PATH
