#include "observe/page.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cctype>
#include <cstddef>

namespace porpoise {
namespace {

// NONCE stands for what page_html() puts there.
constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>porpoise</title>
<style nonce="NONCE">
:root { --back: #fff; --text: #1b1f24; --quiet: #57606a; --line: #d0d7de; --good: #1a7f37; --bad: #b3261e; --own: #0550ae; }
@media (prefers-color-scheme: dark) {
  :root { --back: #0d1117; --text: #e6edf3; --quiet: #9198a1; --line: #30363d; --good: #56d364; --bad: #ff8f87; --own: #79c0ff; }
}
body { background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 90rem; padding: 1rem; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.05rem; margin: 1.5rem 0 .4rem; }
header { align-items: baseline; display: flex; flex-wrap: wrap; gap: .3rem 1rem; }
a { color: var(--own); } .quiet { color: var(--quiet); } .bad { color: var(--bad); } .good { color: var(--good); }
.skip { left: -100rem; position: absolute; } .skip:focus { background: var(--back); left: 1rem; top: .5rem; }
:focus-visible { outline: 3px solid var(--own); outline-offset: 2px; }
button, input { background: var(--back); border: 1px solid var(--line); border-radius: 4px; color: inherit; font: inherit; padding: .1rem .6rem; }
dl { display: grid; gap: .5rem 1.5rem; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); margin: 0; }
dt { color: var(--quiet); font-size: .85rem; } dd { margin: 0; overflow-wrap: anywhere; }
.table { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem .3rem 0; text-align: left; vertical-align: top; }
th button { border: 0; font-weight: 600; padding: 0; text-align: left; } td { overflow-wrap: anywhere; }
td:is(:nth-child(1), :nth-child(4), :nth-child(5), :nth-child(8)) { overflow-wrap: normal; white-space: nowrap; }
</style>
</head>
<body>
<a class="skip" href="#tasks">To the tasks</a>
<header>
<h1 id="title">porpoise</h1>
<span id="state" class="quiet">…</span>
<span id="freshness" class="quiet" role="status"></span>
<button id="pause" type="button" aria-pressed="false">Pause</button>
</header>
<noscript><p>This page needs its script. The same as JSON: <a href="/v1/status">/v1/status</a>, <a href="/v1/tasks">/v1/tasks</a>.</p></noscript>
<main>
<h2>Status</h2>
<dl id="status"></dl>
<section id="trouble" hidden><h2>Last warnings and errors</h2><ul id="problems"></ul></section>
<h2 id="heading">Tasks</h2>
<label>Show those with <input id="filter" type="search" autocomplete="off" placeholder="id, name, type, state…"></label>
<div class="table" id="tasks" role="region" aria-labelledby="heading" tabindex="0">
<table><thead><tr id="columns"></tr></thead><tbody id="rows"></tbody></table>
<p id="none" class="quiet">…</p>
</div>
</main>
<footer class="quiet"><p>Read only. As JSON: <a href="/v1/status">status</a>, <a href="/v1/tasks">tasks</a>; <a href="/metrics">metrics</a>,
<a href="/actuator/health">health</a>.</p></footer>
<script nonce="NONCE">
'use strict';
const at = id => document.getElementById(id);
const make = (name, text, kind) => {  // text is text: nothing that a task is called becomes HTML
  const element = document.createElement(name);
  element.textContent = text;
  if (kind) element.className = kind;
  return element;
};
const span = ms => {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`;
};
const clock = ms => new Date(ms).toLocaleString();

function showStatus(now) {
  const stuck = Object.entries(now.hungCalls).filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`);
  const session = now.session, late = now.unacknowledged.oldestAge > 120000;
  const facts = [
    ['State', now.state + (now.endsIn === undefined ? '' : `, for another ${span(now.endsIn)} at most`), now.state === 'working' ? 'good' : 'bad'],
    ['ZooKeeper', session.zookeeper + (session.registered ? ', registered' : ', not registered') + (session.connected ? '' : ', not connected'),
      session.registered && session.connected ? 'good' : 'bad'],
    ['Slots', `${now.slots.used} of ${now.slots.total} taken`],
    ['Waiting', `${now.waiting}`],
    ['Unacknowledged', now.unacknowledged.messages ? `${now.unacknowledged.messages}, the oldest for ${span(now.unacknowledged.oldestAge)}` : 'nothing', late ? 'bad' : ''],
    ['Load', now.overload || 'within its limits', now.overload ? 'bad' : ''],
    ['Data folder', now.folders.data + (now.storageWorks ? '' : ': cannot be written'), now.storageWorks ? '' : 'bad'],
    ['Logs', now.folders.log],
    ['Hangs', stuck.length ? stuck.join(', ') : 'nothing', stuck.length ? 'bad' : ''],
    ['Connections', `${now.connections.incoming} incoming, ${now.connections.masters} to masters`],
    ['Runs since', `${clock(now.startTime)}, pid ${now.pid}`],
    ['Version', now.version],
  ];
  at('title').textContent = `porpoise at ${now.address}`;
  document.title = `${now.slots.used}/${now.slots.total} ${now.address} – porpoise`;
  at('state').textContent = now.state;
  at('state').className = now.state === 'working' ? 'good' : 'bad';
  at('status').replaceChildren(...facts.map(([name, value, kind]) => {
    const fact = document.createElement('div');
    fact.append(make('dt', name), make('dd', value, kind));
    return fact;
  }));
  at('trouble').hidden = now.problems.length === 0;
  at('problems').replaceChildren(...now.problems.map(text => make('li', text)));
}

const columns = [
  ['Id', task => task.id], ['Workflow instance', task => task.workflowInstance ?? ''], ['Name', task => task.name ?? ''],
  ['Type', task => task.type ?? ''], ['Tenant', task => task.tenant ?? ''], ['State', task => task.says],
  ['Since', task => task.since, task => clock(task.since)], ['Master', task => task.master ?? ''], ['Log', task => task.log ?? ''],
];
let order = 0, descending = false, tasks = [];
const compare = (a, b) => typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));

