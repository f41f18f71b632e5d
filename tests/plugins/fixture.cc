// A plugin for tests: {"do": ACT, …} chooses what run does, from a script to every way of hurting its process.
// It fills in the C structs itself, as the fence of plugin.hpp would catch some of that.
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#include <porpoise/plugin.hpp>
#include <porpoise/process.hpp>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using Json = nlohmann::json;
using porpoise::plugin::Host;
using porpoise::plugin::Outcome;
using porpoise::plugin::to_c;
using porpoise::plugin::to_view;

struct Fixture {
  explicit Fixture(const porpoise_host* table) : host(table) {}

  Host host;
  Json params;
  std::string context;
  std::string message;
  std::atomic<bool> cancel_called = false;
  std::atomic<bool> throws_in_cancel = false;  // cancel comes on another thread, so it must not read params
  porpoise_task c{};
  porpoise_dry_run dry_run{};

  std::string text(const char* key) const { return params.value(key, std::string()); }
};

Outcome end_of(porpoise::plugin::Expected<porpoise_exit> end) {
  if (!end) return end.problem();
  if (end->code == 0) return Outcome::ok();
  return Outcome::failed("script ended with exit code " + std::to_string(end->code), end->code);
}

Outcome hog(Fixture&) {
  constexpr std::size_t kStep = 8U << 20U;
  while (true) {
    void* const block = ::mmap(nullptr, kStep, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) throw std::bad_alloc();
    for (std::size_t i = 0; i < kStep; i += 4096) static_cast<volatile char*>(block)[i] = 1;
    ::usleep(20'000);
  }
}

__attribute__((noinline)) int overflow(int depth) {
  volatile char frame[4096];
  frame[depth % 4096] = static_cast<char>(depth);
  return depth < 0 ? 0 : overflow(depth + 1) + frame[0];
}

Outcome wait_for_cancel(Fixture& fixture) {
  fixture.host.info("waiting");
  fixture.host.wait(60'000);
  while (fixture.host.cancel_requested() && !fixture.cancel_called) ::usleep(1000);
  return fixture.host.cancel_requested() ? Outcome::cancelled() : Outcome::failed("nobody cancelled");
}

Outcome many_lines(Fixture& fixture) {
  for (int i = 0; i < fixture.params.value("lines", 0); ++i) fixture.host.output("line " + std::to_string(i) + "\n");
  return Outcome::ok();
}

Outcome two_scripts(Fixture& fixture) {
  fixture.host.info("before the first");
  const Outcome first = end_of(fixture.host.run_shell(fixture.text("script")));
  fixture.host.info("between the two");
  const Outcome second = end_of(fixture.host.run_program({"echo", "a b", "$HOME"}));
  fixture.host.info("after the second");
  return first ? second : first;
}

Outcome tell_everything(Fixture& fixture) {
  fixture.host.set_var("out", "set by the plugin");
  const bool stored = fixture.host.add_app_id("job_1") && fixture.host.add_app_id("job_2");
  fixture.host.progress(500, "half");
  if (const auto* branch = fixture.host.extension<porpoise_branch>(PORPOISE_EXT_BRANCH))
    branch->choose(fixture.host.raw(), 1, to_c("[42]"));
  const auto expanded = fixture.host.expand("${name} and ${unknown}");
  fixture.host.info("expanded: " + (expanded ? *expanded : expanded.problem().message));
  fixture.host.info("unknown extension: " + std::string(fixture.host.extension<int>("no.such/1") ? "there" : "NULL"));
  return stored ? Outcome::ok() : Outcome::failed("app id not stored");
}

Outcome ask_for_alerts(Fixture& fixture) {
  fixture.host.request_alert(1, "not this one", "");
  const bool known = fixture.host.request_alert(7, fixture.text("title"), fixture.text("content"));
  return known ? Outcome::ok() : Outcome::failed("this host knows of no alerts");
}

Outcome keep_context(Fixture& fixture) {
  std::ofstream file(fixture.text("file"));
  file << fixture.context << std::flush;
  return file ? Outcome::ok() : Outcome::failed("cannot write " + fixture.text("file"));
}

Outcome find_extensions(Fixture& fixture) {
  for (const Json& id : fixture.params.at("ids"))
    if (fixture.host.extension<int>(id.get<std::string>()) == nullptr)
      return Outcome::failed("there is no " + id.get<std::string>());
  return Outcome::ok();
}

// Says a word to a child of bash text, prints its answer, and ends it with SIGKILL.
Outcome talk(Fixture& fixture) {
  porpoise::plugin::ProcessSpec spec;
  spec.shell = fixture.text("script");
  spec.flags = PORPOISE_PROCESS_STDIN | PORPOISE_PROCESS_STDOUT;
  auto child = porpoise::plugin::Process::start(fixture.host, spec);
  if (!child) return child.problem();
  const std::string word = fixture.text("word") + "\n";
  std::string answer;
  char byte = 0;
  if (::write(child->stdin_fd(), word.data(), word.size()) < 0) return Outcome::failed("cannot write");
  while (::read(child->stdout_fd(), &byte, 1) == 1 && byte != '\n') answer += byte;
  fixture.host.output(answer + "\n");
  if (const Outcome sent = child->signal(SIGKILL); !sent) return sent;
  const auto end = child->wait(30'000);
  return end ? Outcome::failed("ended", end->code) : end.problem();
}

// A child that outlives a cancel, and that nobody ends.
Outcome leave_deaf_child(Fixture& fixture) {
  porpoise::plugin::ProcessSpec spec;
  spec.shell = "sleep 300 & echo begun >&2; while ! wait; do :; done";
  spec.flags = PORPOISE_PROCESS_IGNORES_CANCEL;
  auto child = porpoise::plugin::Process::start(fixture.host, spec);
  if (!child) return child.problem();
  fixture.host.wait(60'000);
  while (!fixture.cancel_called) ::usleep(1000);
  const auto end = child->wait(100);
  fixture.host.info(end ? "it has ended" : "it has outlived the cancel");
  const auto late = porpoise::plugin::Process::start(fixture.host, spec);
  fixture.host.info(late ? "a child was started after the cancel" : "late: " + late.problem().message);
  new porpoise::plugin::Process(std::move(*child));  // never destroyed, so that it is the host's to end
  return Outcome::cancelled();
}

Outcome close_from(int first, int last) {
  for (int fd = first; fd <= last; ++fd) ::close(fd);
  return Outcome::ok();
}

Outcome spin(Fixture&) {
  volatile bool forever = true;
  while (forever) continue;
  return Outcome::ok();
}

void crash() {
  volatile int* volatile nowhere = nullptr;  // so that no optimiser sees through it
  *nowhere = 1;
}

const std::map<std::string, std::function<Outcome(Fixture&)>> kActs = {
    {"script", [](Fixture& f) { return end_of(f.host.run_shell(f.text("script"))); }},
    {"two scripts", two_scripts},
    {"nothing", [](Fixture&) { return Outcome::ok(); }},
    {"invalid spawn", [](Fixture& f) { return end_of(f.host.run_shell("")); }},
    {"log", [](Fixture& f) { return f.host.info(f.text("text")), Outcome::ok(); }},
    {"output", [](Fixture& f) { return f.host.output(f.text("text")), Outcome::ok(); }},
    {"many lines", many_lines},
    {"tell", tell_everything},
    {"alert", ask_for_alerts},
    {"context", keep_context},
    {"extensions", find_extensions},
    {"talk", talk},
    {"deaf child", leave_deaf_child},
    {"wait", wait_for_cancel},
    {"status",
     [](Fixture& f) {
       return Outcome{f.params.value("status", 0), f.text("message"), 5};
     }},
    {"segv", [](Fixture&) { return crash(), Outcome::ok(); }},
    {"thread", [](Fixture&) { return std::thread(crash).join(), Outcome::ok(); }},
    {"abort", [](Fixture&) -> Outcome { std::abort(); }},
    {"throw", [](Fixture&) -> Outcome { throw std::runtime_error("ouch"); }},
    {"throw int", [](Fixture&) -> Outcome { throw 42; }},
    {"exit", [](Fixture& f) -> Outcome { std::exit(f.params.value("status", 0)); }},
    {"loop", spin},
    {"hog", hog},
    {"stack", [](Fixture&) { return Outcome::failed("", overflow(0)); }},
    {"close low", [](Fixture&) { return close_from(0, 100); }},
    {"close all", [](Fixture&) { return close_from(0, 1000); }},
    {"stop", [](Fixture&) { return ::raise(SIGSTOP), Outcome::ok(); }},
};

Fixture& self(porpoise_task* c) { return *static_cast<Fixture*>(c->data); }

void fill(Fixture& fixture, Outcome outcome, porpoise_result* result) {
  fixture.message = std::move(outcome.message);
  result->status = outcome.status;
  result->exit_code = outcome.exit_code;
  result->message = to_c(fixture.message);
}

porpoise_status prepare(porpoise_task* c, const porpoise_request* request, porpoise_result* result) {
  Fixture& fixture = self(c);
  fixture.params = Json::parse(to_view(request->params_json), nullptr, false);
  fixture.context = to_view(request->context_json);
  Outcome outcome = Outcome::ok();
  if (!fixture.params.is_object() || kActs.find(fixture.text("do")) == kActs.end())
    outcome = Outcome::invalid("there is no act \"" + (fixture.params.is_object() ? fixture.text("do") : "") + "\"");
  else
    fixture.throws_in_cancel = fixture.text("on cancel") == "throw";
  fill(fixture, outcome, result);
  return outcome.status;
}

void run(porpoise_task* c, porpoise_result* result) {
  Fixture& fixture = self(c);
  fill(fixture, kActs.at(fixture.text("do"))(fixture), result);
}

void cancel(porpoise_task* c, porpoise_cancel_reason reason, porpoise_str text) {
  // The answer to add_app_id must reach us in here too.
  self(c).host.info(self(c).host.add_app_id("late") ? "cancel was called" : "cancel was called, but not answered");
  self(c).host.info("reason " + std::to_string(reason) + ": " + std::string(to_view(text)));
  self(c).cancel_called = true;
  if (self(c).throws_in_cancel) throw std::runtime_error("no");
}

void destroy(porpoise_task* c) {
  const std::string last = self(c).text("on destroy");
  if (last == "segv") crash();
  while (last == "loop") ::pause();
  delete &self(c);
}

const void* get_extension(porpoise_task* c, porpoise_str id) {
  return to_view(id) == PORPOISE_EXT_DRY_RUN ? &self(c).dry_run : nullptr;
}

porpoise_status plan(porpoise_task* c, porpoise_str* text) {
  self(c).message = "first do " + self(c).text("do") + "\nthen end";
  *text = to_c(self(c).message);
  return PORPOISE_OK;
}

porpoise_task* create(const porpoise_host* host, porpoise_str type) {
  if (to_view(type) != "FIXTURE") return nullptr;
  auto* const fixture = new Fixture(host);
  fixture->c = {sizeof(porpoise_task), 0, fixture, prepare, run, cancel, destroy, get_extension};
  fixture->dry_run = {sizeof(porpoise_dry_run), 0, plan};
  return &fixture->c;
}

}  // namespace

extern "C" PORPOISE_EXPORT const porpoise_plugin porpoise_plugin_v1 = {
    sizeof(porpoise_plugin), PORPOISE_ABI_MINOR, nullptr, nullptr, create, nullptr};
