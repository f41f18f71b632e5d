#!/usr/bin/env bash
# demo.sh FOLDER [--conditions] [--cluster] [REPLAY OPTIONS]: makes the data, starts the sandbox and the predict server,
# replays the workflow (or its variant with CONDITIONS), and sends the documented /predict request. With --cluster tasks
# know the ZooKeeper of OpenMLDB alone, and reach it by its SDK. Wants PORPOISE_BIN and PORPOISE_PYTHON, which with
# --cluster has the SDK; `./run demo` sets both.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
workflow=$here/workflow.json
cluster=
while true; do
  case ${1-} in
    --conditions) workflow=$here/workflow-conditions.json ;;
    --cluster) cluster=1 ;;
    *) break ;;
  esac
  shift
done
: "${PORPOISE_BIN:?the porpoise binary}" "${PORPOISE_PYTHON:?a Python with examples/requirements.txt}"

say() { printf '\n%s\n' "$*"; }
die() { printf 'demo: %s\n' "$*" >&2; exit 3; }

# start_server NAME COMMAND...: sets $url from its READY line. Its standard input is a pipe of ours, so it ends when this
# script ends, however that happens.
start_server() {
  local name=$1 log=$folder/$1.log hold
  shift
  : >"$log"
  exec {hold}> >(exec "$@" >"$log" 2>&1)
  local tries
  for ((tries = 0; tries < 400; ++tries)); do
    url=$(sed -n 's/^READY //p' "$log")
    [[ -n $url ]] && return
    sleep 0.05
  done
  cat "$log" >&2
  die "$name did not start; its log is $log"
}

say "Data: $folder/train_sample.csv"
"$PORPOISE_PYTHON" "$here/generate_data.py" "$folder/train_sample.csv"

start_server sandbox "$PORPOISE_BIN" sandbox --python "$PORPOISE_PYTHON" --port 0 --exit-with-stdin --allow-dir "$folder" \
  ${cluster:+--cluster --zk-port 0}
apiserver=${url#http://}
{
  printf 'plugins:\n  OPENMLDB:\n    settleMillis: 0   # the sandbox'\''s jobs do not change their minds\n'
  [[ $cluster ]] || printf '    apiservers:\n      "127.0.0.1:2181/openmldb": %s\n' "$url"
} >"$folder/porpoise.yaml"
say "OpenMLDB sandbox (a development stand-in): $url"
if [[ $cluster ]]; then
  zookeeper=$(sed -n 's/^CLUSTER zk=\([^ ]*\) .*/\1/p' "$folder/sandbox.log")
  say "… and the ZooKeeper of its cluster: $zookeeper, in place of the workflow's 127.0.0.1:2181"
  sed "s/127\.0\.0\.1:2181/$zookeeper/g" "$workflow" >"$folder/${workflow##*/}"
  workflow=$folder/${workflow##*/}
fi

port=8881
if (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null; then
  say "port $port is taken, so the predict server gets a free one"
  port=0
fi
start_server predict_server "$PORPOISE_PYTHON" "$here/predict_server.py" --no-init --port "$port" --endpoint "$apiserver" \
  --exit-with-stdin
predict_url=$url
say "Predict server: $predict_url"

say "Workflow: $workflow"
rm -f "$folder/summary.json"
status=0
"$PORPOISE_BIN" replay "$workflow" --config "$folder/porpoise.yaml" --python "$PORPOISE_PYTHON" \
  --summary "$folder/summary.json" --set "data_file=$folder/train_sample.csv" --set "feature_dir=$folder/features" \
  --set "model_path=$folder/model.json" --set "predict_url=$predict_url" --set "apiserver=$apiserver" "$@" || status=$?
((status == 0)) || exit "$status"

"$PORPOISE_PYTHON" - "$folder/summary.json" <<'PYTHON' || exit 0
import json, sys
sys.exit("deploy model" not in json.load(open(sys.argv[1]))["tasks"])
PYTHON
request='{"ip":114904,"app":11,"device":1,"os":15,"channel":319,"click_time":1509960088000,"is_attributed":0}'
say "curl $predict_url/predict -d '$request'"
curl --silent --show-error --fail --max-time 10 "$predict_url/predict" -H 'Content-Type: application/json' -d "$request"
printf '\n'
