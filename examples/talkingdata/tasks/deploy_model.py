"""Tell the predict server which deployment and model to serve from now on."""
import json
import urllib.error
import urllib.request

URL = "${predict_url}/update"
SERVE = {
    "endpoint": "${apiserver}",
    "database": "demo_db",
    "deployment": "demo",
    "model_path": "${model_path}",
}

# The server is a neighbour: a proxy configured for the outside world must not be asked for it.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
request = urllib.request.Request(URL, json.dumps(SERVE).encode(), {"Content-Type": "application/json"})
try:
    with opener.open(request, timeout=60) as response:
        answer = response.read().decode()
except urllib.error.HTTPError as error:
    raise SystemExit("%s answered %d: %s" % (URL, error.code, error.read().decode(errors="replace")))
except urllib.error.URLError as error:
    raise SystemExit("%s cannot be reached: %s" % (URL, error.reason))
print(answer, end="")
if answer != "ok\n":
    raise SystemExit("the predict server did not accept %s" % SERVE)