function showTasks() {
  const wanted = at('filter').value.trim().toLowerCase();
  const shown = tasks.filter(task => !wanted || columns.some(([, value]) => String(value(task)).toLowerCase().includes(wanted)));
  const value = columns[order][1];
  shown.sort((a, b) => (descending ? -1 : 1) * compare(value(a), value(b)));
  at('rows').replaceChildren(...shown.map(task => {
    const row = document.createElement('tr');
    row.append(...columns.map(([, raw, text]) => make('td', (text ?? raw)(task))));
    return row;
  }));
  at('heading').textContent = shown.length === tasks.length ? `Tasks: ${tasks.length}` : `Tasks: ${shown.length} of ${tasks.length}`;
  at('none').hidden = shown.length > 0;
  at('none').textContent = tasks.length ? 'None has that.' : 'It has none.';
}

columns.forEach(([name], index) => {
  const head = document.createElement('th'), button = make('button', name);
  head.scope = 'col';
  button.type = 'button';
  button.addEventListener('click', () => {
    descending = order === index && !descending;
    order = index;
    [...at('columns').children].forEach((one, i) => one.ariaSort = i !== order ? null : descending ? 'descending' : 'ascending');
    showTasks();
  });
  head.append(button);
  at('columns').append(head);
});
at('filter').addEventListener('input', showTasks);
let paused = false;
at('pause').addEventListener('click', () => {
  paused = !paused;
  at('pause').setAttribute('aria-pressed', paused);
  if (!paused) refresh();
});

const read = async path => {
  const answer = await fetch(path, {signal: AbortSignal.timeout(10000)});
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
};
let told = '';
const tell = (text, kind) => {  // a screen reader hears what has changed, not each refresh
  if (text === told) return;
  told = text;
  at('freshness').textContent = text;
  at('freshness').className = kind;
};
let answered = 0;
async function refresh() {
  try {
    const [status, list] = await Promise.all([read('/v1/status'), read('/v1/tasks')]);
    showStatus(status);
    tasks = list.tasks;
    showTasks();
    answered = Date.now();
    tell('', 'quiet');
  } catch (problem) {
    tell(`The worker does not answer${answered ? ` since ${clock(answered)}` : ''}: what is here may be old.`, 'bad');
  }
}
setInterval(() => { if (!paused && !document.hidden) refresh(); }, 2000);
refresh();
</script>
</body>
</html>
)html";

}  // namespace

std::string page_html(std::string_view nonce) {
  constexpr std::string_view kMark = "NONCE";
  std::string html(kPage);
  for (std::size_t at = html.find(kMark); at != std::string::npos; at = html.find(kMark, at + nonce.size()))
    html.replace(at, kMark.size(), nonce);
  return html;
}

std::string page_policy(std::string_view nonce) {
  const std::string allowed = "'nonce-" + std::string(nonce) + "'";
  return "default-src 'none'; script-src " + allowed + "; style-src " + allowed +
         "; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

bool is_own_host(std::string_view host, std::string_view own) {
  if (host.empty()) return true;
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  std::string name(host.substr(0, has_port ? colon : host.size()));
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  boost::system::error_code problem;
  boost::asio::ip::make_address(name, problem);
  return !problem || name == "localhost" || name == own;
}

}  // namespace porpoise
